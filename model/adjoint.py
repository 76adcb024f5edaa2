"""The exact adjoint of the reference: gradients through time, by a hand-written reverse pass.

For the loss L = ½ Σ_t Σ_out β (y − r)² the pass runs backwards through the very steps that
``model/reference.py`` ran forwards (backpropagation through time of the discrete dynamics, nothing
approximated).  It needs the future, which is why the core computes something else; here it is the
yardstick of what the core computes.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from model.activation import ACTIVATIONS
from model.network import NetworkError
from model.reference import (
    SOURCE_FIRST,
    SOURCE_SIZE,
    SYNAPSE_FIRST,
    TARGET_FIRST,
    TARGET_SIZE,
    Reference,
    Trajectory,
)

__all__ = ["Gradient", "adjoint"]


@njit(cache=True, nogil=True)
def _reverse(wiring, weights, alpha, rho, channels, slopes, taught, to_s, to_current, to_u):
    """Fill dL/ds, dL/dI and dL/du (each (T, neurons)) from the last step to the first.

    slopes  φ'(s), (T, neurons);  taught  ∂L/∂r where the loss reads r, (T, neurons)
    to_u    dL/du of the potential as step t left it
    """
    steps, size = slopes.shape
    later_u, rates = np.zeros(size), np.zeros(size)
    for t in range(steps - 1, -1, -1):
        rates[:] = taught[t]
        if t + 1 < steps:
            for p in wiring:
                synapse = p[SYNAPSE_FIRST]
                for i in range(p[TARGET_FIRST], p[TARGET_FIRST] + p[TARGET_SIZE]):
                    above = to_current[t + 1, i - channels]
                    for j in range(p[SOURCE_FIRST], p[SOURCE_FIRST] + p[SOURCE_SIZE]):
                        if j >= channels:
                            rates[j - channels] += weights[synapse] * above
                        synapse += 1
        for i in range(size):
            g = slopes[t, i] * rates[i]
            to_s[t, i] = g
            to_u[t, i] = later_u[i]
            to_current[t, i] = rho[i] * g + alpha[i] * later_u[i]
            later_u[i] = (1.0 - rho[i]) * g + (1.0 - alpha[i]) * later_u[i]


@dataclass
class Gradient:
    """The loss and its derivatives.

    weights       one (target size, source size) array per projection;  bias (neurons,)
    tau_m, tau_r  (populations,), per second
    errors        −dL/ds, (T, neurons): what ē is when the errors from above are exact
    adjoints      λ = −dL/dI, (T, neurons): what e stands for
    """

    loss: float
    weights: list[np.ndarray]
    bias: np.ndarray
    tau_m: np.ndarray
    tau_r: np.ndarray
    errors: np.ndarray
    adjoints: np.ndarray


def adjoint(reference: Reference, inputs, targets) -> Gradient:
    """Gradient of ½ Σ β (y − r)² for one run from rest.

    inputs (T, channels); targets y (T, outputs), NaN where nothing is taught.  Raises
    :class:`NetworkError` where the shapes are not those of the network.
    """
    run = reference.record(inputs)
    targets = np.asarray(targets, dtype=np.float64)
    if targets.shape != run.outputs.shape:
        raise NetworkError(f"targets have shape {targets.shape}; the run needs {run.outputs.shape}")
    populations = reference.network.populations
    gain = np.repeat([p.gain for p in populations], reference.sizes)[reference.output_neurons]
    misses = np.where(np.isnan(targets), 0.0, targets - run.outputs)
    taught = np.zeros_like(run.s)
    taught[:, reference.output_neurons] = -gain * misses
    to_s, to_current, to_u = (np.zeros_like(run.s) for _ in range(3))
    _reverse(reference.wiring, reference.flat_weights, reference.alpha, reference.rho,
             reference.network.inputs, _slopes(reference, run), taught, to_s, to_current, to_u)
    # α and ρ meet the same drive d = I − u: u moves by α d, s = u + ρ d.
    drive = run.current - run.u
    to_alpha = _per_population(reference, (to_u * drive).sum(axis=0))
    to_rho = _per_population(reference, (to_s * drive).sum(axis=0))
    tau_m, tau_r = reference.tau_m, reference.tau_r
    return Gradient(
        loss=float(0.5 * (gain * misses**2).sum()), weights=_weights(reference, run, to_current),
        bias=to_current.sum(axis=0),
        tau_m=-(to_alpha * reference.network.dt + to_rho * tau_r) / tau_m**2,
        tau_r=to_rho / tau_m, errors=-to_s, adjoints=-to_current,
    )


def _slopes(reference: Reference, run: Trajectory) -> np.ndarray:
    slopes, first = np.empty_like(run.s), 0
    for population in reference.network.populations:
        here = slice(first, first + population.size)
        slopes[:, here] = ACTIVATIONS[population.activation].slope(run.s[:, here])
        first += population.size
    return slopes


def _weights(reference: Reference, run: Trajectory, to_current) -> list[np.ndarray]:
    """dL/dW = Σ_t dL/dI(t) · what the source sent: inputs of step t, rates of step t − 1."""
    heard = np.zeros((len(run.s), reference.network.inputs + run.s.shape[1]))
    heard[:, : reference.network.inputs] = run.inputs
    heard[1:, reference.network.inputs:] = run.r[:-1]
    gradients = []
    for p in reference.wiring:
        target = p[TARGET_FIRST] - reference.network.inputs
        errors = to_current[:, target : target + p[TARGET_SIZE]]
        sources = heard[:, p[SOURCE_FIRST] : p[SOURCE_FIRST] + p[SOURCE_SIZE]]
        gradients.append(errors.T @ sources)
    return gradients


def _per_population(reference: Reference, values: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, np.cumsum(reference.sizes) - reference.sizes)
