"""The golden model: a Program advanced bit for bit as the hardware does, compiled by Numba.

One step: every projection is visited once (forward sum, backward sum, both updates), the traces
follow, then all neurons; everything reads what the previous step left.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from model.fixed import limit as _limit
from model.fixed import next_word, saturate, shift_round
from model.formats import COUNTERS
from model.neuron import (
    CHANGE, CHANGE_MEAN, CURRENT, E, ERROR, R, S, U, V, WORD, X, XI, mirror_exponent, neuron_step,
)
from model.frames import Frames
from model.program import Feedback, Flag, Program

__all__ = ["Golden", "Outputs"]

LOW, PSI, PSI_XI = range(3)
LEARN, INTEGRATE = int(Flag.LEARN), int(Flag.INTEGRATE)
RESET_STATE, RESET_TRACE = int(Flag.RESET_STATE), int(Flag.RESET_TRACE)
TIED, MIRROR, KOLEN_POLLACK = int(Feedback.TIED), int(Feedback.MIRROR), int(Feedback.KOLEN_POLLACK)
_RATE, _WEIGHT, _FACTOR, _MIRROR = (
    COUNTERS.index(name) for name in ("rate", "weight", "factor", "mirror"))


@njit
def _reset(flags, inputs, neurons, traces):
    if flags & RESET_STATE:
        for column in (U, S, CURRENT, R, XI, ERROR, E, V, X, CHANGE):
            neurons[inputs:, column] = 0
        traces[:, PSI_XI] = 0
    if flags & RESET_TRACE:
        traces[:, LOW] = 0
        traces[:, PSI] = 0


@njit
def _sums(tied, size, W, B, rates, e, sums):
    """Old weights: returns Σ W r and adds B e (or W e, tied) to ``sums``."""
    total = np.int64(0)
    for j in range(size):
        total += np.int64(W[j]) * np.int64(rates[j])
    back = W if tied else B
    for j in range(size):
        sums[j] += np.int64(back[j]) * e
    return total


@njit
def _learn_forward(p, factor, W, psi, dither, word):
    """W += ê ψ, with stochastic rounding and optional decay; returns saturations."""
    limited, shift, half, decay = 0, p.change_shift, (1 << p.change_shift) >> 1, p.decay_shift
    for j in range(len(W)):
        w = np.int64(W[j])
        step = ((factor * psi[j] + half) >> shift) + np.int64(word ^ dither[j])
        if decay:
            step -= (w << 16) >> decay
        moved = w + (step >> 16)
        kept = saturate(moved, 18)
        limited += moved != kept
        W[j] = kept
    return limited


@njit
def _learn_mirror(B, change, pull, xi, dither, word):
    """B += ηB (ξ ΔI/ε − B), for sources that were noisy; returns saturations."""
    limited = 0
    for j in range(len(B)):
        b, sign = np.int64(B[j]), np.int64(xi[j])
        step = sign * change - ((b << 16) >> pull) + np.int64(word ^ dither[j])
        moved = b + (step >> 16) * (sign & 1)
        kept = saturate(moved, 18)
        limited += moved != kept
        B[j] = kept
    return limited


@njit
def _project(p, neurons, traces, W, B, rates, low, high, totals, sums, flags, modulator, counts):
    """The synapse pass over one projection."""
    first, size = p.source_first, p.source_size
    sources = slice(first, first + size)
    psi = traces[p.trace_first : p.trace_first + size, PSI]
    xi = traces[p.trace_first : p.trace_first + size, PSI_XI]
    learn = flags & LEARN
    rate = shift_round(p.rate_mantissa * modulator, 14)
    for row in range(p.target_size):
        i = p.target_first + row
        base = p.synapse_first + row * size
        w, b = W[base : base + size], B[base : base + size]
        error = neurons[i, E]
        totals[i] += _sums(p.feedback == TIED, size, w, b, rates[sources], error, sums[sources])
        if not learn:
            continue
        word = neurons[i, WORD]
        taught_by = error if p.prospective else neurons[i, ERROR]
        factor = _limit(shift_round(rate * taught_by, p.factor_shift), 18, counts, _FACTOR)
        if p.feedback == MIRROR:
            exponent = mirror_exponent(neurons[i, CHANGE_MEAN], p.noise_shift, p.self_scaling)
            pull = p.mirror_shift + exponent
            change = _limit(shift_round(neurons[i, CHANGE] << 11, pull - p.noise_shift + 4), 32,
                            counts, _MIRROR)
            counts[_WEIGHT] += _learn_mirror(b, change, pull, xi, low[sources],
                                             np.int32(word >> 16))
        if p.plastic:
            word_low, dither = np.int32(word & 0xFFFF), high[sources]
            if p.feedback == KOLEN_POLLACK:
                counts[_WEIGHT] += _learn_forward(p, factor, b, psi, dither, word_low)
            counts[_WEIGHT] += _learn_forward(p, factor, w, psi, dither, word_low)


@njit
def _trace(p, neurons, traces, flags, counts):
    """ψ = D⁺τr I⁻τm [r] for the sources of one projection, and the ξ that rode on r."""
    for j in range(p.source_size):
        t, n = traces[p.trace_first + j], neurons[p.source_first + j]
        if not flags & INTEGRATE:
            t[PSI_XI] = 0
            continue
        low = t[LOW]
        drive = _limit(shift_round((n[R] << 12) - low, 13), 18, counts, _RATE)
        t[PSI] = _limit(shift_round((low << 3) + p.ratio * drive, 15), 18, counts, _RATE)
        t[LOW] = _limit(low + shift_round(p.trace_mantissa * drive, 3 + p.trace_shift), 30, counts,
                        _RATE)
        t[PSI_XI] = n[XI]


@njit(nogil=True)
def _run(populations, projections, tables, neurons, traces, W, B, generator, counts, inputs, teach,
         kind, modulator, flags, rates_out, errors_out):
    size = len(neurons)
    channels = populations[0].size
    totals, sums = np.zeros(size, np.int64), np.zeros(size, np.int64)
    rates, low, high = np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32)
    word = generator[0]
    for t in range(len(flags)):
        _reset(flags[t], channels, neurons, traces)
        neurons[:channels, R] = inputs[t]
        for n in range(size):
            totals[n], sums[n] = 0, 0
            rates[n] = neurons[n, R]
            low[n], high[n] = neurons[n, WORD] & 0xFFFF, neurons[n, WORD] >> 16
        for p in projections:
            _project(p, neurons, traces, W, B, rates, low, high, totals, sums, flags[t],
                     modulator[t], counts)
        for p in projections:
            _trace(p, neurons, traces, flags[t], counts)
        for p in populations:
            for k in range(p.size):
                n, o = p.first + k, p.output_first + k
                word = next_word(word)
                if p.is_input:
                    neurons[n, WORD] = word
                    continue
                given, what = (teach[t, o], kind[t, o]) if p.is_output else (0, 0)
                rate, error = neuron_step(p, neurons[n], totals[n], sums[n], given, what,
                                          modulator[t], flags[t], word, tables, counts)
                if p.is_output:
                    rates_out[t, o], errors_out[t, o] = rate, error
    generator[0] = word


@dataclass
class Outputs:
    """What a block of frames returned: int64 arrays of shape (steps, outputs), in RATE and ERROR."""

    rates: np.ndarray
    errors: np.ndarray


class Golden:
    """The golden model of one program; ``state`` may be read and written between blocks."""

    def __init__(self, program: Program):
        self.program = program
        self.state = program.state.copy()
        self.saturations = np.zeros(len(COUNTERS), np.int64)
        self.steps = 0

    def run(self, frames: Frames) -> Outputs:
        """Advance by ``len(frames)`` steps."""
        program, state = self.program, self.state
        frames.check(program)
        outputs = Outputs(*(np.zeros((len(frames), program.outputs), np.int64) for _ in range(2)))
        _run(program.populations, program.projections, program.tables, state.neurons, state.traces,
             state["W"], state["B"], state.generator, self.saturations, frames.inputs, frames.teach,
             frames.kind, frames.modulator, frames.flags, outputs.rates, outputs.errors)
        self.steps += len(frames)
        return outputs
