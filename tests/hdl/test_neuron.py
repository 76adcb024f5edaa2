"""The neuron pipeline: bit for bit the model's ``neuron_step``."""

from pathlib import Path

from hdl.neuron import NeuronPipeline
from sim.bench import run_bench

BENCH = Path(__file__).with_name("bench_neuron.py")
# The model uncompiled: few neurons, and no wait for the compiler.
ENVIRONMENT = {"NUMBA_DISABLE_JIT": "1"}


def test_neurons_equal_the_model():
    assert run_bench(NeuronPipeline(10), BENCH, environment=ENVIRONMENT) == 1
