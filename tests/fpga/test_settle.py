"""Registers of several resets on a device that they fill."""

import numpy as np
import pytest

from fpga.packed import CELLS, REGISTER, Cells, Nets, Packed, Sites, Tiles
from fpga.pieces import pieces_of
from fpga.settle import settle
from fpga.swaps import fits

ENOUGH = 1000.0
"""Ends of wires that a tile may have."""


def registers(resets: list[int], wanted: list[int]) -> tuple[Packed, np.ndarray]:
    """A row of as many tiles as the registers fill, and the columns where they are wanted."""
    count = len(resets)
    zeros, none = np.zeros(count, int), np.empty(0, int)
    cells = Cells(
        x=zeros.copy(), y=zeros.copy(), place=np.arange(count), kind=np.full(count, REGISTER),
        together=zeros, goes_on=zeros.astype(bool), follows=zeros.astype(bool),
        chooses=zeros.astype(bool), enable=zeros, reset=np.array(resets), ends=zeros)
    tiles = Tiles(
        columns=np.arange(count // CELLS), rows=np.array([0]), nearest=np.array([0]),
        table=np.full(count, -1), register=np.full(count, -1),
        port=np.full(count // CELLS, -1), ends=np.zeros(count // CELLS, int))
    nets = Nets(first=np.zeros(1, int), cell=none, at=np.zeros(count + 1, int), net=none, bit=none)
    packed = Packed(
        document={}, names=[f"register {number}" for number in range(count)],
        bels=[None] * count, site_bels=[], cells=cells, tiles=tiles,
        sites=Sites(x=none, y=none, cell=none, first=none, behind=none), nets=nets)
    return packed, np.array(wanted)


def settled(resets: list[int], wanted: list[int]) -> Packed:
    packed, columns = registers(resets, wanted)
    settle(packed, pieces_of(packed, ENOUGH), columns, np.zeros(len(wanted), int), {}, ENOUGH)
    assert sorted(packed.cells.place) == list(range(len(resets)))
    assert all(fits(tile, packed.cells, packed.tiles) for tile in range(len(resets) // CELLS))
    return packed


def test_registers_are_where_they_are_wanted():
    packed = settled([0] * 8 + [1] * 8, [1] * 8 + [0] * 8)
    assert list(packed.cells.place // CELLS) == list(packed.cells.x) == [1] * 8 + [0] * 8


def test_those_of_a_reset_share_a_tile_where_there_is_no_other_room():
    """Half of the first eight in each tile would leave the others none."""
    packed = settled([0] * 8 + [1] * 8, [0, 1] * 4 + [0] * 8)
    assert list(packed.cells.place // CELLS) == [0] * 8 + [1] * 8


def test_rare_resets_are_first_where_there_is_no_other_room():
    """Sixteen of one reset, wanted at the ends, ten of them where there is room for eight;
    and, coming after them, a whole tile of each of twelve resets between."""
    between = np.repeat(np.arange(1, 13), 8).tolist()
    packed = settled([0] * 16 + between, [0] * 6 + [13] * 10 + between)
    assert set(packed.cells.place[:16] // CELLS) == {0, 13}
    assert list(packed.cells.place[16:] // CELLS) == between


def test_more_resets_than_tiles_are_refused():
    with pytest.raises(ValueError, match=r"^no room for register \d+$"):
        settled([0] * 6 + [1] * 6 + [2] * 4, [0] * 16)
