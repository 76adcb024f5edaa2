"""The bound: the exact gradient in float64, offline, on the stream that the others learn online.

The stream is cut into chunks.  For each chunk the network runs from rest through a run-up, whose
outputs are not judged, and then through the chunk; the exact adjoint of that window moves the
parameters by one step of Adam (Kingma and Ba, arXiv 1412.6980), the step size rising over the first
tenth of the stream and then falling to zero.  Nothing of this is local or causal; it shows what
the network can reach.
"""

from collections.abc import Iterator

import numpy as np

from model.adjoint import adjoint
from model.network import INPUT
from model.reference import Reference

__all__ = ["STEP_SIZE", "descend", "run_up"]

STEP_SIZE = 0.01
"""Adam's step size, at its largest; scaled as the other rules' rates are."""
UPDATES = 3000
"""Chunks that a stream is cut into, unless it has fewer steps."""
MEMORIES = 5.0
"""Length of a run-up in memories (the sum of τm along the longest path)."""
WARM_UP = 0.1
"""Share of the stream over which the step size rises, while Adam's means fill."""
MEAN_DECAY, SQUARE_DECAY, SMALLEST = 0.9, 0.999, 1e-12


def run_up(reference: Reference) -> int:
    """Steps before a chunk: five times the longest sum of τm, as it is now, from input to output.

    What the start from rest leaves behind is then below 1 %.  Projections against the order of the
    populations (recurrent ones) do not lengthen it.
    """
    network, reach = reference.network, {INPUT: 0.0}
    for population, tau_m in zip(network.populations, reference.tau_m, strict=True):
        below = [reach[name] for projection in network.projections
                 if projection.target == population.name
                 for name in _sources(projection) if name in reach]
        reach[population.name] = tau_m + max(below, default=0.0)
    return round(MEMORIES * max(reach.values()) / network.dt)


def descend(reference: Reference, inputs: np.ndarray, targets: np.ndarray, *,
            scale: float = 1.0) -> Iterator[int]:
    """Improve ``reference`` in place; yields, after every update, the steps of the stream used.

    Learns the weights of plastic projections, and the biases and time constants τm of populations
    that have a rate for them, τm ≥ τr.  inputs (T, channels); targets (T, outputs); the step
    size is STEP_SIZE × ``scale``.
    """
    network, steps = reference.network, len(inputs)
    chunk = max(1, -(-steps // UPDATES))
    plastic = [k for k, p in enumerate(network.projections) if p.plastic]
    learns_bias = np.repeat([float(p.bias_rate > 0) for p in network.populations],
                            reference.sizes)
    learns_tau = np.array([float(p.tau_rate > 0) for p in network.populations])
    parameters = [reference.bias, reference.tau_m, *(reference.weights[k] for k in plastic)]
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    for update, start in enumerate(range(0, steps, chunk), 1):
        stop, first = min(start + chunk, steps), max(0, start - run_up(reference))
        taught = targets[first:stop].copy()
        taught[: start - first] = np.nan
        gradient = adjoint(reference, inputs[first:stop], taught)
        slopes = [gradient.bias * learns_bias, gradient.tau_m * learns_tau,
                  *(gradient.weights[k] for k in plastic)]
        size = STEP_SIZE * scale * min(1.0, stop / (WARM_UP * steps)) * (1.0 - start / steps)
        for parameter, slope, mean, square in zip(parameters, slopes, means, squares, strict=True):
            mean += (1.0 - MEAN_DECAY) * (slope - mean)
            square += (1.0 - SQUARE_DECAY) * (slope**2 - square)
            unbiased = np.sqrt(square / (1.0 - SQUARE_DECAY**update)) + SMALLEST
            parameter -= size * mean / (1.0 - MEAN_DECAY**update) / unbiased
        np.maximum(reference.tau_m, reference.tau_r, out=reference.tau_m)
        yield stop


def _sources(projection) -> tuple[str, ...]:
    source = projection.source
    return (source,) if isinstance(source, str) else tuple(source)
