"""The trace pipeline: bit for bit the model's ``_trace``."""

from pathlib import Path

import pytest

from hdl import trace
from hdl.trace import TracePipeline
from sim.bench import run_bench

BENCH = Path(__file__).with_name("bench_trace.py")
ENVIRONMENT = {"NUMBA_DISABLE_JIT": "1"}


def test_traces_equal_the_model():
    assert run_bench(TracePipeline(8), BENCH, environment=ENVIRONMENT) == 1


def test_mutant_is_noticed(monkeypatch):
    monkeypatch.setattr(trace, "PSI_SHIFT", trace.PSI_SHIFT + 1)
    with pytest.raises(AssertionError, match=r"expected -?\d+, got"):
        run_bench(TracePipeline(8), BENCH, environment=ENVIRONMENT)
