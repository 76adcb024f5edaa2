"""What is read of a device: its wires by the names that nextpnr gives them."""

import json

import pytest

from fpga.connections import connections_of
from fpga.fabric import bel_pins
from fpga.sites import NEXTPNR, top_of
from fpga.tools import run_stage
from tests.fpga.stirred import DEVICE, prepare


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    """The stirred design as nextpnr placed and routed it itself."""
    folder = prepare(tmp_path_factory.mktemp("fabric"))
    run_stage([NEXTPNR, *DEVICE.options, "--lpf-allow-unconstrained", "--json", "netlist.json",
               "--router", "router2", "--write", "routed.json"],
              folder=folder, log="route.log", what="routing")
    return json.loads((folder / "routed.json").read_text())


def test_pips_lead_where_their_names_say(database):
    source, target, delay, _ = database.pips()
    assert len(source) == database.first_pip[-1] > 8_000_000
    for pip in range(1000, len(source), 1_234_567):
        place, named = database.pip_name(pip).rsplit("/", 1)
        column, row = (int(part[1:]) for part in place.split("/"))
        ends = []
        for told in named.split("->"):
            dx, dy, wire = told.split("_", 2)
            ends.append(f"X{column + int(dx)}/Y{row + int(dy)}/{wire}")
        assert ends == [database.wire_name(int(source[pip])), database.wire_name(int(target[pip]))]
    assert delay.min() >= 0 and delay.max() < len(database.delay)
    assert database.delay.max() > 0.2


def test_pins_are_where_nextpnr_begins_and_ends(database, routed):
    """Each net that it routed comes from the wire of its source, and reaches those of its sinks."""
    wanted = connections_of(routed, database)
    wires_of = {net["bits"][0]: set(net["attributes"].get("ROUTING", "").split(";")[::3])
                for net in top_of(routed)["netnames"].values() if len(net["bits"]) == 1}
    for number, bit in enumerate(wanted.bit):
        ends = [wanted.source[number],
                *wanted.sink[wanted.first[number]:wanted.first[number + 1]]]
        assert {database.wire_name(int(wire)) for wire in ends} <= wires_of[int(bit)]
    assert len(wanted.bit) > 2000 and len(wanted.sink) > 5000


def test_ports_of_a_table_by_its_wires():
    wires = [(0, "A3_SLICE", False), (1, "F3_SLICE", True), (2, "FCIB1_SLICE", False),
             (3, "FCOB_SLICE", True), (4, "FXB_SLICE", True), (5, "FXBB_SLICE", False),
             (6, "WD1B_SLICE", False), (7, "WAD2B_SLICE", False), (8, "M3_SLICE", False)]
    assert bel_pins("SLICEB.K1", wires) == {
        "A": 0, "F": 1, "FCI": 2, "FCO": 3, "OFX": 4, "FXB": 5, "WD": 6, "WAD2": 7, "M": 8}
