"""Designs placed anew from their nets: short wires, whole pieces, the rules of tiles."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fpga.anneal import anneal, wire
from fpga.gather import gather
from fpga.packed import FIXED, LARGE
from fpga.pieces import pieces_of
from fpga.place import place_and_route
from fpga.schedule import Schedule
from fpga.sites import PER_TILE, sites, top_of
from fpga.spread import spread
from fpga.synthesis import NETLIST
from sim.tools import BuildError
from tests.fpga.stirred import DEVICE, SHORT, prepare, read
from tests.fpga.tile_rules import keeps_rules


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("gathered"))


@pytest.fixture(scope="module")
def found(folder):
    return sites(folder, DEVICE)


@pytest.fixture
def packed(folder, found):
    return read(folder, found)


def gathered(packed, **options):
    gather(packed, **{"crowd": 24, "seed": 1, "rounds": 30} | options)
    return packed


def test_every_cell_is_placed_once_and_by_the_rules_of_tiles(folder, packed):
    before = packed.cells.place.copy()
    gathered(packed).write(folder / "gathered.json")
    cells = top_of(json.loads((folder / "gathered.json").read_text()))["cells"]
    bels = [cell["attributes"]["BEL"] for cell in cells.values()]
    assert len(set(bels)) == len(bels)
    keeps_rules(cells)
    moved = before != packed.cells.place
    assert moved.sum() > len(bels) / 2 and not moved[packed.cells.kind == FIXED].any()


def test_it_does_not_matter_where_the_design_was(folder, found, packed):
    torn = read(folder, found)
    placed = wire(torn)
    anneal(torn, Schedule(trials=20, hottest=50, coldest=50, crowd=60), seed=1)
    for one in (torn, packed):
        gathered(one)
        anneal(one, SHORT, seed=1)
    assert wire(torn) < 1.1 * placed
    assert wire(packed) < 1.1 * placed


def test_what_tiles_have_is_counted_right(packed):
    gathered(packed)
    ends = np.zeros_like(packed.tiles.ends)
    logic = packed.cells.kind < LARGE
    np.add.at(ends, packed.cells.place[logic] // 8, packed.cells.ends[logic])
    assert (ends == packed.tiles.ends).all() and ends.sum() > 900


def test_pieces_are_all_of_the_cells(packed):
    pieces = pieces_of(packed, 24)
    first, cell = pieces.members
    assert sorted(cell) == list(range(len(packed.names))) and first[-1] == len(cell)
    assert (pieces.kind[:pieces.movable] < FIXED).all() and (
        pieces.kind[pieces.movable:] == FIXED).all()
    assert pieces.tiles.max() >= 2
    follows = np.flatnonzero(packed.cells.follows & (packed.cells.kind == 1))
    tables = packed.tiles.table[packed.cells.place[follows]]
    assert len(follows) > 10 and (pieces.of[follows] == pieces.of[tables]).all()


def test_the_same_again_with_a_seed(folder, found):
    first, again, other = (
        gathered(read(folder, found), seed=seed)
        for seed in (1, 1, 2))
    assert (first.cells.place == again.cells.place).all()
    assert (first.cells.place != other.cells.place).any()


def test_crowds_are_spread_and_keep_their_order():
    chance = np.random.default_rng(1)
    x, y = chance.normal(20, 1, 1000), chance.normal(10, 1, 1000)
    before = x.copy()
    spread(x, y, np.full(1000, 0.25), 60, 40)
    use = np.histogram2d(x, y, bins=(30, 20), range=((0, 60), (0, 40)))[0] * 0.25
    assert use.max() <= 1.3 * 4
    assert np.corrcoef(before, x)[0, 1] > 0.9
    assert abs(x.mean() - 20) < 2 and abs(y.mean() - 10) < 2


def test_what_has_room_stays():
    x, y = np.array([3.5, 30.5]), np.array([4.5, 9.5])
    spread(x, y, np.ones(2), 60, 40)
    assert list(x) == [3.5, 30.5] and list(y) == [4.5, 9.5]


def test_a_design_without_room_is_refused(packed):
    packed.tiles.columns.resize(1, refcheck=False)
    with pytest.raises(ValueError, match="no room"):
        gathered(packed)


def test_a_design_larger_than_its_device_is_an_error_of_its_build(folder, found, monkeypatch):
    few = found | {PER_TILE: found[PER_TILE][:10]}
    monkeypatch.setattr("fpga.place.sites", lambda *_: few)
    with pytest.raises(BuildError, match=r"^no places: \d+ tiles are too few; "):
        place_and_route(folder, DEVICE, netlist=NETLIST, megahertz=100, label="-large",
                        schedule=SHORT)


def test_nextpnr_routes_what_was_gathered_for_a_clock(folder):
    made = place_and_route(folder, DEVICE, netlist=NETLIST, megahertz=100, label="-gathered",
                           schedule=replace(SHORT, aim=200.0))
    placed, routed = (top_of(json.loads((folder / name).read_text()))["cells"]
                      for name in ("placed.json", "placed-gathered.json"))
    assert set(placed) == set(routed)
    assert made.megahertz > 110 and made.resources["EBR"][0] == 1
