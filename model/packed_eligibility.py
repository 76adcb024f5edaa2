"""Eligibilities on vectors: :mod:`model.eligibility`, if they never fade and wait for errors."""

from numba import njit

from model.eligibility import ABOVE, SLOPES
from model.fixed import limit, shift_round
from model.formats import COUNTERS
from model.neuron import WORD
from model.packed import ARRIVED, HIGH_HALF, PSI
from model.program import Feedback, Flag
from model.simd import clip, count, load8, load16, store

__all__ = ["eligible_pass"]

LEARN, INTEGRATE, RESET_TRACE = int(Flag.LEARN), int(Flag.INTEGRATE), int(Flag.RESET_TRACE)
KOLEN_POLLACK = int(Feedback.KOLEN_POLLACK)
_WEIGHT, _FACTOR = COUNTERS.index("weight"), COUNTERS.index("factor")
W, B, E, MOMENTUM = range(4)
TOP = (1 << 17) - 1


@njit(forceinline=True)
def _remember(link, base, synapses, traces, slope, word):
    """E ← E + φ' ψ for one row, rounded stochastically; returns saturations.

    A product of 36 bits is taken in two halves, (9 high bits) ψ 2⁹ + (9 low bits) ψ.
    """
    limited, low, high = 0, slope & 511, slope >> 9
    up, half = link.scale_shift, (1 << link.scale_shift) >> 1
    for j in range(0, link.width, 16):
        psi = load16(traces, PSI, link.trace + j)
        noise = ((load16(traces, HIGH_HALF, link.trace + j) ^ word) << up) + half
        step = (psi * high + ((psi * low + noise) >> 9)) >> (7 + up)
        moved = load16(synapses, E, base + j) + step
        kept = clip(moved, -TOP - 1, TOP)
        limited += count(kept != moved)
        store(synapses, E, base + j, kept)
    return limited


@njit(forceinline=True)
def _move(synapses, which, at, old, step):
    """Add a step with 16 bits more than the values; returns saturations."""
    moved = old + (step >> 16)
    kept = clip(moved, -TOP - 1, TOP)
    store(synapses, which, at, kept)
    return count(kept != moved)


@njit(forceinline=True)
def _learn(link, which, base, synapses, traces, factor, push, word):
    """One step of a row of W or B; returns saturations."""
    limited, half = 0, (1 << link.change_shift) >> 1
    for j in range(0, link.width, 8):
        at, dither = base + j, load8(traces, HIGH_HALF, link.trace + j) ^ word
        if link.by_sign:
            step = clip(load8(synapses, MOMENTUM, at), -1, 1) * push + dither
        else:
            step = ((load8(synapses, E, at) * factor + half) >> link.change_shift) + dither
        old = load8(synapses, which, at)
        if link.decay_shift:
            step = step - ((old << 16) >> link.decay_shift)
        limited += _move(synapses, which, at, old, step)
    return limited


@njit(forceinline=True)
def _gather_momentum(link, base, synapses, traces, factor, word):
    """M += (η m a E − M) 2**−k for one row; returns saturations."""
    limited, half = 0, (1 << link.change_shift) >> 1
    for j in range(0, link.width, 8):
        at, dither = base + j, load8(traces, HIGH_HALF, link.trace + j) ^ word
        old = load8(synapses, MOMENTUM, at)
        gradient = (load8(synapses, E, at) * factor + half) >> link.change_shift
        step = ((gradient - (old << 16)) >> link.momentum_shift) + dither
        limited += _move(synapses, MOMENTUM, at, old, step)
    return limited


@njit(forceinline=True)
def _learn_row(link, row, neurons, synapses, traces, rate, push, counts):
    i, base = link.target_first + row, link.synapse + row * link.width
    factor, hit = limit(shift_round(rate * neurons[ARRIVED + ABOVE, i], link.factor_shift), 18)
    counts[_FACTOR] += hit
    word, limited = neurons[WORD, i] & 0xFFFF, 0
    if link.plastic and link.feedback == KOLEN_POLLACK:
        limited += _learn(link, B, base, synapses, traces, factor, push, word)
    if link.plastic:
        limited += _learn(link, W, base, synapses, traces, factor, push, word)
    if link.plastic and link.by_sign:
        limited += _gather_momentum(link, base, synapses, traces, factor, word)
    counts[_WEIGHT] += limited


@njit
def eligible_pass(link, neurons, synapses, traces, flags, rate, modulator, counts):
    """Everything that the third and fourth words of a projection do in a step."""
    if flags & RESET_TRACE:
        for at in range(link.synapse, link.synapse + link.target_size * link.width):
            synapses[E, at] = 0
    if flags & LEARN:
        push = (modulator << 16) >> link.step_shift
        for row in range(link.target_size):
            _learn_row(link, row, neurons, synapses, traces, rate, push, counts)
    if flags & INTEGRATE:
        for row in range(link.target_size):
            i = link.target_first + row
            counts[_WEIGHT] += _remember(link, link.synapse + row * link.width, synapses, traces,
                                         neurons[ARRIVED + SLOPES, i], neurons[WORD, i] & 0xFFFF)
