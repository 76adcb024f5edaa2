"""Cores whose neurons take several clocks each: the same bits, later."""

import numpy as np
import pytest

from hdl.config import Config
from hdl.layout import Layout
from hdl.timeline import step_cycles
from model.compiler import compile_network
from model.network import INPUT, Network, Population, Projection
from sim.build import build_core
from sim.library import SimulatedCore
from tests.sim.cases import Case, small_networks
from tests.sim.running import difference

NETWORKS = 9
SIZE = {"rows": 32, "trace_rows": 64, "words": 256, "populations": 8, "projections": 16,
        "inputs": 8, "outputs": 32, "probes": 8}


def narrow():
    """A neuron for every synapse word and more: the neurons are what a step waits for."""
    rng = np.random.default_rng(2)
    populations = [Population(name="wide", size=40, tau_m=0.1, tau_r=0.05),
                   Population(name="one", size=1, tau_m=0.1, tau_r=0.1),
                   Population(name="out", size=3, tau_m=0.1, tau_r=0.05, output=True)]
    projections = [
        Projection(source=source, target=target, weights=rng.normal(size=shape))
        for source, target, shape in ((INPUT, "wide", (40, 2)), ("wide", "one", (1, 40)),
                                      ("one", "out", (3, 1)))]
    return Network(name="narrow", dt=0.01, inputs=2, populations=populations,
                   projections=projections)


@pytest.mark.parametrize(("lanes", "clocks", "eligible"), [
    (2, 2, True), (3, 3, False), (2, 4, False), (6, 5, False)])
def test_slow_neurons_equal_the_model(lanes, clocks, eligible):
    config = Config(lanes=lanes, neuron_clocks=clocks, eligibility=eligible, **SIZE)
    with SimulatedCore(build_core(config), patience=5000) as core:
        for key, network in enumerate([narrow(), *small_networks(NETWORKS, eligible=eligible)]):
            # Every other one from random states, which reach what saturates.
            case = Case(config, network, key=key, wild=key % 2 == 1, probes=key % 4)
            core.reset()
            core.write(*case.image)
            assert difference(core, case) is None, network.name
            assert len({int(value) for block in case.blocks for value in block.states}) > 50


def test_neurons_that_take_longer_than_the_words_set_the_pace():
    config = Config(lanes=6, neuron_clocks=5, **SIZE)
    layout = Layout(config, compile_network(narrow()))
    neurons = len(layout.slots)
    assert neurons > layout.used_words // 2
    assert step_cycles(layout).cycles >= 5 * neurons


@pytest.mark.parametrize(("core", "clocks", "limit"), [
    ("parallel", 0, 8), ("parallel", 9, 8), ("micro", 2, 1)])
def test_a_pace_that_cannot_be_built_is_refused(core, clocks, limit):
    with pytest.raises(ValueError, match=f"^neuron_clocks = {clocks} is outside 1 … {limit}$"):
        Config(core=core, lanes=1, rows=8, neuron_clocks=clocks)
