"""Notes: six sines, slow and fast, through two layers, which a teacher of the same kind instructs.

Each input channel is one note, 0.3 to 12 rad/s, whose amplitude and phase wander.  The layers hold
time constants from 0.1 to 2 s, so that errors of every note must come back through membranes that
are slow for some and transparent for others.
"""

import numpy as np

from model.network import INPUT, Network, Population, Projection
from model.rules import apply_rule
from model.tasks.task import Stream, Task, random_source
from model.tasks.teacher import mixtures, respond

__all__ = ["NOTES"]

NAME = "notes"
DT = 0.01
TAU_R = 0.1
TIMES = (0.1, 0.3, 0.8, 2.0)
"""τm of the populations of a layer."""
SIZE = 2
"""Neurons of a population; a layer has 8."""
FREQUENCIES = np.geomspace(0.3, 12.0, 6)
"""In rad/s, one per input channel."""

PACES = {"gle": 0.4, "instant": 2.0**-3}
"""Of the default rates, for the rules that they do not suit."""


def _network(rng: np.random.Generator, scale: float) -> Network:
    """Two layers and an output, weights uniform with variance ``scale``² / number of sources."""
    populations, projections = [], []
    sources, width = (INPUT,), len(FREQUENCIES)
    for layer in ("lower", "upper"):
        names = tuple(f"{layer}{number}" for number in range(1, len(TIMES) + 1))
        for name, tau_m in zip(names, TIMES, strict=True):
            populations.append(Population(name=name, size=SIZE, tau_m=tau_m, tau_r=TAU_R))
            projections.append((sources, name, SIZE, width))
        sources, width = names, SIZE * len(TIMES)
    populations.append(Population(name="out", size=1, tau_m=TAU_R, tau_r=TAU_R, output=True))
    projections.append((sources, "out", 1, width))

    def project(source, target, size, width):
        limit = scale * np.sqrt(3.0 / width)
        return Projection(source=source, target=target,
                          weights=rng.uniform(-limit, limit, (size, width)))

    return Network(name=NAME, dt=DT, inputs=len(FREQUENCIES), populations=populations,
                   projections=[project(*wiring) for wiring in projections])


def _build(rule: str, seed: int) -> Network:
    network = _network(random_source(NAME, "weights", seed), 0.7)
    return apply_rule(network, rule, seed=seed)


def _draw(seed: int, steps: int, part: str) -> Stream:
    teacher = _network(random_source(NAME, "teacher", seed), 1.2)
    inputs = mixtures(random_source(NAME, part, seed), FREQUENCIES[:, None], (0.3, 1.0), steps, DT)
    return Stream(inputs, respond(teacher, inputs))


NOTES = Task(
    name=NAME, about="a teacher's response to six notes: 6 → 8 → 8 → 1, tanh, τm 0.1 … 2 s",
    steps=6_400_000, test_steps=63_000, washout=3_000, build=_build, draw=_draw,
    paces=PACES,
)
