"""Annealing: less wire, no crowds, nothing lost, and a placement that nextpnr takes and routes."""

import json
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fpga.anneal import anneal, wire
from fpga.place import place_and_route
from fpga.read_packed import read_packed
from fpga.schedule import Schedule
from fpga.sites import NEXTPNR, PER_TILE, sites, top_of
from fpga.synthesis import NETLIST
from fpga.tools import run_stage
from tests.fpga.stirred import DEVICE, SHORT, prepare, read
from tests.fpga.tile_rules import keeps_rules, number


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("annealed"))


@pytest.fixture(scope="module")
def found(folder):
    return sites(folder, DEVICE)


def cells_of(file) -> dict:
    return top_of(json.loads(file.read_text()))["cells"]


def annealed(folder, found, schedule, *, seed=1, name="annealed.json"):
    packed, told = read(folder, found), []
    anneal(packed, schedule, seed=seed, tell=lambda temperature, now: told.append(now))
    packed.write(folder / name)
    assert told[-1] == wire(packed)
    return packed, cells_of(folder / name)


def test_wire_becomes_shorter_and_all_that_there_was_is_there(folder, found):
    before, placed = read(folder, found), cells_of(folder / "placed.json")
    packed, cells = annealed(folder, found, SHORT)
    assert wire(packed) < wire(before)
    assert list(cells) == list(placed)
    bels = [cell["attributes"]["BEL"] for cell in cells.values()]
    assert len(set(bels)) == len(bels)
    moved = sum(cell["attributes"]["BEL"] != placed[name]["attributes"]["NEXTPNR_BEL"]
                for name, cell in cells.items())
    assert moved > len(cells) / 2
    for name, cell in cells.items():
        wired = {port: bits for port, bits in cell["connections"].items() if bits != ["x"]}
        assert wired == {port: bits for port, bits in placed[name]["connections"].items()
                         if bits or port in wired}


def test_heat_brings_disorder_and_cooling_order(folder, found):
    hot = Schedule(trials=20, hottest=50, coldest=50, crowd=60)
    packed = read(folder, found)
    placed, wires = wire(packed), []
    anneal(packed, hot, seed=1, tell=lambda temperature, now: wires.append(now))
    assert wires[0] > 1.2 * placed
    anneal(packed, replace(SHORT, hottest=4), seed=1)
    assert wire(packed) < placed


def test_tiles_keep_their_rules(folder, found):
    _, cells = annealed(folder, found, SHORT)
    keeps_rules(cells)


def test_crowds_disperse_at_the_cost_of_wire(folder, found):
    dense, _ = annealed(folder, found, replace(SHORT, crowd=60))
    spread, _ = annealed(folder, found, replace(SHORT, crowd=20))
    beyond = [sum(max(0, ends - 20) for ends in packed.tiles.ends) for packed in (spread, dense)]
    # A carry chain alone has more than that.
    assert 0 < beyond[0] < beyond[1] / 2
    assert wire(spread) > wire(dense)


def test_crowds_move_from_the_middle_outward(folder, found):
    def in_the_middle(outward):
        packed, cells = annealed(folder, found, replace(SHORT, crowd=20, outward=outward))
        keeps_rules(cells)
        tiles = packed.tiles
        across, along = (2 * abs(lines - lines.mean()) / np.ptp(lines)
                         for lines in (tiles.columns, tiles.rows))
        return tiles.ends[np.maximum(along[:, None], across).ravel() < 0.75].sum()

    assert 0 < in_the_middle(0.9) < 0.9 * in_the_middle(0.0)


def test_what_a_tile_has_is_counted_right(folder, found):
    packed, _ = annealed(folder, found, SHORT, name="counted.json")
    counted = Counter()
    for ends, place, kind in zip(packed.cells.ends, packed.cells.place, packed.cells.kind,
                                 strict=True):
        counted[place // 8] += ends if kind < 3 else 0
    assert all(packed.tiles.ends[tile] == ends for tile, ends in counted.items())
    assert packed.tiles.ends.sum() == counted.total() > 900


def test_a_seed_gives_the_same_again_and_another_something_else(folder, found):
    runs = [annealed(folder, found, SHORT, seed=seed)[1] for seed in (1, 1, 2)]
    first, again, other = ([cell["attributes"]["BEL"] for cell in run.values()] for run in runs)
    assert first == again != other


def test_nextpnr_routes_what_was_annealed(folder):
    plain, better = (place_and_route(folder, DEVICE, netlist=NETLIST, megahertz=100, label=label,
                                     schedule=schedule)
                     for label, schedule in (("-plain", None), ("-annealed", SHORT)))
    assert better.resources == plain.resources and better.megahertz > 0
    placed, routed = (cells_of(folder / name) for name in ("packed.json", "placed-annealed.json"))
    assert set(placed) == set(routed)


def test_inputs_change_places_only_where_a_table_may_have_them_so(folder, found):
    """The router may permute those of an ordinary table, of a carry chain's within two pairs."""
    annealed(folder, found, SHORT, name="bound.json")
    run_stage([NEXTPNR, *DEVICE.options, "--router", "router2", "--no-pack",
               "--json", "bound.json", "--write", "routed.json"],
              folder=folder, log="routed.log", what="route")
    top = top_of(json.loads((folder / "routed.json").read_text()))
    modes = {number(cell["attributes"]["NEXTPNR_BEL"]): cell["parameters"].get("MODE", "LOGIC")
             for cell in top["cells"].values() if cell["type"] == "TRELLIS_COMB"}
    seen = Counter()
    for net in top["netnames"].values():
        for way in re.finditer(r"X(\d+)/Y(\d+)/0_0_([A-D])(\d)->0_0_([A-D])\d_SLICE",
                               net["attributes"]["ROUTING"]):
            column, row, wire_of, logic, port = way.groups()
            mode = modes[int(row) * 100_000 + int(column) * 8 + int(logic)]
            pair = (wire_of in "AB") == (port in "AB")
            seen[mode, "same" if wire_of == port else "pair" if pair else "across"] += 1
    assert {what for mode, what in seen if mode == "DPRAM"} == {"same"}
    assert {what for mode, what in seen if mode == "CCU2"} == {"same", "pair"}
    assert seen["LOGIC", "across"] > 100


def test_temperatures_fall_to_the_coldest_and_then_to_none():
    *falling, last = Schedule(hottest=1, coldest=0.1, cooling=0.5).temperatures()
    assert falling == [1, 0.5, 0.25, 0.125, 0.0625] and last == 0


def test_tiles_that_are_no_grid_are_refused(folder, found):
    with pytest.raises(ValueError, match=f"{len(found[PER_TILE]) - 1} tiles of logic are no grid"):
        read_packed(json.loads((folder / "placed.json").read_text()), found, found[PER_TILE][1:])
