"""Routes are legal, nextpnr takes every one of them, and they take as long as was counted."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from fpga.connections import connections_of, rules_of
from fpga.graph import graph_of
from fpga.negotiate import negotiate
from fpga.place import place_and_route
from fpga.route import route
from fpga.search import ahead
from fpga.sites import NEXTPNR, sites, top_of
from fpga.synthesis import NETLIST
from fpga.tools import run_stage
from sim.tools import BuildError
from tests.fpga.stirred import DEVICE, SHORT, prepare, read

PERIOD = 5.0


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """(folder, design placed by nextpnr)"""
    folder = prepare(tmp_path_factory.mktemp("route"))
    return folder, read(folder, sites(folder, DEVICE))


@pytest.fixture(scope="module")
def routed(placed, database):
    """(folder, design, what each round told)"""
    folder, packed = placed
    told = []
    route(packed, database, PERIOD, tell=lambda *round_: told.append(round_))
    packed.write(folder / "own.json")
    return folder, packed, told


@pytest.fixture(scope="module")
def graph(placed, database):
    return graph_of(database, rules_of(placed[1].document, database))


def _steps(net) -> list[list[str]]:
    words = net["attributes"].get("ROUTING", "").split(";")
    return [words[at:at + 2] for at in range(0, len(words) - 2, 3)]


def test_every_net_is_a_tree_on_wires_of_its_own(routed, database):
    _, packed, _ = routed
    wanted, used = connections_of(packed.document, database), {}
    nets = {net["bits"][0]: _steps(net)
            for net in top_of(packed.document)["netnames"].values() if len(net["bits"]) == 1}
    for number, bit in enumerate(wanted.bit.tolist()):
        steps, there = nets[bit], set()
        for wire, pip in steps:
            if pip:
                place, named = pip.rsplit("/", 1)
                column, row = (int(part[1:]) for part in place.split("/"))
                dx, dy, source = named.split("->")[0].split("_", 2)
                assert f"X{column + int(dx)}/Y{row + int(dy)}/{source}" in there
            there.add(wire)
            assert used.setdefault(wire, bit) == bit
        assert steps[0] == [database.wire_name(int(wanted.source[number])), ""]
        assert len(there) == len(steps)
        assert {database.wire_name(int(wire)) for wire in wanted.sink[
            wanted.first[number]:wanted.first[number + 1]]} <= there
    assert len(used) > 15_000


def test_rounds_end_with_nothing_shared(routed):
    _, _, told = routed
    shared = [round_[1] for round_ in told]
    assert shared[0] > 100 and min(shared) == 0
    assert [round_[0] for round_ in told] == list(range(1, len(told) + 1))


def test_nextpnr_takes_the_routes_and_counts_the_same_time(routed):
    folder, packed, rounds = routed
    run_stage([NEXTPNR, *DEVICE.options, "--no-pack", "--json", "own.json", "--router", "router2",
               "--write", "taken.json", "--report", "report.json"],
              folder=folder, log="taken.log", what="routing")
    taken = top_of(json.loads((folder / "taken.json").read_text()))["netnames"]
    mine = top_of(packed.document)["netnames"]
    told = [name for name, net in mine.items() if _steps(net)]
    others = [name for name in told if sorted(_steps(mine[name])) != sorted(_steps(taken[name]))]
    # The clock's way to its buffer is nextpnr's, and may be in the way of some.
    assert len(told) > 2000 and len(others) <= 20
    report = json.loads((folder / "report.json").read_text())
    inner = next(path["path"] for path in report["critical_paths"] if path["from"] == path["to"])
    best = min(round_[4] for round_ in rounds if round_[1] == 0)
    assert sum(step["delay"] for step in inner) == pytest.approx(best, abs=0.01)


@pytest.mark.parametrize(("pairs", "rounds", "last"), [(1, 2, 1), (12, 20, 20), (1, 20, 80)])
def test_without_room_there_are_no_routes(placed, database, graph, pairs, rounds, last):
    """Pairs of nets that want the same input, for ever.  A single one is tried for four times as
    many rounds, in which it becomes so dear that a float32 has no digits left for delays."""
    _, packed = placed
    wanted = connections_of(packed.document, database)
    ends = {bit: number for (bit, _, port), number in wanted.ends.items() if port == "A"}
    inputs = list(ends.values())[-2 * pairs:]
    wanted.sink[inputs[::2]] = wanted.sink[inputs[1::2]]
    told = []
    with pytest.raises(ValueError, match=rf"^\d+ wires are shared after {last} rounds$"):
        negotiate(graph, wanted, lambda delays: np.full(len(delays), 9.0), rounds=rounds,
                  tell=lambda _, shared, *rest: told.append(shared))
    assert len(told) == last and min(told) >= pairs


def test_a_design_without_routes_is_an_error_of_its_build(placed, monkeypatch):
    folder, _ = placed
    monkeypatch.setattr("fpga.route.negotiate", partial(negotiate, rounds=2))
    with pytest.raises(BuildError, match=r"^no routes: \d+ wires are shared after 1 rounds; "):
        place_and_route(folder, DEVICE, netlist=NETLIST, megahertz=100, label="-dense",
                        schedule=replace(SHORT, goal=100.0))


def test_what_is_ahead_grows_with_distance(database, graph):
    wire = database.pin("X20/Y20/SLICEA.FF0", "Q")
    ways = [ahead(graph, wire, 20 + far, 20) for far in (0, 2, 8, 16, 40)]
    assert ways == sorted(ways) and 0 < ways[0] < 0.5 and 1.5 < ways[-1] < 5
