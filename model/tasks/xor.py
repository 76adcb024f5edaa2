"""Temporal XOR: is this symbol the same as the one before?

The input is a sequence of random symbols ±1 of 1 s each, smoothed by a Gaussian of 0.1 s.  The
target is the XOR of this symbol and the previous one (+1: they differ, −1: they are equal),
smoothed in the same way.  The network has no memory but its slow membranes.
"""

import numpy as np

from model.defaults import bias_rate
from model.network import INPUT, Network, Population, Projection
from model.rules import apply_rule
from model.tasks.symbols import xor_stream
from model.tasks.task import Stream, Task, random_source

__all__ = ["XOR"]

NAME = "xor"
DT = 0.05
SYMBOL_STEPS = 20
SMOOTHING = 0.1
FAST = 0.1
SLOW = (0.5, 0.8, 1.26, 2.0)
"""τm of the slow neurons, one population each."""
FAST_SIZE, HIDDEN = 4, 10
ANSWER_WINDOW = (0.3, 0.8)
"""Of a symbol: two widths of the smoothing from either edge, and two hops later at the start."""
PACES = {"gle": 2.0**-5, "instant": 2.0**-1, "feedback": 2.0}
"""Of the default rates, for the rules that they do not suit."""


def _draw(seed: int, steps: int, part: str) -> Stream:
    return xor_stream(random_source(NAME, part, seed), steps, delay=1, symbol_steps=SYMBOL_STEPS,
                      smoothing=SMOOTHING, dt=DT)


def _build(rule: str, seed: int) -> Network:
    rng = random_source(NAME, "weights", seed)

    def population(name, size, tau_m, **more):
        return Population(name=name, size=size, tau_m=tau_m, tau_r=FAST,
                          bias=rng.uniform(-0.5, 0.5, size),
                          bias_rate=bias_rate(DT), **more)

    def projection(source, target, shape, scale=0.0):
        if source == INPUT:
            weights = rng.choice([-1.0, 1.0], shape) * rng.uniform(1.0, 2.0, shape)
        else:
            limit = scale * np.sqrt(3.0 / shape[1])
            weights = rng.uniform(-limit, limit, shape)
        return Projection(source=source, target=target, weights=weights)

    slow = tuple(f"slow{number}" for number in range(1, len(SLOW) + 1))
    populations = [population(name, 1, tau) for name, tau in zip(slow, SLOW, strict=True)]
    populations += [population("fast", FAST_SIZE, FAST), population("hidden", HIDDEN, FAST),
                    population("out", 1, FAST, output=True)]
    projections = [projection(INPUT, name, (1, 1)) for name in slow]
    projections += [
        projection(INPUT, "fast", (FAST_SIZE, 1)),
        projection((*slow, "fast"), "hidden", (HIDDEN, len(SLOW) + FAST_SIZE), 0.75),
        projection("hidden", "out", (1, HIDDEN), 0.5),
    ]
    network = Network(name=NAME, dt=DT, inputs=1, populations=populations, projections=projections)
    return apply_rule(network, rule, seed=seed)


XOR = Task(
    name=NAME, about="XOR of this and the previous symbol: 1 → 4 slow + 4 fast → 10 → 1, tanh",
    steps=100_000, test_steps=20_400, washout=400, build=_build, draw=_draw,
    answer_window=ANSWER_WINDOW, paces=PACES,
)
