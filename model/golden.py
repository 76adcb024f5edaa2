"""The golden model: a Program advanced bit for bit as the hardware does, compiled by Numba.

One step: every projection is visited once (forward sum, backward sum, both updates), the traces
follow, then all neurons; everything reads what the previous step left.  These kernels say what a
step is; long blocks of most programs take :mod:`model.packed_run`, which does the same, bit for
bit, several neurons and synapses at a time.
"""

import numpy as np
from numba import njit

from model.eligibility import SLOPE_SUMS, gathering, held_slope, note
from model.fixed import next_word
from model.formats import COUNTERS
from model.frames import Frames, Outputs
from model.measures import measure, set_times
from model.neuron import (
    CHANGE,
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
    neuron_step,
    tau_pull,
)
from model.packed import Packed, suits
from model.packed_run import advance
from model.program import Flag, Program
from model.synapses import View, project
from model.trace import LOW, PSI, PSI_XI, trace

__all__ = ["Golden"]

LEARN = int(Flag.LEARN)
WORTH_PACKING = 32
"""Steps from which a block is run on vectors."""
_RATE = COUNTERS.index("rate")
RESET_STATE, RESET_TRACE = int(Flag.RESET_STATE), int(Flag.RESET_TRACE)


@njit
def _reset(flags, inputs, neurons, traces, factors):
    if flags & RESET_STATE:
        factors[inputs:, :SLOPE_SUMS] = 0
        for column in (U, DRIVE, S, CURRENT, R, XI, ERROR, E, V, X, CHANGE):
            neurons[inputs:, column] = 0
        traces[:, PSI_XI] = 0
    if flags & RESET_TRACE:
        traces[:, LOW] = 0
        traces[:, PSI] = 0
        factors[:, SLOPE_SUMS] = 0


@njit
def _look(neurons, traces, view):
    """Gather what every row of synapses reads."""
    for n in range(len(neurons)):
        view.rates[n] = neurons[n, R]
        view.low[n], view.high[n] = neurons[n, WORD] & 0xFFFF, neurons[n, WORD] >> 16
    for t in range(len(traces)):
        view.psi[t], view.xi[t] = traces[t, PSI], traces[t, PSI_XI]


@njit(nogil=True)
def _run(populations, projections, thirds, gathers, tables, measures, neurons, traces, synapses,
         generator, factors, memories, counts, view, inputs, teach, kind, modulator, flags,
         rates_out, errors_out):
    size, eligible = len(neurons), len(factors) > 0
    channels = populations[0].size
    totals, sums = np.zeros(size, np.int64), np.zeros(size, np.int64)
    word = generator[0]
    for t in range(len(flags)):
        set_times(populations, projections, measures)
        _reset(flags[t], channels, neurons, traces, factors)
        for n in range(channels):
            neurons[n, R] = inputs[t, n]
        _look(neurons, traces, view)
        for q in range(len(projections)):
            project(projections[q], thirds[q], neurons, factors, synapses, memories, view, totals,
                    sums, flags[t], modulator[t], counts)
        for q in range(len(projections)):
            trace(projections[q], neurons, traces, flags[t], counts)
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
                    held = held_slope(factors, n) if gathers[q] else -1
                    rate, error, told, above, slope = neuron_step(
                        p, neurons, n, totals[n], sums[n], given, what, modulator[t], flags[t],
                        word, tables, counts, held)
                    if eligible:
                        counts[_RATE] += note(factors, n, above, slope, neurons[n, XI], flags[t],
                                              gathers[q])
                    energy += neurons[n, E] * neurons[n, E]
                    cost += told * told
                    if p.is_output:
                        rates_out[t, o], errors_out[t, o] = rate, error
                totals[n], sums[n] = 0, 0
            measure(p, q, measures, flags[t] & LEARN, pull, energy, cost, counts)
    generator[0] = word


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
        self._gathers = gathering(program)
        # Most programs can be run on vectors, where that is worth the packing: the same bits.
        self._packed = Packed(program) if suits(program) else None
        sizes = (program.neurons,) * 3 + (program.traces,) * 2
        self._view = View(*(np.zeros(size, np.int32) for size in sizes))

    def run(self, frames: Frames) -> Outputs:
        """Advance by ``len(frames)`` steps."""
        program, state = self.program, self.state
        frames.check(program)
        outputs = Outputs(*(np.zeros((len(frames), program.outputs), np.int64) for _ in range(2)))
        packed = self._packed is not None and len(frames) >= WORTH_PACKING
        # An empty block compiles whatever the blocks after it may take.
        if packed or (self._packed is not None and not len(frames)):
            advance(self._packed, state, frames, outputs, self.saturations)
        if not packed:
            self._step(frames, outputs)
        self.steps += len(frames)
        return outputs

    def _step(self, frames: Frames, outputs: Outputs) -> None:
        program, state = self.program, self.state
        _run(self._populations, self._projections, program.eligibilities, self._gathers,
             program.tables, state.populations, state.neurons, state.traces, state.synapses,
             state.generator, state.factors, state.memories, self.saturations, self._view,
             frames.inputs, frames.teach, frames.kind, frames.modulator, frames.flags,
             outputs.rates, outputs.errors)
