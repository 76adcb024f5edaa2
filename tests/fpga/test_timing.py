"""Timing of a placement: as nextpnr estimates it, and better when it is annealed for."""

import re
from dataclasses import replace

import numpy as np
import pytest

from fpga.anneal import anneal, wire
from fpga.packed import CELLS, TABLE
from fpga.pulls import Pulls
from fpga.sites import sites
from fpga.timing import Slacks, analyse, estimated, timing_of
from tests.fpga.stirred import DEVICE, SHORT, prepare, read

ANY = 10.0
"""Nanoseconds of a period, where it does not matter."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With a placed design, and what nextpnr says of its clock before it routes."""
    return prepare(tmp_path_factory.mktemp("timed"), "--speed", DEVICE.speed, "--timing-allow-fail",
                   "--freq", "200")


@pytest.fixture(scope="module")
def found(folder):
    return sites(folder, DEVICE)


@pytest.fixture
def packed(folder, found):
    return read(folder, found)


def timed(packed, period, **options) -> Slacks:
    timing = timing_of(packed, **options)
    return analyse(timing, estimated(timing, packed.cells.x, packed.cells.y), period)


def test_the_worst_path_is_as_long_as_nextpnr_says(folder, packed):
    slacks = timed(packed, ANY, reread=False)
    says = re.search(r"Max frequency .*?: (\S+) MHz", (folder / "prepare.log").read_text())
    assert slacks.worst == pytest.approx(1000 / float(says[1]), abs=0.05)


def test_slack_is_what_is_left_of_the_period(packed):
    timing, worst = timing_of(packed), timed(packed, ANY).worst
    for period in (worst + 1, worst - 1):
        slacks = timed(packed, period)
        assert slacks.slack.min() == pytest.approx(period - worst)
        ends = timing.to < 0
        assert slacks.late == (slacks.slack[ends] < 0).sum()
        assert (slacks.late > 0) == (period < worst)


def test_a_path_takes_longer_the_farther_its_cells_are_apart(packed):
    timing, cells = timing_of(packed), packed.cells
    here, there, far = (
        analyse(timing, estimated(timing, scale * cells.x, scale * cells.y), ANY).worst
        for scale in (0, 1, 2))
    assert here < there < far


def test_paths_become_shorter_when_they_are_annealed_for(folder, found, packed):
    plain = read(folder, found)
    anneal(plain, SHORT, seed=1)
    aim = 0.85 * timed(plain, ANY).worst
    anneal(packed, SHORT, seed=1, pulls=Pulls(packed, aim))
    worst, pulled = (timed(one, aim) for one in (plain, packed))
    assert pulled.worst < 0.93 * worst.worst and pulled.late < worst.late / 2
    assert wire(packed) < 1.2 * wire(plain)


def test_nothing_pulls_where_there_is_time(packed):
    wires = Pulls(packed, 1000).look()
    assert len(wires.length) == len(packed.nets.first) - 1
    assert (wires.weight == 1).all() and (wires.leash > wires.length).all()


def test_what_stays_late_pulls_harder_each_time(packed):
    pulls = Pulls(packed, 1.0)
    first, second = pulls.look(), pulls.look()
    count = len(packed.nets.first) - 1
    assert len(first.weight) > 2 * count / 2 and (second.weight >= first.weight).all()
    assert second.weight[count:].mean() > first.weight[count:].mean() > 1


def test_signals_that_wait_for_themselves_are_refused(packed):
    cells = packed.document["modules"]["top"]["cells"]
    name = next(packed.names[number] for number in np.flatnonzero(packed.cells.kind == TABLE)
                if packed.cells.place[number] % CELLS == 0
                and {"A", "F"} <= {port for port, bits in
                                   cells[packed.names[number]]["connections"].items() if bits})
    cells[name]["connections"]["A"] = cells[name]["connections"]["F"]
    with pytest.raises(ValueError, match="wait for themselves"):
        timing_of(packed)


def test_halves_of_carry_cells_take_longer_when_a_design_is_read_again(packed):
    assert timed(packed, ANY).worst > timed(packed, ANY, reread=False).worst + 0.5


def test_an_aim_is_part_of_a_schedule():
    assert replace(SHORT, aim=120.0).aim == 120 and SHORT.aim is None


def test_a_board_aims_at_its_clock():
    kept = replace(SHORT, aim=130.0, goal=126.0).for_clock(70)
    assert 70 < kept.goal < kept.aim < 126
    assert replace(SHORT, aim=50.0).for_clock(70).aim == 50
    assert SHORT.for_clock(70) == SHORT
