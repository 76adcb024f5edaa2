"""The core at its ports, clock by clock: what a library that is driven in blocks cannot show."""

from pathlib import Path

from hdl.top import Core
from sim import bench
from tests.sim.small_core import CONFIG

BENCH = Path(__file__).with_name("bench_core.py")
ARGUMENTS = ["-Wno-fatal", "-Wno-lint", "--x-initial", "0", "--output-split", "5000",
             "--output-split-cfuncs", "2000", "-CFLAGS", "-O0"]
"""For Verilator: with every signal public and in one file, compiling would take minutes."""


def test_core(monkeypatch):
    monkeypatch.setattr(bench, "BUILD_ARGUMENTS", ARGUMENTS)
    assert bench.run_bench(Core(CONFIG), BENCH) == 4
