"""The core at its ports, clock by clock: what a library that is driven in blocks cannot show."""

from pathlib import Path

from hdl.top import Core
from sim.bench import run_bench
from tests.sim.small_core import CONFIG

BENCH = Path(__file__).with_name("bench_core.py")


def test_core():
    assert run_bench(Core(CONFIG), BENCH) == 4
