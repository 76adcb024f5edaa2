"""Large cells get sites near what they are wired to, and place and route keeps them there."""

import json

import pytest

from fpga.devices import DEVICES
from fpga.floorplan import KINDS, Placement, assign, census, sites_of, with_sites
from fpga.place import place_and_route, start
from fpga.synthesis import NETLIST, rtlil_of, synthesise
from hdl.backward import BackwardSums

LANES = 6
SITES = {"DP16KD": [f"X{x}/Y22/EBR{x % 4}" for x in range(4, 64, 4)],
         "MULT18X18D": [f"X{x}/Y34/MULT18_{x % 2}" for x in range(5, 65, 5)]}


def cell(kind, bel, **wires):
    return {"type": kind, "attributes": {"NEXTPNR_BEL": bel},
            "connections": {port: [wire] for port, wire in wires.items()}}


@pytest.fixture
def placed(tmp_path):
    """Lanes of a memory that feeds a multiplier, with registers beside; the large cells are as far
    from their registers as they can be."""
    cells, wire = {}, iter(range(2, 10_000))
    for lane in range(LANES):
        place = 8 + 8 * lane
        to_memory, between, out = next(wire), next(wire), next(wire)
        far = LANES - 1 - lane
        cells |= {
            f"core.lanes.lane_{lane}.in": cell("TRELLIS_FF", f"X{place}/Y25/FF0", Q=to_memory),
            f"core.lanes.lane_{lane}.W": cell("DP16KD", SITES["DP16KD"][far], A=to_memory,
                                              D=between),
            f"core.lanes.lane_{lane}.product": cell("MULT18X18D", SITES["MULT18X18D"][far],
                                                    A=between, P=out),
            f"core.lanes.lane_{lane}.out": cell("TRELLIS_FF", f"X{place}/Y30/FF1", D=out)}
    file = tmp_path / "placed.json"
    file.write_text(json.dumps({"modules": {"core": {"attributes": {"top": "1"}, "cells": cells}}}))
    return file


def test_large_cells_come_to_what_they_are_wired_to(placed):
    placement = Placement.read(placed)
    before = placement.wire
    assigned = assign(placement, SITES, pull=0.5)
    assert {kind: len(names) for kind, names in placement.large.items()} == dict.fromkeys(
        KINDS, LANES)
    assert len(set(assigned.values())) == len(assigned) == 2 * LANES
    for name, site in assigned.items():
        lane = int(name.split("_")[1].split(".")[0])
        column = int(site[1:site.index("/")])
        assert abs(column - (8 + 8 * lane)) <= 5, (name, site)
        assert site in SITES["DP16KD" if name.endswith("W") else "MULT18X18D"]
    assert placement.wire < before / 2


def test_more_cells_than_sites_is_an_error(placed):
    with pytest.raises(ValueError, match="6 cells of DP16KD, 5 sites"):
        assign(Placement.read(placed), SITES | {"DP16KD": SITES["DP16KD"][:5]}, pull=0)


def test_sites_go_into_the_netlist(placed, tmp_path):
    names = ["core.lanes.lane_0.W", "core.lanes.lane_1.W", "gone"]
    with_sites(placed, dict(zip(names, SITES["DP16KD"], strict=False)), tmp_path / "out.json")
    cells = json.loads((tmp_path / "out.json").read_text())["modules"]["core"]["cells"]
    assert cells[names[0]]["attributes"]["BEL"] == SITES["DP16KD"][0]
    assert [name for name, made in cells.items() if "BEL" in made["attributes"]] == names[:2]


def test_census_counts_what_it_is_asked_for():
    cells = census({"DP16KD": 3, "MULT18X18D": 2})["modules"]["top"]["cells"].values()
    assert sorted(made["type"] for made in cells) == ["DP16KD"] * 3 + ["MULT18X18D"] * 2


def test_place_and_route_keeps_the_sites(tmp_path):
    device = DEVICES["LFE5U-25F"]
    design = BackwardSums(depth=16, block=True)
    made = synthesise(rtlil_of(design, device.target()), device.technology)
    (tmp_path / NETLIST).write_text((made / NETLIST).read_text())
    plain, arranged = (start(tmp_path, device, netlist=NETLIST, rounds=wanted, megahertz=100)
                       for wanted in (0, 2))
    assert plain == NETLIST != arranged
    bound = {name: made["attributes"]["BEL"]
             for name, made in cells_of(tmp_path / arranged).items() if "BEL" in made["attributes"]}
    sites = sites_of(tmp_path / "census-placed.json")
    assert len(sites["MULT18X18D"]) == 28 and len(set(sites["DP16KD"])) == 56
    site, = bound.values()
    assert site in sites["DP16KD"]
    routed = place_and_route(tmp_path, device, netlist=arranged, megahertz=100)
    assert routed.resources["EBR"] == (1, 56) and routed.megahertz > 50


def cells_of(netlist):
    modules = json.loads(netlist.read_text())["modules"].values()
    return next(module for module in modules if "top" in module["attributes"])["cells"]
