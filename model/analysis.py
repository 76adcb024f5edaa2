"""What the golden model's local rules compute, measured against the exact adjoint.

A recording keeps chosen states of every step in real units.  From it come the change of weights a
rule asks for, to be set beside the exact gradient, and for each neuron the distance of the error it
sends to the adjoint it stands for, beside the residual by which the neuron itself judges it.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from model.adjoint import Gradient, adjoint
from model.formats import RATE, WEIGHT
from model.frames import Frames
from model.golden import Golden
from model.network import INPUT, Network
from model.program import NEURON_STATES, TRACE_STATES, Feedback, Program, Teach
from model.reference import Reference

__all__ = ["Agreement", "adjoint_of_received", "agreement", "backward_alignment", "exact_gradient",
           "projection_names", "record", "residual", "share", "weight_changes"]

NEEDED = ("error", "e", "v", "x", "c0", "c1", "psi")
"""States that the functions of this module read."""


def record(golden: Golden, frames: Frames, names=NEEDED) -> dict[str, np.ndarray]:
    """Run ``frames`` step by step; each state as every step left it, real, (T, its size)."""
    forms = {**NEURON_STATES, **TRACE_STATES}
    kept = {name: np.zeros((len(frames), len(golden.state[name])), np.int64) for name in names}
    for t in range(len(frames)):
        golden.run(frames[t : t + 1])
        for name, rows in kept.items():
            rows[t] = golden.state[name]
    return {name: forms[name].real(rows) for name, rows in kept.items()}


def weight_changes(program: Program, recorded: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Σ_t ē ψ (or Σ e r, as each projection's rule has it) of every projection: ΔW per unit of η.

    Sums of the integers the synapses read, which neither η's resolution nor stochastic rounding
    touches; shape (target size, source size) each.
    """
    changes = []
    for p in program.projections:
        sent = recorded["e" if p["prospective"] else "error"]
        errors = sent[:, p["target_first"]:][:, : p["target_size"]]
        # The published rule's "trace" is the rate itself: the compiler sets ρ = 1.
        changes.append(errors.T @ recorded["psi"][:, p["trace_first"]:][:, : p["source_size"]])
    return changes


def exact_gradient(network: Network, golden: Golden, frames: Frames) -> Gradient:
    """The exact adjoint of ``golden``'s present weights and biases on ``frames``, from rest.

    Taught by targets only, as :func:`model.adjoint.adjoint` is.
    """
    reference, program = Reference(network), golden.program
    reference.weights = [WEIGHT.real(program.matrix(golden.state, number, "W"))
                         for number in range(len(program.projections))]
    reference.bias = WEIGHT.real(golden.state["bias"][network.inputs :])
    targets = np.where(frames.kind == Teach.TARGET, RATE.real(frames.teach), np.nan)
    return adjoint(reference, RATE.real(frames.inputs), targets)


@dataclass(frozen=True)
class Agreement:
    """Cosine of two vectors and the norm of the first over that of the second; 0 for a zero."""

    cosine: float
    norm_ratio: float


def agreement(change: np.ndarray, exact: np.ndarray) -> Agreement:
    """How a change (any shape) agrees with the exact one."""
    change, exact = np.ravel(change), np.ravel(exact)
    norms = np.linalg.norm(change), np.linalg.norm(exact)
    if not all(norms):
        return Agreement(cosine=0.0, norm_ratio=0.0)
    return Agreement(cosine=float(change @ exact / norms[0] / norms[1]),
                     norm_ratio=float(norms[0] / norms[1]))


@njit(cache=True)
def _look_into_the_future(errors, alpha, rho, adjoints):
    steps, size = errors.shape
    for i in range(size):
        later = 0.0
        for t in range(steps - 1, -1, -1):
            adjoints[t, i] = rho[i] * errors[t, i] + alpha[i] * later
            later = (1.0 - rho[i]) * errors[t, i] + (1.0 - alpha[i]) * later


def adjoint_of_received(errors: np.ndarray, alpha: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """λ = I⁺τm D⁻τr [ē] of the errors ē (T, neurons) that neurons received: what e should be.

    The transpose of the neuron's own Euler step, α = dt/τm and ρ = τr/τm per neuron; no error
    comes after the last step.
    """
    adjoints = np.empty_like(errors)
    _look_into_the_future(np.ascontiguousarray(errors), alpha, rho, adjoints)
    return adjoints


def residual(recorded: dict[str, np.ndarray], rho: np.ndarray, neurons: slice) -> np.ndarray:
    """res = 2 (c0 v + c1 x) − e − (v − ρ (ē − v)) as the neurons saw it; (T, neurons).

    Of neurons whose v runs with τm (taps learned or instantaneous).  A step uses the states that
    the step before it left; what preceded the first one is taken to be rest.
    """
    before = {}
    for name in ("v", "x", "c0", "c1"):
        values = recorded[name][:, neurons]
        before[name] = np.concatenate([np.zeros_like(values[:1]), values[:-1]])
    v, error = before["v"], recorded["error"][:, neurons]
    ahead = before["c0"] * v + before["c1"] * before["x"]
    return 2.0 * ahead - recorded["e"][:, neurons] - (v - rho * (error - v))


def share(part: np.ndarray, whole: np.ndarray) -> float | None:
    """Power of ``part`` over that of ``whole``; None where there is no whole."""
    power = float(np.mean(np.square(whole)))
    return float(np.mean(np.square(part))) / power if power else None


def projection_names(network: Network) -> list[str]:
    """Names of the projections, numbered where parallel ones share theirs."""
    names = [projection.name for projection in network.projections]
    return [f"{name}#{names[:k].count(name) + 1}" if name in names[:k] else name
            for k, name in enumerate(names)]


def backward_alignment(network: Network, golden: Golden) -> dict[str, float]:
    """Cosine of B and Wᵀ of every projection that sends errors down; 1 where B is tied."""
    cosines, program, state = {}, golden.program, golden.state
    names = projection_names(network)
    for number, projection in enumerate(network.projections):
        if projection.source in (INPUT, (INPUT,)):
            continue
        W, B = (program.matrix(state, number, name).astype(float) for name in "WB")
        tied = program.projections[number]["feedback"] == Feedback.TIED
        cosines[names[number]] = 1.0 if tied else agreement(B, W).cosine
    return cosines
