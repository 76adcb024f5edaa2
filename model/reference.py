"""The float64 reference: the golden model's forward dynamics in real numbers.

Same order and same delays as the golden model (inputs of step t drive the currents of step t,
populations are heard one step later), but exact activations, no noise, no plasticity and no
rounding.  It serves as teacher, as the yardstick of the formats, and as the forward pass whose
exact adjoint ``model/adjoint.py`` computes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from model.activation import LEAK
from model.compiler import compile_network
from model.network import Network, NetworkError

__all__ = ["Reference", "Trajectory"]

CODES = {"linear": 0, "tanh": 1, "softplus": 2, "sigmoid": 3, "relu": 4,
         "leaky-tanh": 5}
LINEAR, TANH, SOFTPLUS, SIGMOID, RELU, LEAKY_TANH = CODES.values()

SOURCE_FIRST, SOURCE_SIZE, TARGET_FIRST, TARGET_SIZE, SYNAPSE_FIRST = range(5)


@njit(cache=True)
def _rate(code, s):
    """φ(s); the functions of :data:`model.activation.ACTIVATIONS`, in a form Numba can inline."""
    if code == LINEAR:
        return s
    if code == TANH:
        return math.tanh(s)
    if code == SOFTPLUS:
        return max(s, 0.0) + math.log1p(math.exp(-abs(s)))
    if code == SIGMOID:
        return 0.5 * (1.0 + math.tanh(0.5 * s))
    if code == LEAKY_TANH:
        return math.tanh(s) + LEAK * s
    return max(s, 0.0)


@njit(cache=True, nogil=True)
def _forward(wiring, weights, bias, alpha, rho, codes, inputs, out, outputs, recorded, record):
    """Steps of s = u + ρ(I − u), u += α(I − u), r = φ(s).

    inputs (T, channels); out: neuron of each output; recorded (3, T, neurons): current, u before it
    moves, s; filled if ``record``.
    """
    channels, size = inputs.shape[1], len(bias)
    rates, u, current = np.zeros(channels + size), np.zeros(size), np.zeros(size)
    for t in range(len(inputs)):
        rates[:channels] = inputs[t]
        current[:] = bias
        for p in wiring:
            synapse = p[SYNAPSE_FIRST]
            for i in range(p[TARGET_FIRST], p[TARGET_FIRST] + p[TARGET_SIZE]):
                total = 0.0
                for j in range(p[SOURCE_FIRST], p[SOURCE_FIRST] + p[SOURCE_SIZE]):
                    total += weights[synapse] * rates[j]
                    synapse += 1
                current[i - channels] += total
        for i in range(size):
            drive = current[i] - u[i]
            s = u[i] + rho[i] * drive
            if record:
                recorded[0, t, i], recorded[1, t, i], recorded[2, t, i] = current[i], u[i], s
            u[i] += alpha[i] * drive
            rates[channels + i] = _rate(codes[i], s)
        for k in range(len(out)):
            outputs[t, k] = rates[channels + out[k]]


@dataclass
class Trajectory:
    """Everything a run passed through, float64; neurons without the inputs, in their order.

    current, u, s, r  (T, neurons); ``u`` as it was when the step began, s = u + ρ (current − u)
    inputs            (T, channels);  outputs (T, outputs)
    """

    current: np.ndarray
    u: np.ndarray
    s: np.ndarray
    r: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray


class Reference:
    """A network in float64, started from rest by every run.

    weights        W of each projection, (target size, source size);  bias (neurons,)
    tau_m, tau_r   (populations,) in seconds

    These are copies and may be written between runs.  Raises :class:`NetworkError` for a network
    that would not compile, and for one with nudging, which needs the errors' dynamics.
    """

    def __init__(self, network: Network):
        compile_network(network)
        for population in network.populations:
            if population.nudging:
                raise NetworkError(f"population {population.name}: nudging = "
                                   f"{population.nudging:g}; the reference has none, it must be 0")
        self.network = network
        self.weights = [np.array(p.weights, dtype=np.float64) for p in network.projections]
        self.bias = np.concatenate([
            np.broadcast_to(np.asarray(p.bias, dtype=np.float64), p.size)
            for p in network.populations])
        self.tau_m = np.array([p.tau_m for p in network.populations], dtype=np.float64)
        self.tau_r = np.array([p.tau_r for p in network.populations], dtype=np.float64)
        self.sizes = np.array([p.size for p in network.populations])
        self.output_neurons = np.flatnonzero(
            np.repeat([p.output for p in network.populations], self.sizes))
        self.codes = np.repeat([CODES[p.activation] for p in network.populations], self.sizes)
        self.wiring = _wiring(network)

    @property
    def alpha(self) -> np.ndarray:
        """α = dt/τm of each neuron."""
        return np.repeat(self.network.dt / self.tau_m, self.sizes)

    @property
    def rho(self) -> np.ndarray:
        """ρ = τr/τm of each neuron."""
        return np.repeat(self.tau_r / self.tau_m, self.sizes)

    @property
    def flat_weights(self) -> np.ndarray:
        """All W behind one another, as ``wiring`` counts them."""
        return np.concatenate([w.ravel() for w in self.weights])

    def run(self, inputs) -> np.ndarray:
        """Output rates (T, outputs) for ``inputs`` (T, channels)."""
        return self._run(inputs, False)[0]

    def record(self, inputs) -> Trajectory:
        """As :meth:`run`, keeping every state of every step."""
        outputs, recorded, inputs = self._run(inputs, True)
        current, u, s = recorded
        rates = np.empty_like(s)
        for i, code in enumerate(self.codes):
            rates[:, i] = _rates(code, s[:, i])
        return Trajectory(current=current, u=u, s=s, r=rates, inputs=inputs, outputs=outputs)

    def _run(self, inputs, record: bool):
        inputs = np.ascontiguousarray(inputs, dtype=np.float64)
        if inputs.ndim != 2 or inputs.shape[1] != self.network.inputs:
            raise NetworkError(f"inputs have shape {inputs.shape}; the network needs "
                               f"(steps, {self.network.inputs})")
        outputs = np.zeros((len(inputs), len(self.output_neurons)))
        recorded = np.zeros((3, len(inputs) if record else 0, len(self.bias)))
        _forward(self.wiring, self.flat_weights, self.bias, self.alpha, self.rho, self.codes,
                 inputs, self.output_neurons, outputs, recorded, record)
        return outputs, recorded, inputs


@njit(cache=True)
def _rates(code, potentials):
    rates = np.empty_like(potentials)
    for t in range(len(potentials)):
        rates[t] = _rate(code, potentials[t])
    return rates


def _wiring(network: Network) -> np.ndarray:
    """(projections, 5): first source, sources, first target, targets, first synapse."""
    rows, synapse = [], 0
    for projection in network.projections:
        source = network.source_range(projection)
        targets = network.population(projection.target).size
        rows.append((*source, network.first(projection.target), targets, synapse))
        synapse += source[1] * targets
    return np.array(rows, dtype=np.int64)
