"""The golden model: a Program advanced bit for bit as the hardware does, compiled by Numba.

One step: every projection is visited once (forward sum, backward sum, both updates), the traces
follow, then all neurons; everything reads what the previous step left.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba import njit

from model.fixed import limit, next_word, saturate, shift_round
from model.formats import COUNTERS
from model.frames import Frames
from model.neuron import (
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
    mirror_exponent,
    neuron_step,
    tau_pull,
)
from model.program import ALPHA_BITS, LEAST_ALPHA, Feedback, Flag, Program

__all__ = ["Golden", "Outputs"]

LOW, PSI, PSI_XI = range(3)
ALPHA, ENERGY, COST = range(3)
LEARN, INTEGRATE = int(Flag.LEARN), int(Flag.INTEGRATE)
RESET_STATE, RESET_TRACE = int(Flag.RESET_STATE), int(Flag.RESET_TRACE)
TIED, MIRROR, KOLEN_POLLACK = int(Feedback.TIED), int(Feedback.MIRROR), int(Feedback.KOLEN_POLLACK)
_RATE, _ERROR, _WEIGHT, _FACTOR, _MIRROR = (
    COUNTERS.index(name) for name in ("rate", "error", "weight", "factor", "mirror"))


@njit
def _reset(flags, inputs, neurons, traces):
    if flags & RESET_STATE:
        for column in (U, DRIVE, S, CURRENT, R, XI, ERROR, E, V, X, CHANGE):
            neurons[inputs:, column] = 0
        traces[:, PSI_XI] = 0
    if flags & RESET_TRACE:
        traces[:, LOW] = 0
        traces[:, PSI] = 0


# Indices are unsigned: a signed one could be negative, which keeps loops from vectorising.
@njit
def _sums(p, base, back, e, W, view, sums):
    """Old weights: returns Σ W r of one row and adds ``back`` e to ``sums``."""
    total, first, size = np.int64(0), np.uint64(p.source_first), np.uint64(p.source_size)
    for j in range(size):
        total += np.int64(W[base + j]) * np.int64(view.rates[first + j])
    for j in range(size):
        sums[first + j] += np.int64(back[base + j]) * e
    return total


@njit
def _learn_forward(p, base, weights, factor, word, view):
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
def _learn_mirror(p, base, B, change, pull, word, view):
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
def _project(p, neurons, W, B, view, totals, sums, flags, modulator, counts):
    """The synapse pass over one projection."""
    rate = shift_round(p.rate_mantissa * modulator, 14)
    for row in range(p.target_size):
        i = np.uint64(p.target_first + row)
        base = np.uint64(p.synapse_first + row * p.source_size)
        error = neurons[i, E]
        if p.feedback == TIED:
            totals[i] += _sums(p, base, W, error, W, view, sums)
        else:
            totals[i] += _sums(p, base, B, error, W, view, sums)
        if not flags & LEARN:
            continue
        word = neurons[i, WORD]
        taught_by = error if p.prospective else neurons[i, ERROR]
        factor, hit = limit(shift_round(rate * taught_by, p.factor_shift), 18)
        counts[_FACTOR] += hit
        if p.feedback == MIRROR:
            exponent = mirror_exponent(neurons[i, CHANGE_MEAN], p.noise_shift, p.self_scaling)
            pull = p.mirror_shift + exponent
            change = shift_round(neurons[i, CHANGE] << 11, pull - p.noise_shift + 4)
            change, hit = limit(change, 32)
            counts[_MIRROR] += hit
            counts[_WEIGHT] += _learn_mirror(p, base, B, change, pull, np.int32(word >> 16), view)
        if p.plastic:
            word_low = np.int32(word & 0xFFFF)
            if p.feedback == KOLEN_POLLACK:
                counts[_WEIGHT] += _learn_forward(p, base, B, factor, word_low, view)
            counts[_WEIGHT] += _learn_forward(p, base, W, factor, word_low, view)


@njit
def _trace(p, neurons, traces, flags, counts):
    """ψ = D⁺τr I⁻τm [r] for the sources of one projection, and the ξ that rode on r."""
    for j in range(np.uint64(p.source_size)):
        t, n = np.uint64(p.trace_first) + j, np.uint64(p.source_first) + j
        if not flags & INTEGRATE:
            traces[t, PSI_XI] = 0
            continue
        low = traces[t, LOW]
        drive, hit_drive = limit(shift_round((neurons[n, R] << 12) - low, 13), 18)
        traces[t, PSI], hit_psi = limit(shift_round((low << 3) + p.ratio * drive, 15), 18)
        step = shift_round(p.trace_mantissa * drive, 3 + p.trace_shift)
        traces[t, LOW], hit_low = limit(low + step, 30)
        counts[_RATE] += hit_drive + hit_psi + hit_low
        traces[t, PSI_XI] = neurons[n, XI]


@njit
def _look(neurons, traces, view):
    """Gather what every row of synapses reads."""
    for n in range(len(neurons)):
        view.rates[n] = neurons[n, R]
        view.low[n], view.high[n] = neurons[n, WORD] & 0xFFFF, neurons[n, WORD] >> 16
    for t in range(len(traces)):
        view.psi[t], view.xi[t] = traces[t, PSI], traces[t, PSI_XI]


@njit
def _set_times(populations, projections, measures):
    """Enter learned time constants into the records that this step uses."""
    for q in range(len(populations)):
        p = populations[q]
        if p.learns_tau:
            mantissa = measures[q, ALPHA] >> ALPHA_BITS
            p.membrane_mantissa = p.error_mantissa = mantissa
            p.ratio = min(shift_round(mantissa * p.ratio_scale, 16), 1 << 16)
    for q in range(len(projections)):
        p = projections[q]
        if p.learns_tau:
            target = populations[np.uint64(p.target)]
            p.trace_mantissa = target.membrane_mantissa
            p.ratio = (1 << 16) if p.prospective else target.ratio


@njit
def _measure(p, q, measures, pull, energy, cost, counts):
    """Population states: α moves by the neurons' pulls, τm ≥ τr; energy and cost."""
    if p.learns_tau:
        moved = measures[q, ALPHA] + shift_round(pull, 16)
        measures[q, ALPHA] = min(max(moved, LEAST_ALPHA), p.alpha_limit)
    measures[q, ENERGY], hit = limit(shift_round(energy, 11), 30)
    counts[_ERROR] += hit
    measures[q, COST], hit = limit(shift_round(cost, 11 - p.gain_shift), 30)
    counts[_ERROR] += hit


@njit(nogil=True)
def _run(populations, projections, tables, measures, neurons, traces, W, B, generator, counts,
         view, inputs, teach, kind, modulator, flags, rates_out, errors_out):
    size = len(neurons)
    channels = populations[0].size
    totals, sums = np.zeros(size, np.int64), np.zeros(size, np.int64)
    word = generator[0]
    for t in range(len(flags)):
        _set_times(populations, projections, measures)
        _reset(flags[t], channels, neurons, traces)
        for n in range(channels):
            neurons[n, R] = inputs[t, n]
        _look(neurons, traces, view)
        for q in range(len(projections)):
            _project(projections[q], neurons, W, B, view, totals, sums, flags[t], modulator[t],
                     counts)
        for q in range(len(projections)):
            _trace(projections[q], neurons, traces, flags[t], counts)
        for q in range(len(populations)):
            p = populations[q]
            pull, energy, cost = np.int64(0), np.int64(0), np.int64(0)
            for k in range(p.size):
                n, o = np.uint64(p.first + k), np.uint64(p.output_first + k)
                word = next_word(word)
                if p.is_input:
                    neurons[n, WORD] = word
                else:
                    given, what = (teach[t, o], kind[t, o]) if p.is_output else (0, 0)
                    if p.learns_tau and flags[t] & LEARN:
                        pull += tau_pull(p, neurons, n, modulator[t], counts)
                    rate, error, told = neuron_step(p, neurons, n, totals[n], sums[n], given, what,
                                                    modulator[t], flags[t], word, tables, counts)
                    energy += neurons[n, E] * neurons[n, E]
                    cost += told * told
                    if p.is_output:
                        rates_out[t, o], errors_out[t, o] = rate, error
                totals[n], sums[n] = 0, 0
            _measure(p, q, measures, pull, energy, cost, counts)
    generator[0] = word


class _View(NamedTuple):
    """What rows of synapses read, contiguous and narrow so that the compiler vectorises."""

    rates: np.ndarray
    low: np.ndarray
    high: np.ndarray
    psi: np.ndarray
    xi: np.ndarray


@dataclass
class Outputs:
    """What a block of frames returned, int64.

    rates, errors   (steps, outputs), in RATE and ERROR
    probes          (frames with ``Flag.PROBE``, entries of a device's probe list)
    """

    rates: np.ndarray
    errors: np.ndarray
    probes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))


class Golden:
    """The golden model of one program; ``state`` may be read and written between blocks."""

    def __init__(self, program: Program):
        self.program = program
        self.state = program.state.copy()
        self.saturations = np.zeros(len(COUNTERS), np.int64)
        self.steps = 0
        # Learned time constants are entered into these as they move.
        self._populations = program.populations.copy()
        self._projections = program.projections.copy()
        sizes = (program.neurons,) * 3 + (program.traces,) * 2
        self._view = _View(*(np.zeros(size, np.int32) for size in sizes))

    def run(self, frames: Frames) -> Outputs:
        """Advance by ``len(frames)`` steps."""
        program, state = self.program, self.state
        frames.check(program)
        outputs = Outputs(*(np.zeros((len(frames), program.outputs), np.int64) for _ in range(2)))
        _run(self._populations, self._projections, program.tables, state.populations,
             state.neurons, state.traces, state["W"], state["B"], state.generator,
             self.saturations, self._view, frames.inputs, frames.teach, frames.kind,
             frames.modulator, frames.flags, outputs.rates, outputs.errors)
        self.steps += len(frames)
        return outputs
