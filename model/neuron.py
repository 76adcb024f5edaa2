"""One neuron, one step, in integers: look back, look ahead, and the same for its error.

The equations are those of docs/theory.md; every output is made from the old states, then the states
move.  ``hdl/neuron.py`` is the same function as a pipeline.
"""

import numpy as np
from numba import njit

from model.activation import SEGMENT_BITS, SEGMENTS
from model.fixed import bit_length, limit, saturate, shift_round
from model.formats import COUNTERS
from model.program import NEURON_STATES, Flag, Teach

__all__ = ["mirror_exponent", "neuron_step", "tau_pull"]

(U, DRIVE, S, CURRENT, R, XI, ERROR, E, V, X, C0, C1, BIAS, CHANGE, CHANGE_MEAN, WORD) = range(
    len(NEURON_STATES))
_CURRENT, _MEMBRANE, _RATE, _ERROR, _BIAS, _FACTOR = (
    COUNTERS.index(name) for name in ("current", "membrane", "rate", "error", "bias", "factor"))
LEARN, INTEGRATE, NOISE = int(Flag.LEARN), int(Flag.INTEGRATE), int(Flag.NOISE)
TARGET, GIVEN = int(Teach.TARGET), int(Teach.ERROR)
HALF = SEGMENTS // 2


@njit
def _sign(value):
    return (1 if value > 0 else 0) - (1 if value < 0 else 0)


@njit
def _tap(tap, move, p):
    return min(max(tap - p.tap_step * move, -p.tap_limit), p.tap_limit)


@njit
def neuron_step(p, neurons, n, total, errors_above, teach, kind, modulator, flags, word, tables,
                counts, held_slope=-1):
    """Advance row ``n`` of the neuron states, of population record ``p``.

    Returns φ(s), ē, what the teacher says, y − r or the host's error (18 bits), and what
    eligibilities learn from: the error a that arrived, and the slope φ'(s).

    total, errors_above   exact sums Σ W r and Σ B e (29 fractional bits)
    teach, kind           target or error of an output neuron, and which of them it is
    word                  this neuron's random word of this step
    held_slope            slope that meets the error where the neuron is held; its own if negative
    """
    integrate, learn = flags & INTEGRATE, flags & LEARN
    u, e_old, error_old = neurons[n, U], neurons[n, E], neurons[n, ERROR]

    # The membrane looks back, the potential s looks ahead.
    nudge = shift_round(e_old << 8, p.nudge_shift) if p.nudged else 0
    current, hits_current = limit(shift_round(total, 6) + (neurons[n, BIAS] << 9) + nudge, 27)
    drive, hit_drive = limit(shift_round((current << 3) - u, 12), 18)
    s, hit_s = limit(shift_round((u << 4) + p.ratio * drive, 14), 20)
    u_new, hit_u = limit(u + shift_round(p.membrane_mantissa * drive, 4 + p.membrane_shift), 30)
    if not integrate:
        s = neurons[n, S]

    # Rate and slope from the tables; the neuron's sign ξ rides on the rate that is sent.
    table, row = np.uint64(p.table), np.uint64((s >> SEGMENT_BITS) + HALF)
    position = s & ((1 << SEGMENT_BITS) - 1)
    rate = tables[table, row, 0] + shift_round(tables[table, row, 1] * position, SEGMENT_BITS)
    slope = tables[table, row, 2] + shift_round(tables[table, row, 3] * position, SEGMENT_BITS)
    xi = 0
    if flags & NOISE and p.noisy:
        xi = 1 if word >> 31 else -1
    sent, hits_rate = limit(rate + xi * (1 << (15 - p.noise_shift)), 18)

    # The error arrives, from above and from the teacher.
    taught = 0
    if p.is_output:
        if kind == TARGET:
            taught = teach - rate
        elif kind == GIVEN:
            taught = teach
    told = saturate(taught, 18)
    taught = shift_round(taught << 7, 7 - p.gain_shift)
    arrived, hit_arrived = limit(shift_round(errors_above, 14) + taught, 18)
    steepness = slope if integrate or held_slope < 0 else held_slope
    error, hit_error = limit(shift_round(steepness * arrived, 16), 18)

    # The same trick with the roles swapped: a low-pass state and two taps.
    v, x, c0, c1 = neurons[n, V], neurons[n, X], neurons[n, C0] >> 9, neurons[n, C1] >> 9
    v_now, hit_v = limit(shift_round(v, 12), 18)
    x_now, hit_x = limit(shift_round(x, 12), 18)
    error_drive, hit_error_drive = limit(shift_round((error << 12) - v, 12), 18)
    x_drive, hit_x_drive = limit(shift_round(v - x, 12), 18)
    ahead = c0 * error + c1 * v_now
    e, hit_e = limit(shift_round(ahead, 12), 18)
    hits_error = (hit_arrived + hit_error + hit_v + hit_x + hit_error_drive + hit_x_drive + hit_e)

    # Taps: sign-sign LMS on the residual, whose power is the distance to the exact adjoint.
    if learn and integrate:
        causal = v - shift_round(p.ratio * error_drive, 4)
        residual = _sign(2 * (c0 * v_now + c1 * x_now) - ahead - causal)
        neurons[n, C0] = _tap(neurons[n, C0], residual * _sign(2 * v - (error << 12)), p)
        if not p.one_tap:
            neurons[n, C1] = _tap(neurons[n, C1], residual * _sign(2 * x - v), p)

    # Bias: the error that the last step left, as for the weights.
    if learn:
        factor = shift_round(p.bias_mantissa * modulator, 14)
        taught_by = e_old if p.prospective else error_old
        step = shift_round(factor * taught_by, p.bias_shift - 2) + (word & 0xFFFF)
        neurons[n, BIAS], hit = limit(neurons[n, BIAS] + (step >> 16), 18)
        counts[_BIAS] += hit

    if integrate:
        change, hit = limit(current - neurons[n, CURRENT], 27)
        hits_current += hit
        neurons[n, CHANGE_MEAN] += shift_round((abs(change) << 3) - neurons[n, CHANGE_MEAN], 8)
        neurons[n, CHANGE], neurons[n, CURRENT] = change, current
        neurons[n, U], neurons[n, DRIVE] = u_new, drive
        v_step = shift_round(p.error_mantissa * error_drive, 4 + p.error_shift)
        x_step = shift_round(p.membrane_mantissa * x_drive, 4 + p.membrane_shift)
        neurons[n, V], hit_v = limit(v + v_step, 30)
        neurons[n, X], hit_x = limit(x + x_step, 30)
        hits_error += hit_v + hit_x
    neurons[n, S], neurons[n, R], neurons[n, XI] = s, sent, xi
    neurons[n, ERROR], neurons[n, E], neurons[n, WORD] = error, e, word
    counts[_CURRENT] += hits_current
    counts[_MEMBRANE] += hit_drive + hit_s + hit_u
    counts[_RATE] += hits_rate
    counts[_ERROR] += hits_error
    return rate, error, told, arrived, slope


@njit
def tau_pull(p, neurons, n, modulator, counts):
    """One neuron's part in learning τm, η m e (I − u), of what the last step left.

    With u̇ = (I − u)/τm this is Δτm = −η m e u̇ (docs/theory.md) up to a positive factor.
    """
    rate = shift_round(p.tau_mantissa * modulator, 14)
    factor, hit = limit(shift_round(rate * neurons[n, E], p.tau_shift), 18)
    counts[_FACTOR] += hit
    return factor * neurons[n, DRIVE]


@njit
def mirror_exponent(change_mean, noise_shift, self_scaling):
    """2n of ηB · 2**(−2n): n = max(0, ⌊log2(mean|ΔI| / ε)⌋)."""
    if not self_scaling:
        return 0
    return 2 * max(0, bit_length(change_mean) - 27 + noise_shift)
