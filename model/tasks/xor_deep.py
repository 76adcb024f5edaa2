"""Deep temporal XOR: is this symbol the same as the one before the last?

As in ``xor``, the input is a sequence of random symbols ±1 of 1 s each, smoothed by a Gaussian of
0.1 s, but the target is the XOR of this symbol and the one two back.  Two layers with slow
membranes in series remember; an error reaches the lower one only through the upper one.
"""

import numpy as np

from model.defaults import bias_rate
from model.network import INPUT, Network, Population, Projection
from model.rules import apply_rule
from model.tasks.symbols import xor_stream
from model.tasks.task import Stream, Task, random_source

__all__ = ["XOR_DEEP"]

NAME = "xor-deep"
DT = 0.05
DELAY = 2
SYMBOL_STEPS = 20
SMOOTHING = 0.1
FAST = 0.1
SLOW = np.geomspace(0.5, 2.0, 6)
"""τm of the slow neurons of either layer, one population each."""
LOWER_FAST, UPPER_FAST, HIDDEN = 2, 4, 12
ANSWER_WINDOW = (0.35, 0.85)
"""Of a symbol: two widths of the smoothing from the end, and at the start three hops more."""
INPUT_WEIGHTS, LOWER_SCALE, UPPER_SCALE, OUT_SCALE = (1.5, 2.5), 1.25, 0.75, 0.5
"""Initial weights: range of magnitudes from the input, then √n times the standard deviation."""
PACES = {"gle": 2.0**-5, "instant": 2.0**-3, "feedback": 2.0**-2}
"""Of the default rates, for the rules that they do not suit."""


def _draw(seed: int, steps: int, part: str) -> Stream:
    return xor_stream(random_source(NAME, part, seed), steps, delay=DELAY,
                      symbol_steps=SYMBOL_STEPS, smoothing=SMOOTHING, dt=DT)


def _layer(name: str, fast: int) -> list[tuple[str, int, float]]:
    """Names, sizes and τm of a layer's populations: slow ones of one neuron, and a fast one."""
    slow = [(f"{name}{number}", 1, tau_m) for number, tau_m in enumerate(SLOW, start=1)]
    return [*slow, (f"{name}-fast", fast, FAST)]


def _build(rule: str, seed: int) -> Network:
    rng = random_source(NAME, "weights", seed)
    layers = [_layer("lower", LOWER_FAST), _layer("upper", UPPER_FAST),
              [("hidden", HIDDEN, FAST)], [("out", 1, FAST)]]
    populations, projections = [], []
    sources, width = INPUT, 1
    for layer, scale in zip(layers, (None, LOWER_SCALE, UPPER_SCALE, OUT_SCALE), strict=True):
        for name, size, tau_m in layer:
            populations.append(Population(
                name=name, size=size, tau_m=tau_m, tau_r=FAST,
                bias=rng.uniform(-0.5, 0.5, size), bias_rate=bias_rate(DT),
                output=name == "out"))
            projections.append(Projection(
                source=sources, target=name, weights=_weights(rng, (size, width), scale)))
        sources, width = tuple(name for name, _, _ in layer), sum(size for _, size, _ in layer)
    network = Network(name=NAME, dt=DT, inputs=1, populations=populations, projections=projections)
    return apply_rule(network, rule, seed=seed)


def _weights(rng: np.random.Generator, shape: tuple[int, int], scale: float | None) -> np.ndarray:
    """From the input of either sign and large, else uniform with variance ``scale``² / sources."""
    if scale is None:
        return rng.choice([-1.0, 1.0], shape) * rng.uniform(*INPUT_WEIGHTS, shape)
    limit = scale * np.sqrt(3.0 / shape[1])
    return rng.uniform(-limit, limit, shape)


XOR_DEEP = Task(
    name=NAME, about="XOR of this symbol and the one two back: 1 → 6 slow + 2 fast → 6 slow + "
                     "4 fast → 12 → 1, tanh",
    steps=400_000, test_steps=20_400, washout=400, build=_build, draw=_draw,
    answer_window=ANSWER_WINDOW, paces=PACES,
)
