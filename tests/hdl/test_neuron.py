"""The neuron pipeline: bit for bit the model's ``neuron_step``."""

from pathlib import Path

import pytest

from hdl import dynamics
from hdl.neuron import NeuronPipeline
from sim.bench import run_bench

BENCH = Path(__file__).with_name("bench_neuron.py")
# The model uncompiled: few neurons, and no wait for the compiler.
ENVIRONMENT = {"NUMBA_DISABLE_JIT": "1"}


def test_neurons_equal_the_model():
    assert run_bench(NeuronPipeline(10), BENCH, environment=ENVIRONMENT) == 1


@pytest.mark.parametrize("constant", ["MEAN_SHIFT", "NOW_SHIFT"])
def test_mutant_is_noticed(monkeypatch, constant):
    monkeypatch.setattr(dynamics, constant, getattr(dynamics, constant) + 1)
    with pytest.raises(AssertionError, match=r"expected -?\d+, got"):
        run_bench(NeuronPipeline(10), BENCH, environment=ENVIRONMENT)
