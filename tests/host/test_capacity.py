"""The core that a program gets: no larger than it must be, and refused only by a limit."""

from dataclasses import replace

import numpy as np
import pytest

from hdl.config import Config
from hdl.layout import Layout
from host.capacity import fitting
from host.device import open_device
from model.compiler import compile_network
from model.network import INPUT, Eligibility, Network, NetworkError, Population, Projection


def wide(*, inputs: int = 2, size: int = 4, populations: int = 1):
    """Populations of ``size``, the first one the output, each listening to all inputs."""
    names = [f"p{k}" for k in range(populations)]
    network = Network(dt=0.05, inputs=inputs, name="wide", populations=[
        Population(name=name, size=size, tau_m=0.1, tau_r=0.1, output=name == "p0")
        for name in names
    ], projections=[
        Projection(source=INPUT, target=name, weights=np.full((size, inputs), 0.001))
        for name in names])
    return compile_network(network, seed=0)


@pytest.mark.parametrize("program, grown", [
    (wide(), {}),
    (wide(inputs=64, size=64), {}),
    (wide(inputs=65), {"inputs": 128}),
    (wide(inputs=600), {"inputs": 1024, "rows": 256, "trace_rows": 256}),
    (wide(inputs=24, size=1000), {"words": 8192, "outputs": 1024, "rows": 256}),
    (wide(populations=70), {"populations": 128, "projections": 128, "rows": 128}),
    (wide(inputs=1024, size=32), {"inputs": 1024, "words": 8192, "rows": 512, "trace_rows": 256}),
])
def test_only_what_is_too_small_is_doubled(program, grown):
    config = fitting(Config(), program)
    assert config == replace(Config(), **grown)
    Layout(config, program)
    for name in grown:
        with pytest.raises(NetworkError, match="this core of 4 lanes has"):
            Layout(replace(config, **{name: getattr(config, name) // 2}), program)


def test_a_program_with_eligibilities_gets_a_core_that_has_them():
    network = Network(dt=0.05, inputs=1, populations=[
        Population(name="one", size=1, tau_m=0.1, tau_r=0.1, output=True)], projections=[
        Projection(source=INPUT, target="one", weights=np.ones((1, 1)),
                   eligibility=Eligibility())])
    program = compile_network(network)
    assert fitting(Config(lanes=2), program) == Config(lanes=2, eligibility=True)
    with open_device("sim", config=Config()) as device, \
            pytest.raises(NetworkError, match="has eligibilities; this core was built without"):
        device.load(program)
    assert fitting(Config(eligibility=True), wide()) == Config(eligibility=True)


@pytest.mark.parametrize("lanes", [1, 3, 8, 64])
def test_cores_keep_their_lanes(lanes):
    config = fitting(Config(lanes=lanes), wide(inputs=200, size=6))
    assert (config.lanes, config.inputs) == (lanes, 256)
    Layout(config, wide(inputs=200, size=6))


@pytest.mark.parametrize("program, message", [
    (wide(inputs=1024, size=33), "needs 8448 synapse words; this core of 4 lanes has 8192"),
    (wide(inputs=1025, size=1), "needs 1025 inputs; this core of 4 lanes has 1024"),
    (wide(size=1025), "needs 1025 outputs; this core of 4 lanes has 1024"),
    (wide(populations=256), "needs 257 populations; this core of 4 lanes has 256"),
])
def test_a_refusal_names_the_limit(program, message):
    with open_device("sim") as device, pytest.raises(NetworkError, match=f"'wide' {message}"):
        device.load(program)


def test_a_core_that_was_asked_for_does_not_grow():
    with open_device("sim", config=Config(inputs=2)) as device, \
            pytest.raises(NetworkError, match="'wide' needs 3 inputs; this core of 4 lanes has 2"):
        device.load(wide(inputs=3))
