"""The golden step with word lengths as parameters: how many bits does learning need?

The same equations, order and random words as :mod:`model.golden`, in float64 with every rounding
and every limit written out; sums and products of operands up to 24 bits are exact in its 53.  At
the chosen formats it equals the golden model on every state, which is what makes its other word
lengths worth believing.  It studies ordinary runs: learning with m = 1, or frozen.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from model.activation import SEGMENTS
from model.compiler import compile_network
from model.fixed import next_word
from model.formats import ARGUMENT, MIRROR_STEP, MODULATOR, RATE, ROUNDING_BITS, WEIGHT
from model.network import Network, NetworkError
from model.program import NEURON_STATES, SYNAPSE_STATES, TRACE_STATES, Feedback
from model.words import Scales, Words, knots, population_values, projection_values

__all__ = ["STATES", "Study"]

TIED, MIRROR = int(Feedback.TIED), int(Feedback.MIRROR)
STATES = {name: form for name, form in (NEURON_STATES | TRACE_STATES | SYNAPSE_STATES).items()
          if name != "drive"}
"""States and their formats at the chosen word lengths."""
NEAR, FAR = RATE.limit, WEIGHT.limit
"""The two ranges of formats: rates, traces, errors; weights, drives, currents, potentials."""
PULL = MIRROR_STEP.limit
PER_UNIT = SEGMENTS / (2 * ARGUMENT.limit)
"""Table segments per unit of the argument."""
LOW_HALF = 0xFFFF

Arrays = NamedTuple("Arrays", [(name, np.ndarray) for name in STATES])

# No scale is 0; looking for one at every division would double the time of a step.
_compiled = njit(cache=True, error_model="numpy")


@_compiled
def _round(value, scale):
    return np.floor(value * scale + 0.5) / scale


@_compiled
def _narrow(value, scale, limit):
    """Rounded half up to multiples of 1/scale, and limited to ±limit."""
    return min(max(np.floor(value * scale + 0.5) / scale, -limit), limit - 1.0 / scale)


@_compiled
def _moved(weight, step, bits, f):
    """``weight`` + ``step``, rounded stochastically with the random ``bits``, or half up."""
    dither = bits / (1 << ROUNDING_BITS) if f.stochastic else 0.5
    moved = weight + np.floor(step * f.weight + dither) / f.weight
    return min(max(moved, -FAR), FAR - 1.0 / f.weight)


@_compiled
def _sign(value):
    return (1.0 if value > 0 else 0.0) - (1.0 if value < 0 else 0.0)


@_compiled
def _tap(tap, move, p):
    return min(max(tap - p.tap_step * move, -p.tap_limit), p.tap_limit)


@_compiled
def _neuron(p, n, a, total, above, taught, learn, modulator, word, table, f):
    """Advance neuron ``n``; ``taught`` is a target if it is an output that learns, else unused."""
    u, v, x, e_old, error_old = a.u[n], a.v[n], a.x[n], a.e[n], a.error[n]
    current = _narrow(total + a.bias[n], f.current, FAR)
    drive = _narrow(current - u, f.drive, FAR)
    s = _narrow(u + p.ratio * drive, f.argument, FAR)

    place = s * PER_UNIT
    left = np.floor(place)
    row, position = int(left) + SEGMENTS // 2, place - left
    rate = table[row, 0] + _round(table[row, 1] * position, f.rate)
    slope = table[row, 2] + _round(table[row, 3] * position, f.slope)
    xi = 0.0
    if learn and p.noisy:
        xi = 1.0 if word >> 31 else -1.0

    mismatch = _round((taught - rate) * p.gain, f.error) if learn and p.is_output else 0.0
    arrived = _narrow(_round(above, f.error) + mismatch, f.error, NEAR)
    error = _narrow(slope * arrived, f.error, NEAR)
    v_now, x_now = _narrow(v, f.error, NEAR), _narrow(x, f.error, NEAR)
    error_drive, x_drive = _narrow(error - v, f.error, NEAR), _narrow(v - x, f.error, NEAR)
    c0, c1 = np.floor(a.c0[n] * f.tap) / f.tap, np.floor(a.c1[n] * f.tap) / f.tap
    ahead = c0 * error + c1 * v_now

    if learn:
        causal = v - _round(p.ratio * error_drive, f.integrator)
        residual = _sign(2 * (c0 * v_now + c1 * x_now) - ahead - causal)
        a.c0[n] = _tap(a.c0[n], residual * _sign(2 * v - error), p)
        a.c1[n] = _tap(a.c1[n], residual * _sign(2 * x - v), p)
        rate_now = _round(p.bias_rate * modulator, p.bias_scale)
        step = _round(rate_now * (e_old if p.prospective else error_old), f.fine)
        a.bias[n] = _moved(a.bias[n], step, word & LOW_HALF, f)

    a.change[n] = _narrow(current - a.current[n], f.current, FAR)
    mean = a.change_mean[n]
    a.change_mean[n] = mean + _round((abs(a.change[n]) - mean) / 256, f.change_mean)
    a.u[n] = _narrow(u + p.membrane * drive, f.membrane, FAR)
    a.v[n] = _narrow(v + p.error * error_drive, f.integrator, NEAR)
    a.x[n] = _narrow(x + p.membrane * x_drive, f.integrator, NEAR)
    a.current[n], a.s[n], a.xi[n], a.word[n] = current, s, xi, word
    a.r[n] = _narrow(rate + xi * p.noise, f.rate, NEAR)
    a.error[n], a.e[n] = error, _narrow(ahead, f.error, NEAR)
    return rate


@_compiled
def _project(p, a, totals, sums, learn, modulator, f):
    """Sums of one projection, then its updates."""
    rate = _round(p.rate * modulator, p.rate_scale)
    for row in range(p.target_size):
        i, base = p.target_first + row, p.synapse_first + row * p.source_size
        word, e = a.word[i], a.e[i]
        for j in range(p.source_size):
            n = p.source_first + j
            totals[i] += a.W[base + j] * a.r[n]
            sums[n] += (a.W[base + j] if p.feedback == TIED else a.B[base + j]) * e
        if not learn:
            continue
        factor = _narrow(rate * (e if p.prospective else a.error[i]), p.factor_scale,
                         p.factor_limit)
        if p.feedback == MIRROR:
            _mirror(p, base, i, a, word, f)
        if p.plastic:
            for j in range(p.source_size):
                step = _round(factor * a.psi[p.trace_first + j], f.fine)
                bits = (word & LOW_HALF) ^ (a.word[p.source_first + j] >> 16)
                a.W[base + j] = _moved(a.W[base + j], step, bits, f)


@_compiled
def _mirror(p, base, i, a, word, f):
    """B += ηB (ξ ΔI/ε − B) for one row, ηB slowed down where ΔI is large beside ε."""
    pull, mean = p.mirror_shift, a.change_mean[i]
    if p.self_scaling and mean > 0:
        pull += 2 * max(0, math.frexp(mean)[1] - 1 + p.noise_shift)
    rate = math.ldexp(1.0, -pull)
    change = _narrow(a.change[i] * math.ldexp(rate, p.noise_shift), f.fine, PULL)
    for j in range(p.source_size):
        sign, b = a.psi_xi[p.trace_first + j], a.B[base + j]
        if sign != 0:
            step = sign * change - np.floor(b * rate * f.fine) / f.fine
            bits = (word >> 16) ^ (a.word[p.source_first + j] & LOW_HALF)
            a.B[base + j] = _moved(b, step, bits, f)


@_compiled
def _trace(p, a, f):
    """ψ = D⁺τr I⁻τm [r] for the sources of one projection."""
    for j in range(p.source_size):
        t, n = p.trace_first + j, p.source_first + j
        low = a.low[t]
        drive = _narrow(a.r[n] - low, f.drive, FAR)
        a.psi[t] = _narrow(low + p.ratio * drive, f.rate, NEAR)
        a.low[t] = _narrow(low + p.trace * drive, f.trace, NEAR)
        a.psi_xi[t] = a.xi[n]


@_compiled
def _run(populations, projections, tables, a, generator, inputs, targets, modulator, learn, f,
         outputs):
    size, channels = len(a.u), inputs.shape[1]
    totals, sums = np.zeros(size), np.zeros(size)
    word = generator[0]
    for t in range(len(inputs)):
        a.r[:channels] = inputs[t]
        for q in range(len(projections)):
            _project(projections[q], a, totals, sums, learn, modulator[t], f)
        for q in range(len(projections)):
            _trace(projections[q], a, f)
        for q in range(len(populations)):
            p = populations[q]
            for k in range(p.size):
                n, o = p.first + k, p.output_first + k
                word = next_word(word)
                if p.is_input:
                    a.word[n] = word
                else:
                    taught = targets[t, o] if learn and p.is_output else 0.0
                    rate = _neuron(p, n, a, totals[n], sums[n], taught, learn, modulator[t], word,
                                   tables[q], f)
                    if p.is_output:
                        outputs[t, o] = rate
        totals[:], sums[:] = 0.0, 0.0
    generator[0] = word


class Study:
    """A network run with the word lengths ``words``; starts as the golden model would.

    ``state`` holds every state by name, in real units (ξ and words as they are).
    """

    def __init__(self, network: Network, *, words: Words, seed: int = 0):
        program = compile_network(network, seed=seed)
        self.program, self.words = program, words
        self._records = (population_values(program, words), projection_values(program, words),
                         knots(network, words))
        self._scales = Scales.of(words)
        self._generator = program.state.generator.copy()
        self.state = {name: self._initial(name) for name in STATES}

    def _initial(self, name: str) -> np.ndarray:
        form, values = STATES[name], self.program.state[name]
        if form is None:
            return values.copy() if name == "word" else values.astype(np.float64)
        real = form.real(values)
        if form is not WEIGHT:
            return real
        shorter = self.words.weight(form)
        return shorter.real(shorter.quantize(real))

    def run(self, inputs: np.ndarray, targets: np.ndarray | None = None,
            modulator: np.ndarray | float = 1.0) -> np.ndarray:
        """Output rates (T, outputs) for real ``inputs`` (T, channels).

        Learns from ``targets`` (T, outputs) with the neuromodulator ``modulator``, one number or
        (T,); without targets, frozen: plasticity and noise off.
        """
        rate = self.words.signal(RATE)
        learn = targets is not None
        inputs = rate.real(rate.quantize(inputs))
        outputs = np.zeros((len(inputs), self.program.outputs))
        taught = rate.real(rate.quantize(targets)) if learn else outputs
        modulator = np.array(np.broadcast_to(MODULATOR.real(MODULATOR.quantize(modulator)),
                                             len(inputs)))
        for what, array, width in (("inputs", inputs, self.program.inputs),
                                   ("targets", taught, self.program.outputs)):
            if array.shape != (len(inputs), width):
                raise NetworkError(f"{what} have shape {array.shape}; the program needs "
                                   f"{(len(inputs), width)}")
        _run(*self._records, Arrays(**self.state), self._generator, inputs, taught, modulator,
             learn, self._scales, outputs)
        return outputs
