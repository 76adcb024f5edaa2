"""The runner of cocotb benches: what passes passes, no failure and no empty run does."""

from pathlib import Path

import pytest

from sim.bench import run_bench
from tests.sim.dummy import Dummy

BENCH = Path(__file__).with_name("bench_dummy.py")


def test_bench_passes():
    assert run_bench(Dummy(), BENCH, testcase="sums_of_a_frame") == 1


def test_bench_notices_a_wrong_component():
    with pytest.raises(AssertionError, match="1 of 1 tests failed"):
        run_bench(Dummy(factor=2), BENCH, testcase="sums_of_a_frame")


def test_bench_that_runs_nothing_fails():
    with pytest.raises(AssertionError, match="no test ran"):
        run_bench(Dummy(), BENCH, testcase="no_such_test")


def test_missing_bench_is_named():
    with pytest.raises(ValueError, match=r"no bench 'nowhere\.py'"):
        run_bench(Dummy(), Path("nowhere.py"))
