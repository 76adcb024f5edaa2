"""Chain: two inputs and four slow neurons in series, which a teacher of the same kind instructs.

Each input is a mixture of the same three sines with wandering amplitudes and phases.  An error
has to find its way back through four membranes of 1 s, each of which turns its phase by up to a
quarter: instantaneous errors arrive with the wrong sign.
"""

import numpy as np

from model.network import INPUT, Network, Population, Projection
from model.rules import apply_rule
from model.tasks.task import Stream, Task, random_source
from model.tasks.teacher import mixtures, respond

__all__ = ["CHAIN"]

NAME = "chain"
DT = 0.01
TAU_M, TAU_R = 1.0, 0.1
FREQUENCIES = (0.7, 1.9, 4.1)
"""In rad/s."""
INPUTS, LENGTH = 2, 4

PACES = {"gle": 2.0**-3, "instant": 2.0**-4}
"""Of the default rates, for the rules that they do not suit."""


def _chain(weights: list[np.ndarray]) -> Network:
    names = [f"neuron{number}" for number in range(1, LENGTH + 1)]
    populations = [
        Population(name=name, size=1, tau_m=TAU_M, tau_r=TAU_R,
                   activation="linear" if name == names[-1] else "tanh", output=name == names[-1])
        for name in names
    ]
    projections = [
        Projection(source=source, target=target, weights=w)
        for source, target, w in zip([INPUT, *names], names, weights, strict=False)
    ]
    return Network(name=NAME, dt=DT, inputs=INPUTS, populations=populations,
                   projections=projections)


def _weights(rng: np.random.Generator, first: tuple, later: tuple) -> list[np.ndarray]:
    """Weights into the first neuron, of either sign, and along the chain, all positive.

    tanh is odd, so that signs along the chain could be moved to the first weights anyway.
    """
    signs = rng.choice([-1.0, 1.0], (1, INPUTS))
    return [signs * rng.uniform(*first, (1, INPUTS)),
            *(rng.uniform(*later, (1, 1)) for _ in range(LENGTH - 1))]


def _build(rule: str, seed: int) -> Network:
    weights = _weights(random_source(NAME, "weights", seed), (0.4, 0.8), (1.0, 1.4))
    return apply_rule(_chain(weights), rule, seed=seed)


def _draw(seed: int, steps: int, part: str) -> Stream:
    weights = _weights(random_source(NAME, "teacher", seed), (0.7, 1.8), (1.4, 2.2))
    frequencies = np.broadcast_to(FREQUENCIES, (INPUTS, len(FREQUENCIES)))
    inputs = mixtures(random_source(NAME, part, seed), frequencies, (0.3, 0.7), steps, DT)
    return Stream(inputs, respond(_chain(weights), inputs))


CHAIN = Task(
    name=NAME, about="a teacher's four slow neurons in series: 2 → 1 → 1 → 1 → 1, tanh and linear",
    steps=1_200_000, test_steps=62_000, washout=2_000, build=_build, draw=_draw,
    paces=PACES,
)
