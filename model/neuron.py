"""One neuron, one step, in integers: look back, look ahead, and the same for its error.

The equations are those of docs/theory.md; every output is made from the old states, then the states
move.  ``hdl/neuron.py`` is the same function as a pipeline.
"""

from numba import njit

from model.activation import SEGMENT_BITS, SEGMENTS
from model.fixed import bit_length, shift_round
from model.fixed import limit as _limit
from model.formats import COUNTERS
from model.program import NEURON_STATES, Flag, Teach

__all__ = ["neuron_step"]

(U, S, CURRENT, R, XI, ERROR, E, V, X, C0, C1, BIAS, CHANGE, CHANGE_MEAN, WORD) = range(
    len(NEURON_STATES))
_CURRENT, _MEMBRANE, _RATE, _ERROR, _WEIGHT, _BIAS, _FACTOR, _MIRROR = range(len(COUNTERS))
LEARN, INTEGRATE, NOISE = int(Flag.LEARN), int(Flag.INTEGRATE), int(Flag.NOISE)
TARGET, GIVEN = int(Teach.TARGET), int(Teach.ERROR)
HALF = SEGMENTS // 2


@njit(inline="always")
def _sign(value):
    return (1 if value > 0 else 0) - (1 if value < 0 else 0)


@njit(inline="always")
def _tap(tap, move, p):
    return min(max(tap - p.tap_step * move, -p.tap_limit), p.tap_limit)


@njit
def neuron_step(p, n, total, errors_above, teach, kind, modulator, flags, word, tables, counts):
    """Advance neuron state row ``n`` of population record ``p``; returns (φ(s), ē).

    total, errors_above   exact sums Σ W r and Σ B e (29 fractional bits)
    teach, kind           target or error of an output neuron, and which of them it is
    word                  this neuron's random word of this step
    """
    integrate, learn = flags & INTEGRATE, flags & LEARN
    u, e_old, error_old = n[U], n[E], n[ERROR]

    # The membrane looks back, the potential s looks ahead.
    nudge = shift_round(e_old << 8, p.nudge_shift) if p.nudged else 0
    current = _limit(shift_round(total, 6) + (n[BIAS] << 9) + nudge, 27, counts, _CURRENT)
    drive = _limit(shift_round((current << 3) - u, 12), 18, counts, _MEMBRANE)
    s = _limit(shift_round((u << 4) + p.ratio * drive, 14), 20, counts, _MEMBRANE)
    u_new = _limit(u + shift_round(p.membrane_mantissa * drive, 4 + p.membrane_shift), 30, counts,
                   _MEMBRANE)
    if not integrate:
        s = n[S]

    # Rate and slope from the tables; the neuron's sign ξ rides on the rate that is sent.
    segment, position = (s >> SEGMENT_BITS) + HALF, s & ((1 << SEGMENT_BITS) - 1)
    row = tables[p.table, segment]
    rate = row[0] + shift_round(row[1] * position, SEGMENT_BITS)
    slope = row[2] + shift_round(row[3] * position, SEGMENT_BITS)
    xi = 0
    if flags & NOISE and p.noisy:
        xi = 1 if word >> 31 else -1
    sent = _limit(rate + xi * (1 << (15 - p.noise_shift)), 18, counts, _RATE)

    # The error arrives, from above and from the teacher.
    taught = 0
    if p.is_output:
        if kind == TARGET:
            taught = teach - rate
        elif kind == GIVEN:
            taught = teach
    taught = shift_round(taught << 7, 7 - p.gain_shift)
    arrived = _limit(shift_round(errors_above, 14) + taught, 18, counts, _ERROR)
    error = _limit(shift_round(slope * arrived, 16), 18, counts, _ERROR)

    # The same trick with the roles swapped: a low-pass state and two taps.
    v, x, c0, c1 = n[V], n[X], n[C0] >> 9, n[C1] >> 9
    v_now, x_now = _limit(shift_round(v, 12), 18, counts, _ERROR), _limit(
        shift_round(x, 12), 18, counts, _ERROR)
    error_drive = _limit(shift_round((error << 12) - v, 12), 18, counts, _ERROR)
    x_drive = _limit(shift_round(v - x, 12), 18, counts, _ERROR)
    ahead = c0 * error + c1 * v_now
    e = _limit(shift_round(ahead, 12), 18, counts, _ERROR)

    # Taps: sign-sign LMS on the residual, whose power is the distance to the exact adjoint.
    if learn and integrate:
        causal = v - shift_round(p.ratio * error_drive, 4)
        residual = _sign(2 * (c0 * v_now + c1 * x_now) - ahead - causal)
        n[C0] = _tap(n[C0], residual * _sign(2 * v - (error << 12)), p)
        n[C1] = _tap(n[C1], residual * _sign(2 * x - v), p)

    # Bias: the error that the last step left, as for the weights.
    if learn:
        factor = shift_round(p.bias_mantissa * modulator, 14)
        taught_by = e_old if p.prospective else error_old
        step = shift_round(factor * taught_by, p.bias_shift - 2) + (word & 0xFFFF)
        n[BIAS] = _limit(n[BIAS] + (step >> 16), 18, counts, _BIAS)

    if integrate:
        change = _limit(current - n[CURRENT], 27, counts, _CURRENT)
        n[CHANGE_MEAN] += shift_round((abs(change) << 3) - n[CHANGE_MEAN], 8)
        n[CHANGE] = change
        n[CURRENT] = current
        n[U] = u_new
        n[V] = _limit(v + shift_round(p.error_mantissa * error_drive, 4 + p.error_shift), 30,
                      counts, _ERROR)
        n[X] = _limit(x + shift_round(p.membrane_mantissa * x_drive, 4 + p.membrane_shift), 30,
                      counts, _ERROR)
    n[S], n[R], n[XI], n[ERROR], n[E], n[WORD] = s, sent, xi, error, e, word
    return rate, error


@njit(inline="always")
def mirror_exponent(change_mean, noise_shift, self_scaling):
    """2n of ηB · 2**(−2n): n = max(0, ⌊log2(mean|ΔI| / ε)⌋)."""
    if not self_scaling:
        return 0
    return 2 * max(0, bit_length(change_mean) - 27 + noise_shift)
