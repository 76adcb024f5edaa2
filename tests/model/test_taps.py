"""The error's low-pass and its two taps: fixed as published, or learned by sign-sign LMS."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import ERROR, INTEGRATOR, TAP_STATE
from model.frames import Frames
from model.golden import Golden
from model.network import Network, Population, Projection

DT, TAU = 0.01, 1.0


def told(taps, tau_r: float, **changes) -> Golden:
    """One linear neuron whose ē is what the host says."""
    network = Network(dt=DT, inputs=1, populations=[
        Population(name="n", size=1, tau_m=TAU, tau_r=tau_r, activation="linear", output=True,
                   taps=taps, **changes)])
    network.projections = [Projection(source="input", target="n", weights=[[0.5]], plastic=False,
                                      feedback="tied")]
    return Golden(compile_network(network))


def errors(values) -> Frames:
    values = np.asarray(values, dtype=np.float64)[:, None]
    return Frames.of(np.zeros_like(values), outputs=1, errors=values)


def taps(model: Golden) -> tuple[float, float]:
    return tuple(float(TAP_STATE.real(model.state[name][1])) for name in ("c0", "c1"))


@pytest.mark.parametrize(("x", "rho"), [(0.5, 0.1), (1.0, 0.1), (2.0, 0.1), (1.0, 0.4), (3.0, 0.2)])
def test_taps_for_one_sine_go_to_their_fixed_point(x, rho):
    """c1 → −(1 − ρ), c0 → (2 − ρ + ρ x²)/(1 + x²), x = ωτm; within 3 % at dt = 0.01 τm."""
    model = told("learned", rho * TAU, tap_rate=0.05)
    steps = 60_000
    model.run(errors(np.sin(x / TAU * DT * np.arange(steps))))
    c0, c1 = taps(model)
    assert c0 == pytest.approx((2 - rho + rho * x**2) / (1 + x**2), rel=0.03)
    assert c1 == pytest.approx(-(1 - rho), rel=0.03)
    assert not model.saturations.any()


def test_learned_taps_make_the_error_the_exact_adjoint_of_a_sine():
    """λ = I⁺τm D⁻τr ē has, for one sine, the gain and phase of (1 − iωτr)/(1 − iωτm)."""
    omega, rho, steps = 2.0, 0.1, 60_000
    model = told("learned", rho * TAU, tap_rate=0.05)
    phase = omega * DT * np.arange(steps)
    model.run(errors(np.sin(phase)))
    frames, sent = errors(np.sin(phase)), []
    for t in range(1000):
        model.run(frames[t : t + 1])
        sent.append(ERROR.real(model.state["e"][1]))
    turns = slice(1000 - round(2 * 2 * np.pi / omega / DT), 1000)
    measured = 2j * np.mean(np.array(sent)[turns] * np.exp(-1j * phase[:1000][turns]))
    exact = (1 - 1j * omega * rho * TAU) / (1 - 1j * omega * TAU)
    assert abs(measured - exact) < 0.05 * abs(exact)


def test_instantaneous_neurons_learn_plain_backpropagation():
    model = told("learned", TAU, tap_rate=0.2)
    model.state["c0"][1], model.state["c1"][1] = TAP_STATE.quantize([0.4, -0.6])
    t = DT * np.arange(60_000)
    model.run(errors((np.sin(1.0 * t) + np.sin(2.7 * t)) / 2))
    assert taps(model) == pytest.approx((1.0, 0.0), abs=0.03)


def test_taps_stay_within_their_limit():
    model = told("learned", 0.1 * TAU, tap_rate=20.0, tap_limit=0.75)
    reached = []
    for _ in range(50):
        model.run(errors(np.sin(0.3 * DT * np.arange(20))))
        reached.append(taps(model))
    assert np.abs(reached).max() == 0.75


@pytest.mark.parametrize(("kind", "expected"), [
    ("gle", (10.0, -9.0)), ("instant", (1.0, 0.0)), ((1.5, -0.25), (1.5, -0.25))])
def test_fixed_taps_are_those_asked_for_and_stay(kind, expected):
    model = told(kind, 0.1 * TAU)
    model.run(errors(np.sin(DT * np.arange(500)) / 16))
    assert model.state["e"][1] != 0
    assert taps(model) == expected


def test_published_taps_look_ahead_with_tau_m_and_back_with_tau_r():
    """p = D⁺τm I⁻τr [ē]: v runs with τr, e = κ ē + (1 − κ) v."""
    model, tau_r = told("gle", 0.2 * TAU), 0.2 * TAU
    given = np.sin(2 * DT * np.arange(800)) / 8
    v, expected, sent, frames = 0.0, [], [], errors(given)
    for t, error in enumerate(given):
        expected.append(5.0 * error - 4.0 * v)
        v += DT / tau_r * (error - v)
        model.run(frames[t : t + 1])
        sent.append(ERROR.real(model.state["e"][1]))
    assert np.std(sent) > 0.05
    # Half a unit of ē and of v, each times its tap, and v's own roundings.
    np.testing.assert_allclose(sent, expected, atol=(5 + 4 * 2) * 1.0 / ERROR.one)
    assert INTEGRATOR.real(model.state["v"][1]) == pytest.approx(v, abs=2 / ERROR.one)
