"""The synapse pass over one projection: exact sums from the old weights, then the updates.

``hdl/row.py`` and ``hdl/lane.py`` are the same functions in hardware.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from model import formats
from model.eligibility import (
    ABOVE,
    EXPLORED,
    SLOPES,
    forget,
    learn_eligible,
    remember,
)
from model.fixed import limit, saturate, shift_round
from model.formats import COUNTERS
from model.neuron import CHANGE, CHANGE_MEAN, ERROR, WORD, E, mirror_exponent
from model.program import Feedback, Flag

__all__ = ["View", "learn_forward", "learn_mirror", "project"]

LEARN, INTEGRATE, RESET_TRACE = int(Flag.LEARN), int(Flag.INTEGRATE), int(Flag.RESET_TRACE)
ONE = formats.ERROR.one
"""The error in whose place synapses that explore have 1."""
TIED, MIRROR, KOLEN_POLLACK = int(Feedback.TIED), int(Feedback.MIRROR), int(Feedback.KOLEN_POLLACK)
_WEIGHT, _FACTOR, _MIRROR = (COUNTERS.index(name) for name in ("weight", "factor", "mirror"))


class View(NamedTuple):
    """What rows of synapses read, contiguous and narrow so that the compiler vectorises."""

    rates: np.ndarray
    low: np.ndarray
    high: np.ndarray
    psi: np.ndarray
    xi: np.ndarray


# Indices are unsigned: a signed one could be negative, which keeps loops from vectorising.
@njit
def _sums(p, base, back, e, W, view, sums):
    """Old weights: returns Σ W r of one row and adds ``back`` e to ``sums``."""
    total, first, size = np.int64(0), np.uint64(p.source_first), np.uint64(p.source_size)
    for j in range(size):
        total += np.int64(W[base + j]) * np.int64(view.rates[first + j])
    if e:
        for j in range(size):
            sums[first + j] += np.int64(back[base + j]) * e
    return total


@njit
def learn_forward(p, base, weights, factor, word, view):
    """W += ê ψ, with stochastic rounding and optional decay; returns saturations."""
    limited, shift, half, decay = 0, p.change_shift, (1 << p.change_shift) >> 1, p.decay_shift
    first, trace = np.uint64(p.source_first), np.uint64(p.trace_first)
    for j in range(np.uint64(p.source_size)):
        w = np.int64(weights[base + j])
        step = (factor * np.int64(view.psi[trace + j]) + half) >> shift
        step += np.int64(word ^ view.high[first + j])
        if decay:
            step -= (w << 16) >> decay
        moved = w + (step >> 16)
        kept = saturate(moved, 18)
        limited += moved != kept
        weights[base + j] = kept
    return limited


@njit
def learn_mirror(p, base, B, change, pull, word, view):
    """B += ηB (ξ ΔI/ε − B), for sources that were noisy; returns saturations."""
    limited, first, trace = 0, np.uint64(p.source_first), np.uint64(p.trace_first)
    for j in range(np.uint64(p.source_size)):
        b, sign = np.int64(B[base + j]), np.int64(view.xi[trace + j])
        step = sign * change - ((b << 16) >> pull) + np.int64(word ^ view.low[first + j])
        moved = b + (step >> 16) * (sign & 1)
        kept = saturate(moved, 18)
        limited += moved != kept
        B[base + j] = kept
    return limited


@njit
def project(p, third, neurons, factors, synapses, memories, view, totals, sums, flags, modulator,
            counts):
    """The synapse pass over one projection."""
    W, B, memory, momentum = synapses[0], synapses[1], memories[0], memories[1]
    rate = shift_round(p.rate_mantissa * modulator, 14)
    for row in range(p.target_size):
        i = np.uint64(p.target_first + row)
        base = np.uint64(p.synapse_first + row * p.source_size)
        error, word = neurons[i, E], neurons[i, WORD]
        low, high = np.int32(word & 0xFFFF), np.int32(word >> 16)
        if p.feedback == TIED:
            totals[i] += _sums(p, base, W, error, W, view, sums)
        else:
            totals[i] += _sums(p, base, B, error, W, view, sums)
        if third.eligible and flags & RESET_TRACE:
            forget(memory, base, np.uint64(p.source_size))
        if flags & LEARN:
            taught_by = error if p.prospective else neurons[i, ERROR]
            if third.eligible:
                taught_by = ONE if third.explores else factors[i, ABOVE]
            factor, hit = limit(shift_round(rate * taught_by, p.factor_shift), 18)
            counts[_FACTOR] += hit
            if p.feedback == MIRROR:
                exponent = mirror_exponent(neurons[i, CHANGE_MEAN], p.noise_shift, p.self_scaling)
                pull = p.mirror_shift + exponent
                change = shift_round(neurons[i, CHANGE] << 11, pull - p.noise_shift + 4)
                change, hit = limit(change, 32)
                counts[_MIRROR] += hit
                counts[_WEIGHT] += learn_mirror(p, base, B, change, pull, high, view)
            if p.plastic and third.eligible:
                counts[_WEIGHT] += learn_eligible(p, third, base, W, B, memory, momentum, factor,
                                                  modulator, low, view)
            elif p.plastic:
                if p.feedback == KOLEN_POLLACK:
                    counts[_WEIGHT] += learn_forward(p, base, B, factor, low, view)
                counts[_WEIGHT] += learn_forward(p, base, W, factor, low, view)
        if third.eligible and flags & INTEGRATE:
            counts[_WEIGHT] += remember(p, third, base, memory, factors[i, SLOPES],
                                        factors[i, EXPLORED], low, view)
