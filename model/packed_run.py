"""The golden model's fast path: the same steps, bit for bit, with vectors of neurons and synapses.

:mod:`model.golden` decides when it is taken; the plain kernels beside it say what is computed.
"""

import numpy as np
from numba import njit

from model.eligibility import SLOPE_SUMS
from model.frames import Frames, Outputs
from model.measures import measure
from model.neuron import CHANGE, CURRENT, DRIVE, ERROR, XI, E, R, S, U, V, X
from model.packed import ARRIVED, GIVEN, LOW, MASK, NEGATIVE, PSI, SEEN, TEACH, TOLD, Packed
from model.packed_neurons import neuron_pass
from model.packed_synapses import look, synapse_pass, trace_pass
from model.program import Flag, State

__all__ = ["advance"]

LEARN = int(Flag.LEARN)
RESET_STATE, RESET_TRACE = int(Flag.RESET_STATE), int(Flag.RESET_TRACE)


@njit
def _reset(flags, inputs, neurons, traces):
    if flags & RESET_STATE:
        for row in (U, DRIVE, S, CURRENT, R, XI, ERROR, E, V, X, CHANGE):
            neurons[row, inputs:] = 0
        for row in range(ARRIVED, ARRIVED + SLOPE_SUMS):
            neurons[row, inputs:] = 0
        traces[NEGATIVE, :] = 0
        traces[MASK, :] = 0
    if flags & RESET_TRACE:
        traces[LOW, :] = 0
        traces[PSI, :] = 0
        neurons[ARRIVED + SLOPE_SUMS, :] = 0


@njit
def _measures(populations, neurons, measures, learn, counts):
    """Energies and costs of the step just done."""
    for q in range(len(populations)):
        p = populations[q]
        energy, cost = np.int64(0), np.int64(0)
        if not p.is_input:
            for n in range(p.first, p.first + p.size):
                energy += neurons[E, n] * neurons[E, n]
                cost += neurons[TOLD, n] * neurons[TOLD, n]
        measure(p, q, measures, learn, np.int64(0), energy, cost, counts)


@njit(nogil=True)
def _run(populations, links, tables, parameters, measures, neurons, traces, sources, synapses,
         generator, counts, places, noisy, inputs, teach, kind, modulator, flags, rates_out,
         errors_out):
    channels, eligible = populations[0].size, len(synapses) > 2
    word = generator[0]
    for t in range(len(flags)):
        _reset(flags[t], channels, neurons, traces)
        for n in range(channels):
            neurons[R, n] = inputs[t, n]
        for o in range(len(places)):
            neurons[TEACH, places[o]], neurons[GIVEN, places[o]] = teach[t, o], kind[t, o]
        for q in range(len(links)):
            look(links[q], neurons, traces, sources)
            synapse_pass(links[q], neurons, synapses, traces, sources, flags[t], modulator[t],
                         noisy[q], counts)
        for q in range(len(links)):
            noisy[q] = trace_pass(links[q], neurons, traces, flags[t], counts)
        word = neuron_pass(neurons, channels, parameters, tables, eligible, flags[t], modulator[t],
                           word, counts)
        for o in range(len(places)):
            rates_out[t, o] = neurons[SEEN, places[o]]
            errors_out[t, o] = neurons[ERROR, places[o]]
        _measures(populations, neurons, measures, flags[t] & LEARN, counts)
    generator[0] = word


def advance(packed: Packed, state: State, frames: Frames, outputs: Outputs,
            saturations: np.ndarray) -> None:
    """Advance ``state`` by ``frames``, filling ``outputs`` and adding to ``saturations``."""
    packed.take(state)
    noisy = np.ones(len(packed.links), np.int64)
    _run(packed.program.populations, packed.links, packed.tables, packed.parameters,
         state.populations, packed.neurons, packed.traces, packed.sources, packed.synapses,
         state.generator, saturations, packed.outputs, noisy, frames.inputs, frames.teach,
         frames.kind, frames.modulator, frames.flags, outputs.rates, outputs.errors)
    packed.give(state)
