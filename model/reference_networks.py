"""The networks whose speed is measured, all under the default rule, and streams to drive them."""

from collections.abc import Callable

import numpy as np

from model.network import INPUT, Network, Population, Projection
from model.rules import apply_rule
from model.tasks import TASKS

__all__ = ["NETWORKS", "layered", "recurrent", "stream"]

DT, TAU_M, TAU_R = 0.01, 0.2, 0.05
WEIGHT_RATE = 0.02


def _population(name: str, size: int, last: bool) -> Population:
    return Population(name=name, size=size, tau_m=TAU_M, tau_r=TAU_R, bias_rate=WEIGHT_RATE,
                      output=last)


def _projection(rng, source, target: str, shape: tuple[int, int], power=0.5) -> Projection:
    """Weights that add up to ``power`` times the mean power of a source."""
    limit = np.sqrt(3 * power / shape[1])
    return Projection(source=source, target=target, rate=WEIGHT_RATE,
                      weights=rng.uniform(-limit, limit, shape))


def layered(name: str, sizes: tuple[int, ...]) -> Network:
    """A feed-forward network of ``sizes``, inputs first, one population a layer."""
    rng = np.random.default_rng(sizes)
    names = [INPUT, *(f"layer{k}" for k in range(1, len(sizes)))]
    populations = [_population(p, size, p == names[-1])
                   for p, size in zip(names[1:], sizes[1:], strict=True)]
    projections = [_projection(rng, names[k], names[k + 1], (sizes[k + 1], sizes[k]))
                   for k in range(len(sizes) - 1)]
    return apply_rule(Network(name=name, dt=DT, inputs=sizes[0], populations=populations,
                              projections=projections), "vle")


def recurrent(name: str, size: int, channels: int) -> Network:
    """``size`` neurons that all hear each other, the last ``channels`` of them the output; the
    ``channels`` inputs reach all."""
    rng = np.random.default_rng([size, channels])
    parts = {"hidden": size - channels, "out": channels}
    populations = [_population(part, count, part == "out") for part, count in parts.items()]
    # Errors that look ahead go round in circles too: with more power they would grow.
    projections = [_projection(rng, source, part, (count, width), power)
                   for source, width, power in ((INPUT, channels, 0.5), (tuple(parts), size, 0.02))
                   for part, count in parts.items()]
    return apply_rule(Network(name=name, dt=DT, inputs=channels, populations=populations,
                              projections=projections), "vle")


NETWORKS: dict[str, Callable[[], Network]] = {
    "xor": lambda: TASKS["xor"].network("vle", 0),
    "64-64-16": lambda: layered("64-64-16", (64, 64, 16)),
    "128-128-32": lambda: layered("128-128-32", (128, 128, 32)),
    "256-256 recurrent": lambda: recurrent("256-256 recurrent", 256, 32),
    "1-53×6-10": lambda: layered("1-53×6-10", (1, *[53] * 6, 10)),
}
"""Networks by name.  ``xor`` is the task's, 1-8-10-1 with 98 synapses."""


def stream(network: Network, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (steps, inputs) and targets (steps, outputs): sines of many frequencies, |x| ≤ 0.8."""
    rng = np.random.default_rng([steps, network.inputs])
    width = network.inputs + network.outputs
    frequency, phase = rng.uniform(0.5, 5.0, width), rng.uniform(0, 2 * np.pi, width)
    signals = 0.8 * np.sin(network.dt * np.arange(steps)[:, None] * frequency + phase)
    return signals[:, :network.inputs], signals[:, network.inputs:]
