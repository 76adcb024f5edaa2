"""A core with AXI ports, among independent partners that pause at random on every channel."""

from pathlib import Path

from hdl.axi.top import AxiCore
from sim.bench import run_bench
from tests.sim.small_core import CONFIG

BENCH = Path(__file__).with_name("bench_axi.py")


def test_axi():
    assert run_bench(AxiCore(CONFIG), BENCH) == 5
