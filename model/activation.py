"""Activation functions φ as interpolated tables.

A table spans arguments −8 … +8 in 256 segments.  Each segment holds φ and its slope φ' at the left
knot and their differences to the right knot; in between both are interpolated linearly, so any
smooth φ is a matter of memory contents.  tanh is within 4e-4 of the exact function.
"""

from dataclasses import dataclass

import numpy as np

from model.formats import ARGUMENT, RATE, SLOPE

__all__ = ["ACTIVATIONS", "Activation", "SEGMENTS", "SEGMENT_BITS", "table"]

SEGMENTS = 256
SEGMENT_BITS = ARGUMENT.width - 8
"""Low bits of the argument: the position inside a segment."""


@dataclass(frozen=True)
class Activation:
    """A rate function ``value(s)`` and its derivative ``slope(s)``, both on float64 arrays."""

    value: callable
    slope: callable


LEAK = 2.0**-6
"""Slope of ``leaky-tanh`` far from 0."""


def _sigmoid(s):
    return 0.5 * (1.0 + np.tanh(0.5 * s))


ACTIVATIONS = {
    "linear": Activation(lambda s: s, np.ones_like),
    "tanh": Activation(np.tanh, lambda s: 1.0 - np.tanh(s) ** 2),
    # A slope that never vanishes lets saturated neurons come back (LeCun et al. 1998, 4.4).
    "leaky-tanh": Activation(lambda s: np.tanh(s) + LEAK * s,
                             lambda s: 1.0 + LEAK - np.tanh(s) ** 2),
    "softplus": Activation(lambda s: np.logaddexp(0.0, s), _sigmoid),
    "sigmoid": Activation(_sigmoid, lambda s: _sigmoid(s) * (1.0 - _sigmoid(s))),
    "relu": Activation(lambda s: np.maximum(s, 0.0), lambda s: (s > 0).astype(np.float64)),
}


def table(name: str) -> np.ndarray:
    """Table of one activation: int64, shape (256, 4), columns φ, Δφ, φ', Δφ'."""
    function = ACTIVATIONS[name]
    knots = np.linspace(-ARGUMENT.limit, ARGUMENT.limit, SEGMENTS + 1)
    value = RATE.quantize(function.value(knots))
    slope = SLOPE.quantize(function.slope(knots))
    return np.stack([value[:-1], np.diff(value), slope[:-1], np.diff(slope)], axis=1)
