"""The neuron pipeline: bit for bit the model's ``neuron_step``."""

from pathlib import Path

import pytest

from hdl import dynamics
from hdl.neuron import NeuronPipeline
from sim.bench import run_bench

BENCH = Path(__file__).with_name("bench_neuron.py")


def environment(*, eligible=False, interval=1):
    # The model uncompiled: few neurons, and no wait for the compiler.
    return {"NUMBA_DISABLE_JIT": "1", "ELIGIBLE": str(int(eligible)), "INTERVAL": str(interval)}


@pytest.mark.parametrize(("eligible", "interval"), [
    (False, 1), (True, 1), (False, 2), (False, 3), (True, 4), (False, 5), (False, 8)])
def test_neurons_equal_the_model(eligible, interval):
    component = NeuronPipeline(10, eligible=eligible, interval=interval)
    told = environment(eligible=eligible, interval=interval)
    assert run_bench(component, BENCH, environment=told) == 1


@pytest.mark.parametrize("constant", ["MEAN_SHIFT", "NOW_SHIFT"])
def test_mutant_is_noticed(monkeypatch, constant):
    monkeypatch.setattr(dynamics, constant, getattr(dynamics, constant) + 1)
    with pytest.raises(AssertionError, match=r"expected -?\d+, got"):
        run_bench(NeuronPipeline(10), BENCH, environment=environment())
