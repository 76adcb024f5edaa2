"""From a board to a bitstream with the real tools, on a design that is quickly routed."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpga import bitstream
from fpga.boards import BOARDS
from fpga.configurations import CONFIGURATIONS
from fpga.revision import revision
from sim.tools import BuildError
from tests.fpga.echo import Echo


@pytest.mark.parametrize(("schedule", "clock"), [(None, 80), (CONFIGURATIONS["mini"].schedule, 48)])
def test_board_gets_bitstream_reports_and_manifest(tmp_path, schedule, clock):
    """Placed by nextpnr alone, and by this project."""
    folder = tmp_path / "ulx3s-12f"
    configuration = replace(CONFIGURATIONS["mini"], megahertz=clock, schedule=schedule)
    made = bitstream.build(BOARDS["ulx3s-12f"], configuration, name="ulx3s-12f", folder=folder,
                           linked=Echo())
    assert (folder / "placed.json").exists() == (schedule is not None)
    bits = (folder / "ulx3s-12f.bit").read_bytes()
    assert len(bits) > 10_000
    assert made["sha256"] == hashlib.sha256(bits).hexdigest()
    assert made["revision"] == revision()
    assert made == json.loads((folder / "manifest.json").read_text())
    assert made["fmax_megahertz"] > made["clock_megahertz"] == pytest.approx(clock, rel=0.05)
    assert made["resources"]["DSP"][0] == 1 and made["resources"]["EBR"][0] == 1
    assert {"report.json", "nextpnr.log", "top.lpf"} <= {file.name for file in folder.iterdir()}


def test_ice40_gets_its_clock_from_the_pin_of_its_pll(tmp_path):
    made = bitstream.build(BOARDS["icebreaker"], CONFIGURATIONS["tiny"], name="icebreaker",
                           folder=tmp_path, linked=Echo())
    assert len((tmp_path / "icebreaker.bin").read_bytes()) > 10_000
    assert made["fmax_megahertz"] > made["clock_megahertz"] == pytest.approx(20, rel=0.05)


def test_bitstream_of_an_unknown_board_is_refused():
    told = CliRunner().invoke(bitstream.main, ["breadboard"])
    assert told.exit_code == 2 and "'breadboard' is not one of 'ulx3s'" in told.output


def test_missed_timing_is_an_error_that_says_where(monkeypatch):
    def miss(*_, **__):
        raise BuildError("timing is missed: 70 of 80 MHz, a → b; try another --seed")

    monkeypatch.setattr(bitstream, "build", miss)
    told = CliRunner().invoke(bitstream.main, ["ulx3s", "--out", str(Path("build"))])
    assert told.exit_code == 1 and "timing is missed: 70 of 80 MHz, a → b" in told.output
