"""The float64 reference: against theory, against NumPy, and the golden model against it."""

import dataclasses

import numpy as np
import pytest

from model.activation import ACTIVATIONS
from model.compiler import compile_network
from model.formats import ARGUMENT, CURRENT, DRIVE, RATE, RATIO, WEIGHT
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.network import Network, NetworkError, Population, Projection
from model.reference import Reference

STEPS = 2000
REACH = {"input": 1.5, ("input", "slow"): 1.5, "fast": 0.5, ("slow", "fast"): 2.0}
CURVATURE = {"tanh": 0.77, "leaky-tanh": 0.77, "linear": 0.0, "softplus": 0.25, "sigmoid": 0.1,
             "relu": 0.0}
"""Largest |φ''|; relu's corner lies on a knot of its table."""


def single(**changes) -> Network:
    neuron = Population(name="n", size=1, tau_m=0.5, tau_r=0.1, activation="linear", output=True)
    return Network(dt=0.01, inputs=1, populations=[dataclasses.replace(neuron, **changes)],
                   projections=[Projection(source="input", target="n", weights=[[1.0]])])


def layered(activation: str, seed: int) -> Network:
    """Slow and fast neurons, recurrent and skip projections; rows of |W| that sum to REACH."""
    rng = np.random.default_rng(seed)
    network = Network(dt=0.02, inputs=3, populations=[
        Population(name="slow", size=5, tau_m=0.8, tau_r=0.1, activation=activation, bias=0.1),
        Population(name="fast", size=4, tau_m=0.1, tau_r=0.1, activation=activation, noise=2**-6),
        Population(name="out", size=2, tau_m=0.2, tau_r=0.05, activation="linear", output=True)])
    for source, target, shape in (
            ("input", "slow", (5, 3)), (("input", "slow"), "fast", (4, 8)),
            ("fast", "fast", (4, 4)), (("slow", "fast"), "out", (2, 9))):
        weights = rng.normal(size=shape)
        weights *= REACH[source] / np.abs(weights).sum(axis=1, keepdims=True)
        network.projections.append(Projection(source=source, target=target, weights=weights))
    return network


def notes(channels: int, steps: int, dt: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    phases = dt * np.arange(steps)[:, None] * rng.uniform(0.5, 6.0, channels)
    return np.sin(phases + rng.uniform(0, 6, channels))


def test_a_neuron_follows_the_two_operators():
    """r = φ(D⁺τr I⁻τm [I]): for one sine, gain and phase are those of (1 + iωτr)/(1 + iωτm)."""
    omega, network = 2.0, single()
    network.dt = 1e-3
    t = network.dt * np.arange(40_000)
    r = Reference(network).run(np.sin(omega * t)[:, None])[:, 0]
    turns = 9
    late = len(t) - round(turns * 2 * np.pi / omega / network.dt)
    measured = 2j * np.mean(r[late:] * np.exp(-1j * omega * t[late:]))
    assert abs(measured - (1 + 1j * omega * 0.1) / (1 + 1j * omega * 0.5)) < 2e-3


def test_equal_time_constants_make_a_neuron_instantaneous():
    x = notes(1, 500, 0.01, 1)
    np.testing.assert_allclose(Reference(single(tau_r=0.5)).run(x), x, atol=1e-14)


def test_inputs_act_at_once_and_populations_one_step_later():
    network = Network(dt=0.1, inputs=1, populations=[
        Population(name="a", size=1, tau_m=1.0, tau_r=1.0, activation="linear", output=True),
        Population(name="b", size=1, tau_m=1.0, tau_r=1.0, activation="linear", output=True)],
        projections=[Projection(source="input", target="a", weights=[[2.0]]),
                     Projection(source="a", target="b", weights=[[3.0]])])
    pulse = np.zeros((4, 1))
    pulse[1] = 1.0
    outputs = Reference(network).run(pulse)
    np.testing.assert_allclose(outputs, [[0, 0], [2, 0], [0, 6], [0, 0]], atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_trajectory_obeys_the_equations(activation):
    network = layered(activation, 3)
    reference = Reference(network)
    inputs = notes(3, 300, 0.02, 3)
    run = reference.record(inputs)
    hidden = slice(0, 9)
    np.testing.assert_allclose(run.s, run.u + reference.rho * (run.current - run.u))
    np.testing.assert_allclose(run.u[1:], (run.u + reference.alpha * (run.current - run.u))[:-1])
    np.testing.assert_allclose(run.r[:, hidden],
                               ACTIVATIONS[activation].value(run.s[:, hidden]), atol=1e-15)
    np.testing.assert_array_equal(run.outputs, run.r[:, -2:])
    np.testing.assert_array_equal(run.outputs, reference.run(inputs))
    heard = np.concatenate([inputs[1:], run.r[:-1, :5]], axis=1)
    fast = heard @ reference.weights[1].T + run.r[:-1, 5:9] @ reference.weights[2].T
    np.testing.assert_allclose(run.current[1:, 5:9], fast, atol=1e-12)
    assert (run.r.std(axis=0) > 1e-3).all()


def tolerance(activation: str) -> float:
    """Largest difference of an output that the formats allow; |r| < 1.5, slopes ≤ 1.

    A neuron adds half a unit for each of its roundings, for its sources' weights, and the tables'
    error h²/8 max|φ''|, h = 1/16; a source's error arrives with Σ|W|.  D⁺τr I⁻τm passes no more
    than the largest value of its input, for its impulse response is positive and sums to 1.
    """
    def neuron(sources):
        weights = sources * 1.5 * 0.5 / WEIGHT.one
        # Half a unit of ρ, and of α as much again, times |d| ≤ 2 Σ|W| 1.5.
        constants = 2 * 0.5 / RATIO.one * 2 * 2.0 * 1.5
        roundings = 0.5 / CURRENT.one + 1.0 / DRIVE.one + 0.5 / ARGUMENT.one + 0.5 / RATE.one
        return weights + constants + roundings + (1 / 16) ** 2 / 8 * CURVATURE[activation]

    sent = 0.5 / RATE.one
    slow = neuron(3) + REACH["input"] * sent
    fast = neuron(12) + REACH["input", "slow"] * max(slow, sent)
    fast /= 1 - REACH["fast"]
    return neuron(9) + REACH["slow", "fast"] * max(slow, fast)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_golden_model_agrees_within_what_its_formats_allow(activation):
    network = layered(activation, 11)
    inputs = notes(3, STEPS, 0.02, 11)
    expected = Reference(network).record(inputs)
    golden = Golden(compile_network(network))
    outputs = RATE.real(golden.run(Frames.of(inputs, outputs=2, flags=FROZEN)).rates)
    assert expected.outputs.std(axis=0).min() > 0.02
    assert np.abs(expected.r).max() < 1.5
    assert not golden.saturations.any()
    difference = np.abs(outputs - expected.outputs)
    assert 0 < difference.max() < tolerance(activation)
    # Roundings do not conspire: what is worst in theory is far from what is usual.
    assert np.sqrt(np.mean(difference**2)) < tolerance(activation) / 10


def test_noise_and_learning_are_no_part_of_the_reference():
    quiet, noisy = layered("tanh", 5), layered("tanh", 5)
    for population in noisy.populations:
        population.noise, population.bias_rate = 0.25, 1.0
    x = notes(3, 200, 0.02, 5)
    np.testing.assert_array_equal(Reference(quiet).run(x), Reference(noisy).run(x))


def test_each_run_starts_from_rest_and_weights_may_be_written():
    reference = Reference(layered("tanh", 6))
    x = notes(3, 200, 0.02, 6)
    first = reference.run(x)
    np.testing.assert_array_equal(reference.run(x), first)
    reference.weights[0] *= 0.5
    assert np.abs(reference.run(x) - first).max() > 1e-2


def test_refusals_name_value_and_limit():
    with pytest.raises(NetworkError, match=r"population n: nudging = 0.25; .* must be 0"):
        Reference(single(nudging=0.25))
    with pytest.raises(NetworkError, match=r"inputs have shape \(5, 2\); .* \(steps, 1\)"):
        Reference(single()).run(np.zeros((5, 2)))
    with pytest.raises(NetworkError, match=r"τm = -1 s must be positive"):
        Reference(single(tau_m=-1.0))
