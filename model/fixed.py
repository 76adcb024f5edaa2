"""Integer verbs of the golden model: the only places where a number becomes narrower.

All work on int64 and are compiled by Numba; the hardware's twins live in ``hdl/fixed.py``.
"""

import numpy as np
from numba import njit

__all__ = ["shift_round", "saturate", "limit", "bit_length", "next_word"]


@njit(cache=True)
def shift_round(value, shift):
    """``value / 2**shift``, rounded half up; ``shift`` ≥ 0."""
    return (value + ((1 << shift) >> 1)) >> shift


@njit(cache=True)
def saturate(value, width):
    """``value`` limited to ``width`` bits of two's complement."""
    high = (1 << (width - 1)) - 1
    return min(max(value, -high - 1), high)


@njit(cache=True)
def limit(value, width):
    """``saturate``, and whether it had to (0 or 1)."""
    kept = saturate(value, width)
    return kept, np.int64(kept != value)


@njit(cache=True)
def bit_length(value):
    """Bits needed for a non-negative ``value`` below 2**31: 0 for 0, else 1 + ⌊log2⌋."""
    length = 0
    for step in (16, 8, 4, 2, 1):
        if value >> step:
            value >>= step
            length += step
    return length + (1 if value else 0)


@njit(cache=True)
def next_word(word):
    """Next state of the xorshift32 generator (Marsaglia 2003, shifts 13, 17, 5); never 0."""
    word ^= (word << 13) & 0xFFFFFFFF
    word ^= word >> 17
    word ^= (word << 5) & 0xFFFFFFFF
    return word
