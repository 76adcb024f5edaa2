"""The flow's own parts: clocks, boards, reports; no tool is run."""

import json
import re

import pytest

from fpga.bitstream import text_of
from fpga.boards import BOARDS
from fpga.configurations import CONFIGURATIONS
from fpga.devices import DEVICES
from fpga.place import Routed
from fpga.pll import ECP5_VCO, ICE40_VCO, Pll
from fpga.top import Top
from hdl.config import Config
from hdl.link.linked import LinkedCore
from hdl.primitives.technology import Technology
from tests.fpga.echo import Echo


@pytest.mark.parametrize("wanted", [60, 80, 105, 120, 140])
@pytest.mark.parametrize("source", [25, 48, 100])
def test_pll_of_ecp5_comes_near_and_keeps_its_limits(source, wanted):
    pll = Pll.for_clock(Technology.ECP5, source, wanted)
    reference, feedback, fed_back, output = pll.dividers
    oscillator = source / reference * feedback * fed_back
    assert ECP5_VCO[0] <= oscillator <= ECP5_VCO[1]
    assert pll.megahertz == pytest.approx(oscillator / output)
    assert 0.95 * wanted < pll.megahertz <= wanted * 1.000001


def test_pll_of_ice40_comes_near_and_keeps_its_limits():
    pll = Pll.for_clock(Technology.ICE40, 12, 24)
    reference, feedback, output = pll.dividers
    oscillator = 12 / (reference + 1) * (feedback + 1)
    assert ICE40_VCO[0] <= oscillator <= ICE40_VCO[1]
    assert pll.megahertz == oscillator / 2**output == 24


def test_clocks_out_of_reach_are_refused():
    with pytest.raises(ValueError, match=r"^no PLL makes 2 MHz of 25 MHz$"):
        Pll.for_clock(Technology.ECP5, 25, 2)


def test_configurations_hold_what_they_promise():
    for name, lanes in (("medium", 16), ("large", 32)):
        made = CONFIGURATIONS[name]
        assert made.core.lanes == lanes
        assert made.synapses >= 30_000 and made.neurons >= 1_000 and made.device == "LFE5U-85F"
    assert CONFIGURATIONS["small"].core.lanes >= 6
    assert {made.device for made in CONFIGURATIONS.values()} <= set(DEVICES)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_boards_have_a_configuration_and_three_lights(board):
    assert board.configuration in CONFIGURATIONS and len(board.lights) == 3
    assert CONFIGURATIONS[board.configuration].megahertz * 1e6 >= 8 * board.baud


@pytest.mark.parametrize("name", BOARDS)
def test_boards_have_the_pins_that_a_design_needs(name):
    board = BOARDS[name]
    platform = board.open()
    source = platform.lookup(platform.default_clk).clock.frequency / 1e6
    pll = Pll.for_clock(board.technology, source, CONFIGURATIONS[board.configuration].megahertz)
    plan = platform.prepare(Top(board, Echo(), pll))
    ecp5 = board.technology is Technology.ECP5
    placed = re.findall(r'LOCATE COMP "(\S+)"' if ecp5 else r"set_io (\S+)",
                        text_of(plan, "top.lpf" if ecp5 else "top.pcf"))
    assert {"uart_0__rx__io", "uart_0__tx__io"} <= set(placed)
    assert sum("led" in pin for pin in placed) == 3
    assert ("EHXPLLL" if ecp5 else "SB_PLL40") in text_of(plan, "top.il")


@pytest.mark.parametrize("name", ["ulx3s", "icebreaker"])
def test_core_and_link_fit_a_board_with_or_without_a_reset(name):
    board = BOARDS[name]
    platform = board.open()
    source = platform.lookup(platform.default_clk).clock.frequency / 1e6
    pll = Pll.for_clock(board.technology, source, CONFIGURATIONS[board.configuration].megahertz)
    linked = LinkedCore(Config(lanes=2, rows=8, words=64), clock_frequency=pll.megahertz * 1e6,
                        baud=board.baud, board=name, revision="")
    text = text_of(platform.prepare(Top(board, linked, pll)), "top.il")
    assert ("DCCA" in text) == (board.technology is Technology.ECP5)


REPORT = {
    "fmax": {"clk": {"achieved": 117.254, "constraint": 120}},
    "utilization": {kind: {"used": used, "available": 100} for kind, used in (
        ("TRELLIS_COMB", 31), ("TRELLIS_FF", 17), ("MULT18X18D", 4), ("DP16KD", 9))},
    "critical_paths": [
        {"from": "posedge clk", "to": "<async>", "path": []},
        {"from": "posedge clk", "to": "posedge clk", "path": [
            {"type": kind, "delay": delay, "from": {"cell": start, "port": "Q"},
             "to": {"cell": end, "port": "D"}}
            for kind, delay, start, end in (
                ("clk-to-q", 0.5, "row", "row"), ("routing", 2.25, "row", "adder"),
                ("logic", 1.25, "adder", "adder"), ("routing", 1, "adder", "sum"),
                ("setup", 0.25, "sum", "sum"))]}],
}


def test_report_is_read(tmp_path):
    file = tmp_path / "report.json"
    file.write_text(json.dumps(REPORT))
    routed = Routed.read(file, Technology.ECP5)
    assert routed.megahertz == 117.25
    assert routed.resources == {"LUT": (31, 100), "FF": (17, 100), "DSP": (4, 100),
                                "EBR": (9, 100)}
    assert routed.path == ("row.Q → sum.D: 1 cells, 0.5 ns clock to output, 1.2 ns logic, "
                           "3.2 ns wires, 0.2 ns setup")


def test_report_without_a_clock_is_refused(tmp_path):
    file = tmp_path / "report.json"
    file.write_text(json.dumps(REPORT | {"fmax": {}}))
    with pytest.raises(ValueError, match="knows no clock"):
        Routed.read(file, Technology.ECP5)
