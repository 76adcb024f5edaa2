"""The exact adjoint against central finite differences, and against what theory says of it."""

import numpy as np
import pytest

from model.adjoint import adjoint
from model.network import Network, NetworkError, Population, Projection
from model.reference import Reference

STEPS = 60


def random_network(seed: int) -> Network:
    """Recurrent, skip and spanning projections, mixed time constants, every smooth activation."""
    rng = np.random.default_rng(seed)
    names = ["tanh", "softplus", "sigmoid", "linear"]
    rng.shuffle(names)
    populations = []
    for k, activation in enumerate(names):
        tau_m = float(rng.uniform(0.05, 1.0))
        tau_r = tau_m if k == 1 else float(rng.uniform(0.02, tau_m))
        populations.append(Population(
            name=f"p{k}", size=int(rng.integers(1, 5)), tau_m=tau_m, tau_r=tau_r,
            activation=activation, bias=float(rng.normal()) / 4, output=k >= 2,
            gain=2.0 ** int(rng.integers(-1, 2))))
    network = Network(dt=0.02, inputs=2, populations=populations)
    for source, target in (("input", "p0"), ("input", "p1"), (("p0", "p1"), "p2"), ("p2", "p2"),
                           (("input", "p0"), "p3"), ("p2", "p3"), ("p3", "p1")):
        names = (source,) if isinstance(source, str) else source
        sources = sum(2 if n == "input" else network.population(n).size for n in names)
        shape = network.population(target).size, sources
        network.projections.append(
            Projection(source=source, target=target, weights=rng.normal(size=shape) / 2))
    return network


def stream(network: Network, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(STEPS, network.outputs))
    targets[rng.random(targets.shape) < 0.2] = np.nan
    return rng.normal(size=(STEPS, network.inputs)), targets


def difference(reference, inputs, targets, values, where, step=1e-5):
    """Central difference of the loss in ``values[where]``, an array of the reference."""
    kept, losses = values[where], []
    for sign in (1, -1):
        values[where] = kept + sign * step
        losses.append(adjoint(reference, inputs, targets).loss)
    values[where] = kept
    return (losses[0] - losses[1]) / (2 * step)


def by_differences(reference, inputs, targets, values):
    return np.array([difference(reference, inputs, targets, values, where)
                     for where in np.ndindex(values.shape)]).reshape(values.shape)


def assert_close(measured, expected):
    assert np.abs(expected).max() > 1e-3, "a gradient that vanishes proves nothing"
    assert np.abs(measured - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("seed", range(4))
def test_gradients_are_those_of_finite_differences(seed):
    network = random_network(seed)
    reference, (inputs, targets) = Reference(network), stream(network, seed)
    exact = adjoint(reference, inputs, targets)
    for weights, gradient in zip(reference.weights, exact.weights, strict=True):
        assert_close(gradient, by_differences(reference, inputs, targets, weights))
    for values, gradient in ((reference.bias, exact.bias), (reference.tau_m, exact.tau_m),
                             (reference.tau_r, exact.tau_r)):
        assert_close(gradient, by_differences(reference, inputs, targets, values))


def test_adjoint_signals_are_the_effect_of_a_pulse_of_current():
    """λ_i(t) = −dL/dI_i(t): an input channel of weight 1 serves as the pulse."""
    rng = np.random.default_rng(5)
    network = Network(dt=0.02, inputs=1, populations=[
        Population(name="hidden", size=1, tau_m=0.3, tau_r=0.05),
        Population(name="out", size=1, tau_m=0.2, tau_r=0.1, output=True)], projections=[
        Projection(source="input", target="hidden", weights=[[1.0]]),
        Projection(source="hidden", target="out", weights=[[1.5]])])
    reference = Reference(network)
    inputs, targets = rng.normal(size=(STEPS, 1)), rng.normal(size=(STEPS, 1))
    exact = adjoint(reference, inputs, targets)
    assert_close(-exact.adjoints[:, :1], by_differences(reference, inputs, targets, inputs))


def test_slow_neuron_turns_errors_into_adjoints_by_looking_at_the_future():
    """λ = I⁺τm D⁻τr ē: in discrete time λ(t) = ρ ē(t) + α Σ_k (1 − α)^k (1 − ρ) ē(t + 1 + k)."""
    network = random_network(1)
    reference, (inputs, targets) = Reference(network), stream(network, 1)
    exact = adjoint(reference, inputs, targets)
    alpha, rho = reference.alpha, reference.rho
    expected, future = np.zeros_like(exact.errors), np.zeros(network.neurons)
    for t in reversed(range(STEPS)):
        expected[t] = rho * exact.errors[t] + alpha * future
        future = (1 - rho) * exact.errors[t] + (1 - alpha) * future
    assert np.abs(exact.adjoints).max() > 0.1
    np.testing.assert_allclose(exact.adjoints, expected, rtol=1e-12, atol=1e-14)


def test_instantaneous_neurons_have_adjoints_equal_to_errors():
    network = random_network(2)
    for population in network.populations:
        population.tau_r = population.tau_m
    exact = adjoint(Reference(network), *stream(network, 2))
    assert np.abs(exact.errors).max() > 0.1
    np.testing.assert_allclose(exact.adjoints, exact.errors, rtol=1e-12)


def test_untaught_steps_do_not_count():
    network = random_network(3)
    reference, (inputs, targets) = Reference(network), stream(network, 3)
    nothing = adjoint(reference, inputs, np.full_like(targets, np.nan))
    assert nothing.loss == 0.0
    assert not any(g.any() for g in nothing.weights)
    assert adjoint(reference, inputs, targets).loss > 0.0


def test_targets_of_another_shape_are_refused():
    network = random_network(3)
    inputs, targets = stream(network, 3)
    with pytest.raises(NetworkError, match=r"targets have shape \(59, "):
        adjoint(Reference(network), inputs, targets[1:])
