"""All neurons of a step, eight at a time: :func:`model.neuron.neuron_step` on vectors."""

from numba import njit

from model.activation import SEGMENT_BITS, SEGMENTS
from model.eligibility import ABOVE, EXPLORED, SLOPE_SUMS, SLOPES
from model.fixed import next_word, shift_round
from model.formats import COUNTERS
from model.neuron import (
    BIAS,
    C0,
    C1,
    CHANGE,
    CHANGE_MEAN,
    CURRENT,
    DRIVE,
    ERROR,
    WORD,
    XI,
    E,
    R,
    S,
    U,
    V,
    X,
)
from model.packed import ARRIVED, BITS, GIVEN, PARAMETERS, SEEN, SUM, TEACH, TOLD, TOTAL, VECTOR
from model.program import Flag, Teach
from model.simd import bit_lengths, clip, count, gather, load8, pick, store

__all__ = ["neuron_pass"]

(TABLE, RATIO, MEMBRANE_M, MEMBRANE_K, ERROR_M, ERROR_K, TAP_STEP, TAP_LIMIT, TAP1_STEP, TAP1_LIMIT,
 NOISE, NOISY, IS_OUTPUT, GAIN_K, BIAS_M, BIAS_K, PROSPECTIVE, GATHERS) = range(len(PARAMETERS))
_CURRENT, _MEMBRANE, _RATE, _ERROR, _BIAS = (
    COUNTERS.index(name) for name in ("current", "membrane", "rate", "error", "bias"))
LEARN, INTEGRATE, NOISY_FLAG = int(Flag.LEARN), int(Flag.INTEGRATE), int(Flag.NOISE)
TARGET, ERROR_GIVEN = int(Teach.TARGET), int(Teach.ERROR)
HALF = SEGMENTS // 2
ABOVE_ROW, SLOPES_ROW, EXPLORED_ROW, SLOPE_SUMS_ROW = (
    ARRIVED + column for column in (ABOVE, SLOPES, EXPLORED, SLOPE_SUMS))


@njit(forceinline=True)
def _limit(wanted, width):
    """``wanted`` limited to ``width`` bits, and in how many lanes it had to be."""
    high = (1 << (width - 1)) - 1
    kept = clip(wanted, -high - 1, high)
    return kept, count(kept != wanted)


@njit(forceinline=True)
def _sign(value):
    return clip(value, -1, 1)


@njit(forceinline=True)
def _between(knot, position):
    """A knot's value, and its step to the next one as far as ``position`` goes."""
    return ((knot << 32) >> 32) + shift_round((knot >> 32) * position, SEGMENT_BITS)


@njit(forceinline=True)
def _taps(neurons, n, parameters, flags, v, x, error, error_drive, residual):
    """Sign-sign LMS on the residual, whose power is the distance to the exact adjoint."""
    c0, c1 = load8(neurons, C0, n), load8(neurons, C1, n)
    limit0, limit1 = load8(parameters, TAP_LIMIT, n), load8(parameters, TAP1_LIMIT, n)
    move0 = residual * _sign(v * 2 - (error << 12))
    move1 = residual * _sign(x * 2 - v)
    store(neurons, C0, n, clip(c0 - load8(parameters, TAP_STEP, n) * move0, limit0 * -1, limit0))
    store(neurons, C1, n, clip(c1 - load8(parameters, TAP1_STEP, n) * move1, limit1 * -1, limit1))


@njit(forceinline=True)
def _draw(neurons, first, last, word):
    """Random words of the neurons ``first`` … ``last`` − 1; returns the last one drawn."""
    for n in range(first, last):
        word = next_word(word)
        neurons[WORD, n] = word
    return word


@njit(forceinline=True)
def neuron_pass(neurons, first, parameters, tables, eligible, flags, modulator, drawn, counts):
    """Advance all neurons from number ``first`` on, and draw the words that follow ``drawn``.

    Returns the last of them.  ``eligible``: whether any synapse has an eligibility.
    """
    size = neurons.shape[1] - VECTOR
    drawn = _draw(neurons, 0, min(first + 8, size), drawn)
    integrate, learn, noisy = flags & INTEGRATE, flags & LEARN, (flags & NOISY_FLAG) != 0
    hits_current = hits_membrane = hits_rate = hits_error = hits_bias = 0
    for n in range(first, size, 8):
        # A chain of short operations, which runs beside this turn's long ones.
        drawn = _draw(neurons, n + 8, min(n + 16, size), drawn)
        u, e_old, error_old = load8(neurons, U, n), load8(neurons, E, n), load8(neurons, ERROR, n)
        word, ratio = load8(neurons, WORD, n), load8(parameters, RATIO, n)
        bias = load8(neurons, BIAS, n)

        # The membrane looks back, the potential s looks ahead.
        current, h = _limit(shift_round(load8(neurons, TOTAL, n), 6) + (bias << 9), 27)
        hits_current += h
        drive, h = _limit(shift_round((current << 3) - u, 12), 18)
        s, k = _limit(shift_round((u << 4) + ratio * drive, 14), 20)
        membrane_m = load8(parameters, MEMBRANE_M, n)
        membrane_k = load8(parameters, MEMBRANE_K, n)
        u_new, m = _limit(u + shift_round(membrane_m * drive, membrane_k), 30)
        hits_membrane += h + k + m
        if not integrate:
            s = load8(neurons, S, n)

        # Rate and slope from the tables; the neuron's sign ξ rides on the rate that is sent.
        place = load8(parameters, TABLE, n) + (s >> SEGMENT_BITS) + HALF
        position = s & ((1 << SEGMENT_BITS) - 1)
        rate = _between(gather(tables, 0, place), position)
        slope = _between(gather(tables, 1, place), position)
        xi = ((word >> 31) * 2 - 1) & load8(parameters, NOISY, n) & -noisy
        sent, h = _limit(rate + xi * load8(parameters, NOISE, n), 18)
        hits_rate += h

        # The error arrives, from above and from the teacher.
        given, teach = load8(neurons, GIVEN, n), load8(neurons, TEACH, n)
        taught = pick(given == TARGET, teach - rate, pick(given == ERROR_GIVEN, teach, 0))
        taught = taught & load8(parameters, IS_OUTPUT, n)
        told, _ = _limit(taught, 18)
        taught = shift_round(taught << 7, load8(parameters, GAIN_K, n))
        arrived, h = _limit(shift_round(load8(neurons, SUM, n), 14) + taught, 18)
        steepness = slope
        if eligible:
            gathers = load8(parameters, GATHERS, n)
            sums = load8(neurons, SLOPE_SUMS_ROW, n)
            if integrate:
                gathered, k = _limit(sums + (slope & gathers), 24)
                hits_rate += k
                store(neurons, SLOPE_SUMS_ROW, n, gathered)
                store(neurons, EXPLORED_ROW, n, xi)
            else:
                held = pick(gathers < 0, sums >> 6, -1)
                steepness = pick(held < 0, slope, held)
            store(neurons, ABOVE_ROW, n, arrived)
            store(neurons, SLOPES_ROW, n, slope)
        error, k = _limit(shift_round(steepness * arrived, 16), 18)
        hits_error += h + k

        # The same trick with the roles swapped: a low-pass state and two taps.
        v, x = load8(neurons, V, n), load8(neurons, X, n)
        c0, c1 = load8(neurons, C0, n) >> 9, load8(neurons, C1, n) >> 9
        v_now, h = _limit(shift_round(v, 12), 18)
        x_now, k = _limit(shift_round(x, 12), 18)
        hits_error += h + k
        error_drive, h = _limit(shift_round((error << 12) - v, 12), 18)
        x_drive, k = _limit(shift_round(v - x, 12), 18)
        hits_error += h + k
        ahead = c0 * error + c1 * v_now
        e, h = _limit(shift_round(ahead, 12), 18)
        hits_error += h
        if learn and integrate:
            causal = v - shift_round(ratio * error_drive, 4)
            residual = _sign((c0 * v_now + c1 * x_now) * 2 - ahead - causal)
            _taps(neurons, n, parameters, flags, v, x, error, error_drive, residual)

        # Bias: the error that the last step left, as for the weights.
        if learn:
            factor = shift_round(load8(parameters, BIAS_M, n) * modulator, 14)
            taught_by = pick(load8(parameters, PROSPECTIVE, n) != 0, e_old, error_old)
            step = shift_round(factor * taught_by, load8(parameters, BIAS_K, n)) + (word & 0xFFFF)
            bias, h = _limit(bias + (step >> 16), 18)
            hits_bias += h
            store(neurons, BIAS, n, bias)

        if integrate:
            change, h = _limit(current - load8(neurons, CURRENT, n), 27)
            hits_current += h
            mean = load8(neurons, CHANGE_MEAN, n)
            swing = pick(change < 0, change * -1, change)
            mean = mean + shift_round((swing << 3) - mean, 8)
            store(neurons, CHANGE_MEAN, n, mean)
            store(neurons, BITS, n, bit_lengths(mean))
            store(neurons, CHANGE, n, change)
            store(neurons, CURRENT, n, current)
            store(neurons, U, n, u_new)
            store(neurons, DRIVE, n, drive)
            error_m, error_k = load8(parameters, ERROR_M, n), load8(parameters, ERROR_K, n)
            v, h = _limit(v + shift_round(error_m * error_drive, error_k), 30)
            x, k = _limit(x + shift_round(membrane_m * x_drive, membrane_k), 30)
            hits_error += h + k
            store(neurons, V, n, v)
            store(neurons, X, n, x)
        store(neurons, S, n, s)
        store(neurons, R, n, sent)
        store(neurons, XI, n, xi)
        store(neurons, ERROR, n, error)
        store(neurons, E, n, e)
        store(neurons, TOLD, n, told)
        store(neurons, TOTAL, n, u & 0)
        store(neurons, SUM, n, u & 0)
        store(neurons, SEEN, n, rate)
    counts[_CURRENT] += hits_current
    counts[_MEMBRANE] += hits_membrane
    counts[_RATE] += hits_rate
    counts[_ERROR] += hits_error
    counts[_BIAS] += hits_bias
    return drawn
