"""Recordings, changes of weights, adjoints and residuals, against what they are derived from."""

import numpy as np
import pytest

from model.adjoint import adjoint
from model.analysis import (
    Agreement,
    adjoint_of_received,
    agreement,
    backward_alignment,
    exact_gradient,
    projection_names,
    record,
    residual,
    share,
    weight_changes,
)
from model.compiler import compile_network
from model.formats import ERROR, RATE, WEIGHT
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.network import Network, Population, Projection
from model.reference import Reference

DT, TAU_M, TAU_R = 0.01, 0.5, 0.1


def two_layers(rule: str = "trace", taps="instant", rate: float = 0.5) -> Network:
    """2 inputs → 3 tanh → 2 linear, tied."""
    rng = np.random.default_rng(5)
    return Network(dt=DT, inputs=2, populations=[
        Population(name="hidden", size=3, tau_m=TAU_M, tau_r=TAU_R, rule=rule, taps=taps,
                   bias=0.2),
        Population(name="out", size=2, tau_m=TAU_M, tau_r=TAU_R, rule=rule, taps=taps,
                   activation="linear", output=True),
    ], projections=[
        Projection(source="input", target="hidden", weights=rng.normal(size=(3, 2)), rate=rate,
                   feedback="fixed"),
        Projection(source="hidden", target="out", weights=rng.normal(size=(2, 3)), rate=rate,
                   feedback="tied"),
    ])


def stream(steps: int, flags=LEARNING) -> Frames:
    """Broadband: ten sines of 0.4 to 15 rad/s a channel, with random phases."""
    rng = np.random.default_rng(6)
    time = DT * np.arange(steps)[:, None]
    waves = [np.sin(time * np.geomspace(0.4, 15, 10) + rng.uniform(0, 7, 10)).mean(axis=1)
             for _ in range(4)]
    signals = np.stack(waves, axis=1)
    return Frames.of(signals[:, :2], signals[:, 2:], outputs=2, flags=flags)


def test_a_recording_holds_what_each_step_left():
    golden, whole = (Golden(compile_network(two_layers())) for _ in range(2))
    frames = stream(60)
    recorded = record(golden, frames, ("error", "psi"))
    for stop in (1, 37, 60):
        whole.run(frames[whole.steps : stop])
        np.testing.assert_array_equal(recorded["error"][stop - 1], ERROR.real(whole.state["error"]))
        np.testing.assert_array_equal(recorded["psi"][stop - 1], RATE.real(whole.state["psi"]))
    assert np.abs(recorded["error"][:, 2:]).max(axis=0).min() > 0.01


@pytest.mark.parametrize("rule", ["trace", "prospective"])
def test_weights_move_by_the_changes_that_are_summed(rule):
    """Up to stochastic rounding: half a unit a step, as a random walk."""
    network, steps = two_layers(rule), 3000
    golden = Golden(compile_network(network, seed=1))
    recorded = record(golden, stream(steps))
    heard = {name: values[:-1] for name, values in recorded.items()}
    changes = weight_changes(golden.program, heard)
    for number, change in enumerate(changes):
        start, end = (WEIGHT.real(golden.program.matrix(state, number, "W"))
                      for state in (golden.program.state, golden.state))
        moved = end - start
        assert np.abs(moved).max() > 0.2
        np.testing.assert_allclose(0.5 * DT * change, moved,
                                   atol=5 * 0.5 * np.sqrt(steps) / WEIGHT.one)


def test_the_exact_gradient_is_that_of_the_present_weights():
    network = two_layers()
    golden, frames = Golden(compile_network(network)), stream(400)
    rng = np.random.default_rng(8)
    golden.state["W"][:] = WEIGHT.quantize(rng.normal(size=12))
    golden.state["bias"][2:] = WEIGHT.quantize(rng.normal(size=5))
    reference = Reference(network)
    reference.weights = [WEIGHT.real(golden.state["W"][:6].reshape(3, 2)),
                         WEIGHT.real(golden.state["W"][6:].reshape(2, 3))]
    reference.bias = WEIGHT.real(golden.state["bias"][2:])
    expected = adjoint(reference, RATE.real(frames.inputs), RATE.real(frames.teach))
    found = exact_gradient(network, golden, frames)
    for one, other in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert agreement(found.weights[0], adjoint(
        Reference(network), RATE.real(frames.inputs), RATE.real(frames.teach)).weights[0]
    ).cosine < 0.999


def test_the_adjoint_of_received_errors_is_the_transpose_of_the_neuron():
    """Σ λ r = Σ ē ψ for whatever ē and r, ψ being what the neuron makes of r."""
    rng, alpha, rho = np.random.default_rng(9), DT / TAU_M, TAU_R / TAU_M
    errors, rates = rng.normal(size=(300, 2)), rng.normal(size=(300, 2))
    psi, low = np.empty_like(rates), np.zeros(2)
    for t, rate in enumerate(rates):
        psi[t] = low + rho * (rate - low)
        low = low + alpha * (rate - low)
    adjoints = adjoint_of_received(errors, np.full(2, alpha), np.full(2, rho))
    np.testing.assert_allclose((adjoints * rates).sum(axis=0), (errors * psi).sum(axis=0))


def test_the_adjoint_of_received_errors_is_the_networks_where_errors_are_exact():
    network = two_layers()
    golden, frames = Golden(compile_network(network)), stream(500)
    exact = exact_gradient(network, golden, frames)
    np.testing.assert_allclose(
        adjoint_of_received(exact.errors, np.full(5, DT / TAU_M), np.full(5, TAU_R / TAU_M)),
        exact.adjoints)


@pytest.mark.parametrize("taps", ["instant", (0.5, 0.0), (0.4, -0.3)])
def test_the_residual_has_the_power_of_the_distance_to_the_adjoint(taps):
    """Over a long broadband stream; what is missing are the ends, and steps of dt."""
    golden = Golden(compile_network(two_layers(taps=taps)))
    recorded = record(golden, stream(20_000, FROZEN))
    neurons = slice(2, 7)
    rho = np.full(5, TAU_R / TAU_M)
    received = recorded["error"][:, neurons]
    exact = adjoint_of_received(received, np.full(5, DT / TAU_M), rho)
    distance = share(recorded["e"][:, neurons] - exact, exact)
    assert distance > 0.1
    assert share(residual(recorded, rho, neurons), exact) == pytest.approx(distance, rel=0.02)


def test_agreement_is_cosine_and_ratio_of_norms():
    exact = np.array([[3.0, 0.0], [0.0, 4.0]])
    assert agreement(-2 * exact, exact) == Agreement(cosine=-1.0, norm_ratio=2.0)
    assert agreement(np.array([0, 5.0, 0, 0]), exact) == Agreement(cosine=0.0, norm_ratio=1.0)
    assert agreement(np.zeros(4), exact) == Agreement(cosine=0.0, norm_ratio=0.0)
    assert share(np.ones(3), np.full(3, 2.0)) == 0.25
    assert share(np.ones(3), np.zeros(3)) is None


def test_projections_are_told_apart_and_aligned():
    network = two_layers()
    network.projections.append(Projection(
        source="hidden", target="out", weights=np.eye(2, 3), backward=np.eye(2, 3) * [1, 0, 0],
        feedback="fixed"))
    assert projection_names(network) == ["input>hidden", "hidden>out", "hidden>out#2"]
    found = backward_alignment(network, Golden(compile_network(network)))
    assert found == {"hidden>out": 1.0, "hidden>out#2": pytest.approx(np.sqrt(0.5))}
