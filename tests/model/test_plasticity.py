"""What the golden model learns: the exact gradient, the backward weights, without bias."""

import numpy as np
import pytest

from model.adjoint import adjoint
from model.compiler import compile_network
from model.formats import RATE, WEIGHT
from model.frames import LEARNING, Frames
from model.golden import Golden
from model.network import Network, Population, Projection
from model.program import Flag
from model.reference import Reference

DT = 0.02


def cosine(a, b) -> float:
    a, b = (np.asarray(x, dtype=np.float64).ravel() for x in (a, b))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def sines(steps: int, *omegas: float) -> np.ndarray:
    return np.sin(DT * np.arange(steps)[:, None] * np.array(omegas))


def two_layers(feedback: str, **options) -> Network:
    """3 inputs → 5 tanh → 3 linear with backward weights of the kind asked for on the upper one."""
    rng = np.random.default_rng(3)
    network = Network(dt=DT, inputs=3, populations=[
        Population(name="hidden", size=5, tau_m=0.5, tau_r=0.1, noise=2.0**-5),
        Population(name="out", size=3, tau_m=0.1, tau_r=0.1, activation="linear", output=True)])
    network.projections = [
        Projection(source="input", target="hidden", weights=rng.normal(size=(5, 3)) / 2,
                   feedback="fixed", plastic=False),
        Projection(source="hidden", target="out", weights=rng.normal(size=(3, 5)) / 2,
                   backward=rng.normal(size=(3, 5)) / 2, feedback=feedback, **options)]
    return network


def trained(network: Network, steps: int, **options) -> Golden:
    model = Golden(compile_network(network, seed=4))
    inputs, targets = sines(steps, 1.0, 2.3, 4.1), sines(steps, 1.5, 0.7, 3.0) / 2
    model.run(Frames.of(inputs, targets, outputs=3, **options))
    assert not model.saturations.any()
    return model


def matrices(model: Golden, projection: int) -> tuple[np.ndarray, np.ndarray]:
    return tuple(model.program.matrix(model.state, projection, name).astype(np.int64)
                 for name in "WB")


@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_trace_rule_accumulates_the_exact_gradient(activation):
    """One layer: ē is exact, so Σ ē ψ is −dL/dW.  W is put back after each step, hence frozen."""
    rng, steps, rate = np.random.default_rng(7), 1500, 4.0
    weights = rng.normal(size=(3, 2)) / 2
    network = Network(dt=DT, inputs=2, populations=[
        Population(name="out", size=3, tau_m=0.6, tau_r=0.1, activation=activation, output=True,
                   bias_rate=rate)])
    network.projections = [Projection(source="input", target="out", weights=weights, rate=rate,
                                      feedback="tied")]
    inputs = sines(steps, 1.3, 5.0)
    targets = Reference(network).run(sines(steps, 1.3, 5.0)[:, ::-1]) / 2 + 0.3
    model = Golden(compile_network(network))
    start = model.state.copy()
    weight_change, bias_change = np.zeros((3, 2)), np.zeros(3)
    frames = Frames.of(inputs, targets, outputs=3)
    # Weights move one step after their error: the last error needs one step more.
    for t in (*range(steps), steps - 1):
        model.run(frames[t : t + 1])
        weight_change += (model.state["W"] - start["W"].astype(np.int64)).reshape(3, 2)
        bias_change += model.state["bias"][2:] - start["bias"][2:]
        model.state["W"][:], model.state["bias"][:] = start["W"], start["bias"]
    exact = adjoint(Reference(network), inputs, targets)
    expected = -rate * DT * exact.weights[0]
    assert np.abs(WEIGHT.real(weight_change)).min() > 0.1
    assert cosine(weight_change, expected) > 0.999
    assert np.linalg.norm(WEIGHT.real(weight_change)) == pytest.approx(
        np.linalg.norm(expected), rel=0.02)
    # The bias learns from ē at once; its exact gradient is that of a constant, without transients.
    np.testing.assert_allclose(WEIGHT.real(bias_change), rate * DT * exact.errors.sum(axis=0),
                               rtol=0.02, atol=0.02)


def test_instantaneous_neurons_have_errors_and_traces_without_memory():
    network = two_layers("tied", rate=0.1)
    for population in network.populations:
        population.tau_r, population.taps = population.tau_m, "gle"
    model = Golden(compile_network(network))
    frames = Frames.of(sines(300, 1.0, 2.3, 4.1), sines(300, 1.5, 0.7, 3.0), outputs=3)
    heard = model.state["r"][3:8].copy()
    for t in range(300):
        model.run(frames[t : t + 1])
        np.testing.assert_array_equal(model.state["e"], model.state["error"])
        assert np.abs(model.state["psi"][:3] - frames.inputs[t]).max() <= 1
        assert np.abs(model.state["psi"][3:] - heard).max() <= 1
        heard = model.state["r"][3:8].copy()
    assert model.state["e"][3:].all() and heard.all()


@pytest.mark.parametrize("self_scaling", [True, False])
def test_mirror_finds_the_forward_weights(self_scaling):
    network = two_layers("mirror", plastic=False, feedback_rate=2.0**-13,
                         self_scaling=self_scaling)
    before = cosine(*matrices(trained(network, 0), 1))
    forward, backward = matrices(trained(network, 100_000), 1)
    assert before < 0.8
    assert cosine(forward, backward) >= 0.97
    # Not only the direction: the mirror's fixed point is W itself.
    assert np.linalg.norm(backward) == pytest.approx(np.linalg.norm(forward), rel=0.1)


def test_mirror_needs_noise():
    network = two_layers("mirror", plastic=False, feedback_rate=2.0**-8)
    quiet = trained(network, 2000, flags=LEARNING & ~Flag.NOISE)
    np.testing.assert_array_equal(matrices(quiet, 1)[1], matrices(trained(network, 0), 1)[1])
    assert (matrices(trained(network, 2000), 1)[1] != matrices(quiet, 1)[1]).any()


def test_kolen_pollack_adds_the_same_number_twice():
    network = two_layers("kolen-pollack", rate=0.5)
    start, end = (matrices(trained(network, steps), 1) for steps in (0, 5000))
    assert np.abs(end[0] - start[0]).min() > 20
    np.testing.assert_array_equal(end[0] - end[1], start[0] - start[1])


def test_kolen_pollack_with_decay_forgets_the_difference():
    network = two_layers("kolen-pollack", rate=0.5, decay=2.0**-10)
    start, end = (matrices(trained(network, steps), 1) for steps in (0, 20_000))
    assert np.linalg.norm(end[0]) > 0.1 * np.linalg.norm(start[0])
    assert np.abs(end[0] - end[1]).max() < 0.02 * np.abs(start[0] - start[1]).max()


def test_decay_shrinks_weights_that_are_not_taught():
    network = two_layers("fixed", rate=0.5, decay=2.0**-9)
    model = Golden(compile_network(network))
    model.run(Frames.of(sines(512, 1.0, 2.0, 3.0), outputs=3))
    expected = matrices(trained(network, 0), 1)[0] * (1 - 2.0**-9) ** 512
    # Stochastic rounding walks: its standard deviation is at most √512 / 2 units.
    assert np.abs(matrices(model, 1)[0] - expected).max() < 5 * np.sqrt(512) / 2


def test_tied_feedback_uses_w_alone():
    runs = []
    for backward in (None, np.full((3, 5), 2.0)):
        network = two_layers("tied", rate=0.5)
        network.projections[0].plastic = True
        network.projections[1].backward = backward
        runs.append(trained(network, 1000))
    one, two = (run.state for run in runs)
    np.testing.assert_array_equal(one.neurons, two.neurons)
    np.testing.assert_array_equal(one["W"], two["W"])
    assert one["e"][3:8].all() and (one["W"] != runs[0].program.state["W"]).any()
    np.testing.assert_array_equal(matrices(runs[1], 1)[1], np.full((3, 5), 2 * WEIGHT.one))


def test_fixed_feedback_carries_errors_through_b():
    network = two_layers("fixed", rate=0.5)
    model = trained(network, 1000)
    assert model.state["e"][3:8].all()
    np.testing.assert_array_equal(matrices(model, 1)[1], model.program.matrix(
        model.program.state, 1, "B"))


def test_stochastic_rounding_is_without_bias():
    """Changes of a tenth of a unit, of both signs, survive on average."""
    steps, size, error = 4096, 8, 0.5
    network = Network(dt=DT, inputs=size, populations=[
        Population(name="out", size=size, tau_m=DT, tau_r=DT, activation="linear", output=True)])
    network.projections = [Projection(source="input", target="out", feedback="fixed",
                                      weights=np.zeros((size, size)),
                                      rate=0.1 / WEIGHT.one / error / DT)]
    model = Golden(compile_network(network, seed=2))
    signs = np.where(np.arange(size) % 2, 1.0, -1.0)
    frames = Frames.of(np.ones((steps + 1, size)), outputs=size,
                       errors=np.tile(error * signs, (steps + 1, 1)))
    model.run(frames)
    assert RATE.real(model.state["psi"]).min() == 1.0
    drift = model.state["W"].reshape(size, size) * signs[:, None]
    spread = np.sqrt(steps * 0.1 * 0.9)
    assert np.abs(drift - 0.1 * steps).max() < 5 * spread
    assert abs(drift.mean() - 0.1 * steps) < 5 * spread / size
    assert drift.std() > spread / 4
