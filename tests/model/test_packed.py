"""The golden model's fast path: the same bits as the plain kernels, which short blocks take."""

from dataclasses import replace

import numpy as np
import pytest

from model.compiler import compile_network
from model.eligibility import SCALES
from model.formats import COUNTERS
from model.frames import LEARNING, Frames
from model.golden import WORTH_PACKING, Golden
from model.network import INPUT, Eligibility, Network, Population, Projection
from model.packed import suits
from model.program import Program, State
from model.random_network import random_frames, random_network

SHORT = WORTH_PACKING - 1
NETWORKS = 25
STEPS = 300


def plain(network: Network) -> Network:
    """``network`` without what only the plain kernels know."""
    feedback = {"kolen-pollack": "mirror"}
    return replace(
        network,
        populations=[replace(p, nudging=0.0, tau_rate=0.0) for p in network.populations],
        projections=[replace(p, decay=0.0, feedback=feedback.get(p.feedback, p.feedback))
                     for p in network.projections])


def in_blocks(program: Program, frames: Frames, size: int) -> tuple[Golden, np.ndarray]:
    """The model after ``frames`` in blocks of ``size``, and its outputs."""
    model = Golden(program)
    blocks = [model.run(frames[start:start + size]) for start in range(0, len(frames), size)]
    return model, np.hstack([np.concatenate([block.rates for block in blocks]),
                             np.concatenate([block.errors for block in blocks])])


def assert_equal(program: Program, frames: Frames) -> Golden:
    """Long and short blocks leave the same bits; returns the model after the long ones."""
    assert suits(program)
    (fast, outputs), (slow, expected) = (in_blocks(program, frames, size)
                                         for size in (2 * WORTH_PACKING, SHORT))
    np.testing.assert_array_equal(outputs, expected)
    for name in fast.state.present():
        np.testing.assert_array_equal(fast.state[name], slow.state[name], err_msg=name)
    np.testing.assert_array_equal(fast.saturations, slow.saturations)
    return fast


def test_random_networks_get_the_same_bits():
    moved, saturated, varied = set(), np.zeros(len(COUNTERS), np.int64), 0
    for key in range(NETWORKS):
        program = compile_network(plain(random_network(key)), seed=key)
        model = assert_equal(program, random_frames(program, STEPS, key))
        moved |= {name for name in State.names()
                  if not np.array_equal(model.state[name], program.state[name])}
        saturated += model.saturations
        varied += bool(np.ptp(model.state["W"] - program.state["W"]))
    assert moved == set(State.names()) - {"alpha"}
    # A bias has to be driven to its limit: a wide network does that below.
    assert {name for name, hits in zip(COUNTERS, saturated, strict=True) if hits} \
        >= set(COUNTERS) - {"bias"}
    assert varied == NETWORKS


def wide(*, rate: float, noise: float, scale: float = 0.05, bias: float = 0.0,
         activation: str = "tanh", **mirror) -> Network:
    """Sources that do not fill whole vectors, and some that span several."""
    rng = np.random.default_rng(3)
    common = {"tau_m": 0.2, "tau_r": 0.05, "noise": noise, "bias_rate": rate,
              "bias": bias, "activation": activation}
    populations = [Population(name="a", size=21, **common), Population(name="b", size=17, **common),
                   Population(name="out", size=3, output=True, **common)]
    ends = ((INPUT, "a", 5, 21), (("a", "b"), "b", 38, 17), (("a", "b"), "out", 38, 3))
    projections = [Projection(source=source, target=target, rate=rate,
                              weights=rng.normal(0, scale, (rows, columns)),
                              backward=rng.normal(0, scale, (rows, columns)), **mirror)
                   for source, target, columns, rows in ends]
    return Network(dt=0.01, inputs=5, populations=populations, projections=projections)


@pytest.mark.parametrize("counter, options, amplitude", [
    (None, {"rate": 0.5, "noise": 2.0**-5}, 0.8),
    # ê beyond 13 bits: its product with ψ is taken in two halves.
    ("bias", {"rate": 40.0, "noise": 2.0**-5, "activation": "linear", "bias": 7.9}, 3.9),
    # ηB ΔI/ε beyond 30 bits: the mirror rule needs its 64-bit form.
    ("mirror", {"rate": 0.5, "noise": 2.0**-10, "activation": "linear", "scale": 0.3,
                "self_scaling": False, "feedback_rate": 2.0**-6}, 3.9),
])
def test_wide_networks_get_the_same_bits(counter, options, amplitude):
    network, rng = wide(**options), np.random.default_rng(4)
    program = compile_network(network, seed=1)
    frames = Frames.of(rng.uniform(-amplitude, amplitude, (STEPS, 5)),
                       rng.uniform(-amplitude, amplitude, (STEPS, 3)), outputs=3, flags=LEARNING)
    model = assert_equal(program, frames)
    for state in ("W", "B", "bias", "c0", "c1", "r", "e"):
        assert np.ptp(model.state[state] - program.state[state]) > 0, state
    assert counter is None or model.saturations[COUNTERS.index(counter)] > 0


def waiting(scale: float, update: str) -> Network:
    """A wide network whose synapses wait for errors, each projection in its own way."""
    network = wide(rate=0.5, noise=2.0**-5)
    third = Eligibility(scale=scale, update=update, step=2.0**-7, momentum=2.0**-2)
    ways = ({"feedback": "fixed"}, {"feedback": "kolen-pollack", "decay": 2.0**-8}, {})
    network.projections = [replace(p, eligibility=third, **way)
                           for p, way in zip(network.projections, ways, strict=True)]
    # One that does not wait, beside them.
    network.projections.append(replace(network.projections[1], source="b", target="a",
                                       weights=np.full((21, 17), 0.02), eligibility=None,
                                       backward=np.full((21, 17), 0.02), feedback="mirror",
                                       decay=0.0))
    return network


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("update", ["plain", "sign"])
def test_synapses_that_wait_for_errors_get_the_same_bits(scale, update):
    program = compile_network(waiting(scale, update), seed=2)
    moved, by_sign = set(), {"momentum"} if update == "sign" else set()
    # Sections that hold the neurons, reset, learn, or give errors.
    for key in range(4):
        model = assert_equal(program, random_frames(program, STEPS, key))
        moved |= {name for name in model.state.present()
                  if np.ptp(model.state[name] - program.state[name])}
    assert moved >= {"W", "B", "eligibility", "above", "slope", "slopes", "explored"} | by_sign


def test_states_may_be_written_between_long_blocks():
    program = compile_network(wide(rate=0.5, noise=2.0**-5), seed=1)
    rng = np.random.default_rng(5)
    frames = Frames.of(rng.uniform(-1, 1, (STEPS, 5)), rng.uniform(-1, 1, (STEPS, 3)), outputs=3)
    whole, _ = in_blocks(program, frames, STEPS)
    half, _ = in_blocks(program, frames[:STEPS // 2], STEPS)
    resumed = Golden(program)
    for name in State.names():
        resumed.state[name][:] = half.state[name]
    resumed.run(frames[STEPS // 2:])
    for name in State.names():
        np.testing.assert_array_equal(resumed.state[name], whole.state[name], err_msg=name)


@pytest.mark.parametrize("population, projection", [
    ({"nudging": 0.25}, {}), ({"tau_rate": 0.01}, {}), ({}, {"decay": 2.0**-10}),
    ({}, {"feedback": "kolen-pollack"}),
    ({}, {"eligibility": Eligibility(retention=0.75, scale=1.0)}),
    ({}, {"eligibility": Eligibility(factor="sign")})])
def test_the_rest_takes_the_plain_kernels(population, projection):
    network = wide(rate=0.5, noise=2.0**-5)
    changed = replace(network, populations=[replace(p, **population) for p in network.populations],
                      projections=[replace(p, **projection) for p in network.projections])
    assert suits(compile_network(network))
    assert not suits(compile_network(changed))
