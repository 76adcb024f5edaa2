"""Networks in which one part of the core takes far longer than the others."""

import numpy as np

from hdl.config import Config
from hdl.layout import Layout
from model.compiler import compile_network
from model.network import INPUT, Network, Population, Projection
from sim.build import build_core
from sim.library import SimulatedCore
from tests.sim.cases import Case
from tests.sim.running import difference

CONFIG = Config(lanes=8, rows=16, trace_rows=64, words=256, populations=32, projections=32,
                inputs=8, outputs=8, probes=8)
TARGETS = 12


def many_traces():
    """Single neurons, all of which hear the input and the first of them: two rows of sources, of
    which most places are empty, but a trace unit passes them all."""
    names = [f"p{number}" for number in range(TARGETS + 1)]
    populations = [Population(name=name, size=1, tau_m=0.1, tau_r=0.1, output=name == names[-1])
                   for name in names]
    weights = np.full((1, 1), 0.7)
    projections = [Projection(source=INPUT, target=names[0], weights=weights)] + [
        Projection(source=(INPUT, names[0]), target=name, weights=np.array([[0.5, -0.6]]),
                   backward=np.array([[0.4, -0.3]]))
        for name in names[1:]]
    return Network(name="many traces", dt=0.02, inputs=1, populations=populations,
                   projections=projections)


def test_traces_may_take_longer_than_the_neurons():
    network = many_traces()
    layout = Layout(CONFIG, compile_network(network))
    places = sum(layout.span(p) for p in layout.program.projections)
    assert places > 3 * layout.used_words
    with SimulatedCore(build_core(CONFIG), patience=5000) as core:
        for key in range(4):
            case = Case(CONFIG, network, key=key, wild=key % 2 == 1, probes=key)
            core.reset()
            core.write(*case.image)
            assert difference(core, case) is None
            assert len({int(value) for block in case.blocks for value in block.states}) > 50
