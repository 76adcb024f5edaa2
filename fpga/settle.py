"""Pieces settled in tiles, each on the free place nearest to where it is wanted; large ones first,
for small ones find room anywhere."""

import numpy as np
from numba import njit

from fpga.packed import CELLS, LARGE, REGISTER, WRITE_PORT, Packed
from fpga.pieces import Pieces
from fpga.swaps import fits

__all__ = ["settle"]

CROWDED = 12
"""Tiles around where a piece is wanted, beyond which it may make a crowd."""


def settle(packed: Packed, pieces: Pieces, x: np.ndarray, y: np.ndarray, sites: dict[int, int],
           crowd: float) -> None:
    """Place all pieces of ``packed``: large ones on these ``sites``, the others near ``x``, ``y``.

    A tile has one reset.  Where the nearest places leave a register none, as on a device that is
    almost full, all are placed again: those of rare resets first, by others of theirs.

    ValueError if there is no room.
    """
    cells, tiles = packed.cells, packed.tiles
    first, member = pieces.members
    packed.sites.cell[:] = -1
    for piece, site in sites.items():
        cell = member[first[piece]]
        packed.sites.cell[site] = cell
        cells.place[cell] = site
        cells.x[cell], cells.y[cell] = packed.sites.x[site], packed.sites.y[site]
    logic = np.flatnonzero(pieces.kind < LARGE)
    column = np.clip(np.rint(np.interp(x, tiles.columns, np.arange(len(tiles.columns)))), 0,
                     len(tiles.columns) - 1).astype(int)
    row = np.clip(np.rint(np.interp(y, tiles.rows, np.arange(len(tiles.rows)))), 0,
                  len(tiles.rows) - 1).astype(int)
    column = np.maximum(column - np.maximum(pieces.tiles - 1, 0) // 2, 0)
    before, width = cells.place.copy(), np.minimum(pieces.cells, CELLS)
    start = np.minimum.reduceat(before[member], first[:-1]) // width * width
    size = -pieces.cells[logic] * 2 - (pieces.kind[logic] != REGISTER)
    for alike in (False, True):
        order = logic[np.lexsort((_rarity(packed, pieces)[logic] if alike else logic, size))]
        cells.place[:] = before
        tiles.table[:] = tiles.register[:] = -1
        tiles.port[:] = -1
        tiles.ends[:] = 0
        stuck = _settle(order, start, pieces.cells, column, row, first, member, cells, tiles,
                        float(crowd), alike)
        if stuck < 0:
            return
    raise ValueError(f"no room for {packed.names[member[first[stuck]]]}")


def _rarity(packed: Packed, pieces: Pieces) -> np.ndarray:
    """How many registers have a piece's reset, the rarest of it; many if it has no register."""
    registers = packed.cells.kind == REGISTER
    reset = packed.cells.reset[registers]
    rarity = np.full(len(pieces.kind), len(registers))
    np.minimum.at(rarity, pieces.of[registers], np.bincount(reset)[reset])
    return rarity


@njit(cache=True)
def _settle(order, start, sizes, column, row, first, member, cells, tiles, crowd, alike):
    """The first piece that finds no place, or -1."""
    for piece in order:
        mine, size = member[first[piece]:first[piece + 1]], sizes[piece]
        reset = -1
        if alike and size == 1:
            for cell in mine:
                if cells.kind[cell] == REGISTER:
                    reset = cells.reset[cell]
        at, began = (column[piece], row[piece]), start[piece]
        if reset >= 0 and _place(at, began, size, mine, cells, tiles, crowd, reset, CROWDED):
            continue
        if not _place(at, began, size, mine, cells, tiles, crowd, -1,
                      len(tiles.columns) + len(tiles.rows)):
            return piece
    return -1


@njit(cache=True)
def _place(at, start, size, mine, cells, tiles, crowd, reset, reach):
    """Put a piece to the nearest place within ``reach``; given a ``reset``, of tiles with it."""
    columns, rows = len(tiles.columns), len(tiles.rows)
    ends = 0
    for cell in mine:
        ends += cells.ends[cell]
    for around in range(reach):
        for dx in range(-around, around + 1):
            for way in range(1 if abs(dx) == around else 2):
                c, r = at[0] + dx, at[1] + (around - abs(dx)) * (1 - 2 * way)
                if c < 0 or r < 0 or r >= rows or c + max(1, size // CELLS) > columns:
                    continue
                tile = r * columns + c
                if size < CELLS and around < CROWDED and tiles.ends[tile] + ends > crowd:
                    continue
                if reset >= 0 and _reset(tile, cells, tiles) != reset:
                    continue
                for place in range(tile * CELLS, tile * CELLS + CELLS, min(size, CELLS)):
                    if _try(place, start, size, mine, cells, tiles):
                        return True
    return False


@njit(cache=True)
def _reset(tile, cells, tiles):
    """Of a tile's registers, or -1."""
    for register in tiles.register[tile * CELLS:(tile + 1) * CELLS]:
        if register >= 0:
            return cells.reset[register]
    return -1


@njit(cache=True)
def _try(place, start, size, mine, cells, tiles):
    """Put a piece that began at ``start`` to ``place``, if it fits."""
    for cell in mine:
        to = cells.place[cell] - start + place
        if cells.kind[cell] == REGISTER:
            if tiles.register[to] >= 0:
                return False
        elif cells.kind[cell] == WRITE_PORT:
            if tiles.port[to // CELLS] >= 0:
                return False
        elif tiles.table[to] >= 0:
            return False
    if size >= CELLS:
        for other in range(place, place + size):
            if tiles.table[other] >= 0:
                return False
    _put(place - start, mine, cells, tiles, False)
    for tile in range(place // CELLS, (place + max(size, 1) - 1) // CELLS + 1):
        if not fits(tile, cells, tiles):
            _put(start - place, mine, cells, tiles, True)
            return False
    columns = len(tiles.columns)
    for cell in mine:
        tile = cells.place[cell] // CELLS
        cells.x[cell], cells.y[cell] = tiles.columns[tile % columns], tiles.rows[tile // columns]
        tiles.ends[tile] += cells.ends[cell]
    return True


@njit(cache=True)
def _put(by, mine, cells, tiles, away):
    for cell in mine:
        if away:
            if cells.kind[cell] == REGISTER:
                tiles.register[cells.place[cell]] = -1
            elif cells.kind[cell] == WRITE_PORT:
                tiles.port[cells.place[cell] // CELLS] = -1
            else:
                tiles.table[cells.place[cell]] = -1
        cells.place[cell] += by
        if not away:
            if cells.kind[cell] == REGISTER:
                tiles.register[cells.place[cell]] = cell
            elif cells.kind[cell] == WRITE_PORT:
                tiles.port[cells.place[cell] // CELLS] = cell
            else:
                tiles.table[cells.place[cell]] = cell
