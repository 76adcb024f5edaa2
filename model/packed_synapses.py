"""The synapse pass and the traces of :mod:`model.synapses` and :mod:`model.trace` on vectors.

Everything that a synapse does, but the exact sums, fits 32 bits; where the product of ê and ψ does
not, it is taken in two halves, (9 high bits) ψ 2⁹ + (9 low bits) ψ.
"""

from numba import njit

from model.fixed import limit, shift_round
from model.formats import COUNTERS
from model.neuron import CHANGE, ERROR, WORD, XI, E, R
from model.packed import (
    BACK,
    BITS,
    HEARD,
    HIGH_HALF,
    LOW,
    LOW_HALF,
    MASK,
    NEGATIVE,
    PSI,
    SUM,
    TOTAL,
    VALID,
)
from model.packed_eligibility import eligible_pass
from model.program import Feedback, Flag
from model.simd import clip, count, load8, load16, store, total

__all__ = ["look", "synapse_pass", "trace_pass"]

LEARN, INTEGRATE = int(Flag.LEARN), int(Flag.INTEGRATE)
TIED, MIRROR = int(Feedback.TIED), int(Feedback.MIRROR)
_WEIGHT, _FACTOR, _MIRROR, _RATE = (
    COUNTERS.index(name) for name in ("weight", "factor", "mirror", "rate"))
W, B = 0, 1
TOP = (1 << 17) - 1
ONE_PRODUCT = 1 << 13
"""Bound of ê below which ê ψ, with a dither of up to 2²⁸, fits 32 bits."""
SAFE = (1 << 30) - (1 << 16)
"""Largest pull of the mirror rule to which the rest of a step can be added in 32 bits."""


@njit(forceinline=True)
def look(link, neurons, traces, sources):
    """What rows read of the sources: rates, and the halves of words, the high one shifted."""
    for j in range(0, link.half_width, 8):
        place, n = link.trace + j, link.source_first + j
        word = load8(neurons, WORD, n)
        store(traces, HIGH_HALF, place, (word >> 16) << link.dither_shift)
        store(traces, LOW_HALF, place, word & 0xFFFF)
        store(sources, HEARD, place, load8(neurons, R, n))
        store(sources, BACK, place, word & 0)


@njit(forceinline=True)
def _forward_sum(synapses, base, sources, place, width):
    """Σ W r of one row."""
    found = load8(synapses, W, base) * load8(sources, HEARD, place)
    for j in range(8, width, 8):
        found += load8(synapses, W, base + j) * load8(sources, HEARD, place + j)
    return total(found)


@njit(forceinline=True)
def _backward_sum(synapses, which, base, sources, place, width, e):
    """Add ``e`` times a row of W or B to the sums of its sources."""
    for j in range(0, width, 8):
        sums = load8(sources, BACK, place + j) + load8(synapses, which, base + j) * e
        store(sources, BACK, place + j, sums)


@njit(forceinline=True)
def _learn_forward(synapses, base, traces, place, width, shift, factor, word):
    """W += ê ψ, rounded stochastically; returns saturations."""
    limited, dither = 0, (word << shift) | ((1 << shift) >> 1)
    # An error is seldom so large that its product takes more than 32 bits, and two halves.
    whole = abs(factor) < ONE_PRODUCT
    low, high = factor & 511, factor >> 9
    for j in range(0, width, 16):
        psi, noise = load16(traces, PSI, place + j), load16(traces, HIGH_HALF, place + j) ^ dither
        if whole:
            step = (psi * factor + noise) >> (shift + 16)
        else:
            step = (psi * high + ((psi * low + noise) >> 9)) >> (shift + 7)
        moved = load16(synapses, W, base + j) + step
        kept = clip(moved, -TOP - 1, TOP)
        limited += count(kept != moved)
        store(synapses, W, base + j, kept)
    return limited


@njit(forceinline=True)
def _learn_mirror(synapses, base, traces, place, width, change, pull, word):
    """B += ηB (ξ ΔI/ε − B), for sources that were noisy; returns saturations."""
    limited, up, down = 0, 16 - pull, min(pull - 16, 31)
    for j in range(0, width, 16):
        b, negative = load16(synapses, B, base + j), load16(traces, NEGATIVE, place + j)
        decay = b << up if up > 0 else b >> down
        step = (negative ^ change) - negative - decay
        step += load16(traces, LOW_HALF, place + j) ^ word
        moved = b + ((step >> 16) & load16(traces, MASK, place + j))
        kept = clip(moved, -TOP - 1, TOP)
        limited += count(kept != moved)
        store(synapses, B, base + j, kept)
    return limited


@njit(forceinline=True)
def _learn_mirror_wide(synapses, base, traces, place, width, change, pull, word):
    """The same in 64 bits, for a ``change`` that leaves no room in 32."""
    limited = 0
    for j in range(0, width, 8):
        b, negative = load8(synapses, B, base + j), load8(traces, NEGATIVE, place + j)
        step = (negative ^ change) - negative - ((b << 16) >> pull)
        step += load8(traces, LOW_HALF, place + j) ^ word
        moved = b + ((step >> 16) & load8(traces, MASK, place + j))
        kept = clip(moved, -TOP - 1, TOP)
        limited += count(kept != moved)
        store(synapses, B, base + j, kept)
    return limited


@njit(forceinline=True)
def _learn_row(link, row, neurons, synapses, traces, rate, noisy, counts):
    """The updates of one row of W and B, but for those that wait."""
    i, base = link.target_first + row, link.synapse + row * link.width
    width, place, word = link.width, link.trace, neurons[WORD, i]
    if link.feedback == MIRROR:
        exponent = 2 * max(0, neurons[BITS, i] - 27 + link.noise_shift)
        pull = link.mirror_shift + exponent * link.self_scaling
        change = shift_round(neurons[CHANGE, i] << 11, pull - link.noise_shift + 4)
        change, hit = limit(change, 32)
        counts[_MIRROR] += hit
        if noisy and abs(change) < SAFE:
            counts[_WEIGHT] += _learn_mirror(synapses, base, traces, place, width, change, pull,
                                             word >> 16)
        elif noisy:
            counts[_WEIGHT] += _learn_mirror_wide(synapses, base, traces, place, width, change,
                                                  pull, word >> 16)
    if not link.eligible:
        taught_by = neurons[E, i] if link.prospective else neurons[ERROR, i]
        factor, hit = limit(shift_round(rate * taught_by, link.factor_shift), 18)
        counts[_FACTOR] += hit
        if link.plastic:
            counts[_WEIGHT] += _learn_forward(synapses, base, traces, place, width,
                                              link.change_shift, factor, word & 0xFFFF)


@njit(forceinline=True)
def synapse_pass(link, neurons, synapses, traces, sources, flags, modulator, noisy, counts):
    """Sums and updates of one projection; ``noisy``: whether any source has a sign."""
    rate, width, place = shift_round(link.rate_mantissa * modulator, 14), link.width, link.trace
    back = W if link.feedback == TIED else B
    for row in range(link.target_size):
        i, base = link.target_first + row, link.synapse + row * width
        neurons[TOTAL, i] += _forward_sum(synapses, base, sources, place, link.half_width)
        if neurons[E, i] and not link.to_inputs:
            _backward_sum(synapses, back, base, sources, place, link.half_width, neurons[E, i])
    if flags & LEARN and (not link.eligible or link.feedback == MIRROR):
        for row in range(link.target_size):
            _learn_row(link, row, neurons, synapses, traces, rate, noisy, counts)
    if link.eligible:
        eligible_pass(link, neurons, synapses, traces, flags, rate, modulator, counts)
    if not link.to_inputs:
        for j in range(0, link.half_width, 8):
            n = link.source_first + j
            store(neurons, SUM, n, load8(neurons, SUM, n) + load8(sources, BACK, place + j))


@njit(forceinline=True)
def trace_pass(link, neurons, traces, flags, counts):
    """ψ = D⁺τr I⁻τm [r] for the sources of a projection, and the signs that rode on r.

    Returns whether any source has a sign.
    """
    noisy = 0
    for j in range(0, link.half_width, 8):
        place = link.trace + j
        if not flags & INTEGRATE:
            store(traces, NEGATIVE, place, load8(traces, NEGATIVE, place) & 0)
            store(traces, MASK, place, load8(traces, MASK, place) & 0)
            continue
        low, valid = load8(traces, LOW, place), load8(traces, VALID, place)
        rate = load8(neurons, R, link.source_first + j) & valid
        wanted = shift_round((rate << 12) - low, 13)
        drive = clip(wanted, -TOP - 1, TOP)
        hits = count(drive != wanted)
        wanted = shift_round((low << 3) + drive * link.ratio, 15)
        psi = clip(wanted, -TOP - 1, TOP)
        hits += count(psi != wanted)
        wanted = low + shift_round(drive * link.trace_mantissa, 3 + link.trace_shift)
        kept = clip(wanted, -(1 << 29), (1 << 29) - 1)
        counts[_RATE] += hits + count(kept != wanted)
        store(traces, PSI, place, psi)
        store(traces, LOW, place, kept)
        sign = load8(neurons, XI, link.source_first + j) & valid
        store(traces, NEGATIVE, place, sign >> 1)
        some = clip(sign * sign, 0, 1)
        noisy += count(some != 0)
        store(traces, MASK, place, some * -1)
    return noisy
