"""Lagline: one input, two slow neurons in series, whose weights and time constants are learned.

A teacher of the same kind, with weights 1 and 2 and time constants of 1 s and 2 s, responds to a
mixture of sines with wandering amplitudes and phases.  Both neurons are softplus.

Two linear membranes in series are the same in either order, and softplus is nearly linear; hence
a second answer is not far off, with the time constants swapped.  A seed draws its start on the
teacher's side of it, τ1 < τ2: τ1 from 0.4 … 0.8 s, τ2 from 1.0 … 1.6 s, weights from 0.5 … 0.8 and
1.0 … 1.6.
"""

from collections.abc import Mapping

import numpy as np

from model.defaults import time_rate
from model.formats import WEIGHT
from model.network import INPUT, Network, Population, Projection
from model.program import Program
from model.rules import apply_rule
from model.tasks.task import Stream, Task, random_source
from model.tasks.teacher import mixtures, respond

__all__ = ["LAGLINE"]

NAME = "lagline"
DT = 0.01
TAU_R = 0.1
NEURONS = ("first", "second")
TEACHER_WEIGHTS, TEACHER_TIMES = (1.0, 2.0), (1.0, 2.0)
START_WEIGHTS, START_TIMES = ((0.5, 0.8), (1.0, 1.6)), ((0.4, 0.8), (1.0, 1.6))
FREQUENCIES = (1.0, 2.1, 4.3)
"""In rad/s: at or above the corners of the teacher's membranes (1 and 0.5), so that an error which
is only passed down arrives with the wrong sign."""
AMPLITUDES = (0.6, 1.3)


PACES = {"gle": 2.0**-4, "instant": 2.0**-6}
"""Of the default rates, for the rules that they do not suit."""


def _line(weights, times) -> Network:
    populations = [
        Population(name=name, size=1, tau_m=tau_m, tau_r=TAU_R, activation="softplus",
                   tau_rate=time_rate(DT), output=name == NEURONS[-1])
        for name, tau_m in zip(NEURONS, times, strict=True)
    ]
    projections = [
        Projection(source=source, target=target, weights=np.full((1, 1), weight))
        for source, target, weight in zip((INPUT, NEURONS[0]), NEURONS, weights, strict=True)
    ]
    return Network(name=NAME, dt=DT, inputs=1, populations=populations, projections=projections)


def _build(rule: str, seed: int) -> Network:
    rng = random_source(NAME, "start", seed)
    weights = [rng.uniform(*limits) for limits in START_WEIGHTS]
    times = [rng.uniform(*limits) for limits in START_TIMES]
    return apply_rule(_line(weights, times), rule, seed=seed)


def _draw(seed: int, steps: int, part: str) -> Stream:
    inputs = mixtures(random_source(NAME, part, seed), np.array([FREQUENCIES]), AMPLITUDES, steps,
                      DT)
    return Stream(inputs, respond(_line(TEACHER_WEIGHTS, TEACHER_TIMES), inputs))


def _learned(program: Program, state: Mapping) -> dict[str, tuple[float, float]]:
    """Weight into and τm of each neuron (s), as learned and as the teacher has it."""
    found = {}
    for k, name in enumerate(NEURONS):
        weight = float(WEIGHT.real(program.matrix(state, k, "W")[0, 0]))
        found[f"w {name}"] = weight, TEACHER_WEIGHTS[k]
        found[f"tau_m {name}"] = program.tau_m(state, k + 1), TEACHER_TIMES[k]
    return found


LAGLINE = Task(
    name=NAME, about="a teacher's two slow neurons in series, time constants learned too: "
                     "1 → 1 → 1, softplus",
    steps=4_800_000, test_steps=62_000, washout=2_000, build=_build, draw=_draw, learned=_learned,
    paces=PACES,
)
