"""Eligibilities: a third word per synapse, which waits for an error or a reward to come.

    E ← ϑ E + f ψ         W += η m a E        f = φ', a the error that arrived; or f = ξ, a = 1

Both read what the step before left: f, ψ and a of step t − 1, E as it was.  E moves in frames that
integrate, W in frames that learn; an error may therefore come down while the neurons are held.
On its way it meets, in place of the slope of the moment, the sum of the slopes since the reset.
"""

import numpy as np
from numba import njit

from model.fixed import limit, saturate
from model.formats import SLOPE
from model.network import Eligibility, NetworkError
from model.program import ELIGIBILITY_FIELDS, ELIGIBILITY_NEURON_STATES, Feedback, Flag, Program
from model.quantize import power_of_two

__all__ = ["ABOVE", "EXPLORED", "FOREVER", "SCALES", "SLOPES", "SLOPE_SUMS", "eligibility_record",
           "forget", "gathering", "held_slope", "learn_eligible", "note", "remember"]

ABOVE, SLOPES, EXPLORED, SLOPE_SUMS = range(len(ELIGIBILITY_NEURON_STATES))
MOST_RETENTION = 15
"""k of the longest memory that fades, ϑ = 1 − 2**−k."""
FOREVER = 31
"""k that stands for ϑ = 1."""
SCALES = {2.0**-shift: shift for shift in (0, 3, 6)}
"""Scales of E, and their shifts; the steps of three are those of the learning factor's formats."""
INTEGRATE = int(Flag.INTEGRATE)
KOLEN_POLLACK = int(Feedback.KOLEN_POLLACK)
SLOPE_ONE = SLOPE.one


def eligibility_record(eligibility: Eligibility | None, where: str) -> dict:
    """Fields of ``ELIGIBILITY_FIELDS``; :class:`NetworkError` for what cannot be represented."""
    if eligibility is None:
        return dict.fromkeys(ELIGIBILITY_FIELDS, 0)
    for what, value, known in (("factor", eligibility.factor, ("slope", "sign")),
                               ("update", eligibility.update, ("plain", "sign")),
                               ("scale", eligibility.scale, tuple(SCALES))):
        if value not in known:
            raise NetworkError(f"{where}: eligibility's {what} = {value!r}; there are: "
                               f"{', '.join(map(str, known))}")
    return {
        "eligible": 1, "explores": int(eligibility.factor == "sign"),
        "scale_shift": SCALES[eligibility.scale],
        "retention_shift": _retention(eligibility.retention, where),
        "by_sign": int(eligibility.update == "sign"),
        "momentum_shift": -power_of_two(eligibility.momentum, f"{where}: momentum", -15, 0),
        "step_shift": -power_of_two(eligibility.step, f"{where}: step", -30, 0),
    }


def _retention(value: float, where: str) -> int:
    if value == 1:
        return FOREVER
    if not 0 <= value < 1:
        raise NetworkError(f"{where}: retention ϑ = {value:g} is outside 0 … 1")
    return -power_of_two(1 - value, f"{where}: 1 − ϑ", -MOST_RETENTION, 0)


def gathering(program: Program) -> np.ndarray:
    """Populations whose error meets the sum of slopes when held, bool: targets of eligibilities
    that wait for an error."""
    gathers = np.zeros(len(program.populations), np.bool_)
    for p, third in zip(program.projections, program.eligibilities, strict=True):
        gathers[int(p["target"])] |= bool(third["eligible"] and not third["explores"])
    return gathers


@njit
def held_slope(factors, n):
    """The sum of slopes of a neuron, over 64, as an operand."""
    return factors[n, SLOPE_SUMS] >> 6


@njit
def note(factors, n, above, slope, xi, flags, gathers):
    """What a neuron leaves for the eligibilities of its synapses; returns saturations.

    gathers   whether its slopes are summed
    """
    factors[n, ABOVE], factors[n, SLOPES], hit = above, slope, np.int64(0)
    if flags & INTEGRATE:
        factors[n, EXPLORED] = xi
        if gathers:
            factors[n, SLOPE_SUMS], hit = limit(factors[n, SLOPE_SUMS] + slope, 24)
    return hit


@njit
def forget(E, base, size):
    """E ← 0 for one row."""
    for j in range(size):
        E[base + j] = 0


@njit
def remember(p, third, base, E, slope, explored, word, view):
    """E ← ϑ E + f ψ for one row, rounded stochastically; returns saturations."""
    limited, scale, fade = 0, third.scale_shift, third.retention_shift
    half, fades = (1 << scale) >> 1, np.int64(fade != FOREVER)
    factor = SLOPE_ONE * explored if third.explores else slope
    first, trace = np.uint64(p.source_first), np.uint64(p.trace_first)
    for j in range(np.uint64(p.source_size)):
        old = np.int64(E[base + j]) << 16
        step = (factor * np.int64(view.psi[trace + j]) + half) >> scale
        step += np.int64(word ^ view.high[first + j])
        moved = (old - (old >> fade) * fades + step) >> 16
        kept = saturate(moved, 18)
        limited += moved != kept
        E[base + j] = kept
    return limited


@njit
def _move(values, at, step, decay):
    """Add a step with 16 bits more than the value, less its decay; returns whether it saturated."""
    old = np.int64(values[at])
    if decay:
        step -= (old << 16) >> decay
    moved = old + (step >> 16)
    values[at] = saturate(moved, 18)
    return np.int64(values[at] != moved)


@njit
def _learn_plain(weights, base, size, E, factor, shift, decay, word, high):
    """W += η m a E with stochastic rounding; returns saturations."""
    limited, half = 0, (1 << shift) >> 1
    for j in range(size):
        step = (factor * np.int64(E[base + j]) + half) >> shift
        limited += _move(weights, base + j, step + np.int64(word ^ high[j]), decay)
    return limited


@njit
def _learn_by_sign(weights, base, size, momentum, push, decay, word, high):
    """W += push sign(momentum) with stochastic rounding; returns saturations."""
    limited = 0
    for j in range(size):
        now = np.int64(momentum[base + j])
        step = push * (np.int64(now > 0) - np.int64(now < 0)) + np.int64(word ^ high[j])
        limited += _move(weights, base + j, step, decay)
    return limited


@njit
def _gather_momentum(third, momentum, base, size, E, factor, shift, word, high):
    """M += (η m a E − M) 2**−k with stochastic rounding; returns saturations."""
    limited, half, part = 0, (1 << shift) >> 1, third.momentum_shift
    for j in range(size):
        old = np.int64(momentum[base + j])
        gradient = (factor * np.int64(E[base + j]) + half) >> shift
        step = ((gradient - (old << 16)) >> part) + np.int64(word ^ high[j])
        limited += _move(momentum, base + j, step, 0)
    return limited


@njit
def learn_eligible(p, third, base, W, B, E, momentum, factor, modulator, word, view):
    """The updates of one row of an eligible projection; returns saturations."""
    size, shift, limited = np.uint64(p.source_size), p.change_shift, 0
    high = view.high[np.uint64(p.source_first):]
    copies = p.feedback == KOLEN_POLLACK
    if third.by_sign:
        push = (modulator << 16) >> third.step_shift
        if copies:
            limited += _learn_by_sign(B, base, size, momentum, push, p.decay_shift, word, high)
        limited += _learn_by_sign(W, base, size, momentum, push, p.decay_shift, word, high)
        limited += _gather_momentum(third, momentum, base, size, E, factor, shift, word, high)
    else:
        if copies:
            limited += _learn_plain(B, base, size, E, factor, shift, p.decay_shift, word, high)
        limited += _learn_plain(W, base, size, E, factor, shift, p.decay_shift, word, high)
    return limited
