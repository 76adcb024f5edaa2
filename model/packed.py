"""A program and its state laid out for vectors: what the golden model's fast path works on.

Rows are states, one after the other in memory, so that a vector holds one state of neighbouring
neurons.  Projections have their sources filled up to whole vectors; places that are filled up have
zero weights and traces, which every rule keeps at zero.
"""

import numpy as np
from numba import njit

from model.eligibility import FOREVER, gathering
from model.fixed import bit_length
from model.program import (
    ELIGIBILITY_FIELDS,
    ELIGIBILITY_NEURON_STATES,
    ELIGIBILITY_SYNAPSE_STATES,
    NEURON_STATES,
    POPULATION,
    PROJECTION,
    SYNAPSE_STATES,
    TRACE_STATES,
    Feedback,
    Program,
    State,
    record_type,
)

__all__ = ["ARRIVED", "BACK", "BITS", "GIVEN", "HEARD", "HIGH_HALF", "LINKS", "LOW", "LOW_HALF",
           "MASK", "NEGATIVE", "PARAMETERS", "PSI", "Packed", "SEEN", "SUM", "TEACH", "TOLD",
           "TOTAL", "VALID", "VECTOR", "suits"]

VECTOR = 16
"""Synapses in a vector of 32 bits."""
HALF_VECTOR = 8
CACHE_LINE = 64
LOW_WORD = 0xFFFFFFFF

(TOTAL, SUM, TEACH, GIVEN, TOLD, SEEN, BITS) = range(len(NEURON_STATES), len(NEURON_STATES) + 7)
"""Rows of neurons besides their states: exact sums, what the teacher says and how (model.program
.Teach), y − r, φ(s) without its sign, and the bits of the running mean of |ΔI|."""
ARRIVED = BITS + 1
"""First of the rows that hold what a neuron leaves for eligibilities, as the state lists it."""
NEURON_ROWS = ARRIVED + len(ELIGIBILITY_NEURON_STATES)

LOW, PSI, HIGH_HALF, LOW_HALF, NEGATIVE, MASK, VALID = range(7)
"""Rows of traces: the low-passed rate, ψ, the halves of its random word (the
high one shifted as its projection wants it), the sign of its ξ as −1 or 0, whether it has one
(−1 or 0), and −1 where a place is a source at all."""
TRACE_ROWS = VALID + 1
PLAIN_LOW, PLAIN_PSI, PLAIN_XI = range(len(TRACE_STATES))
CHANGE_MEAN = list(NEURON_STATES).index("change_mean")

HEARD, BACK = range(2)
"""Rows of sources: their rates, and the errors summed for them."""

PARAMETERS = ("table", "ratio", "membrane_mantissa", "membrane_shift", "error_mantissa",
              "error_shift", "tap_step", "tap_limit", "tap1_step", "tap1_limit", "noise", "noisy",
              "is_output", "gain_shift", "bias_mantissa", "bias_shift", "prospective", "gathers")
"""Rows of constants of the neurons, from their population's record; yes is −1."""

LINK_FIELDS = ("source_first", "source_size", "target_first", "target_size", "plastic",
               "prospective", "feedback", "rate_mantissa", "factor_shift", "change_shift",
               "mirror_shift", "noise_shift", "self_scaling", "ratio", "trace_mantissa",
               "trace_shift", "decay_shift")
LINKS = (*LINK_FIELDS, *ELIGIBILITY_FIELDS, "width", "half_width", "synapse", "plain_synapse",
         "trace", "plain_trace", "dither_shift", "to_inputs")
"""Fields of a projection here: sources filled up to vectors of 32 and of 64 bits, its first weight
and trace, by how much the high halves of words are shifted, and whether nobody needs the errors
that it sends down."""

HANDLED_POPULATION = {
    "first", "size", "is_input", "is_output", "output_first", "table", "prospective", "ratio",
    "membrane_mantissa", "membrane_shift", "error_mantissa", "error_shift", "tap_step", "tap_limit",
    "noisy", "noise_shift", "gain_shift", "bias_mantissa", "bias_shift", "one_tap",
    "alpha_limit"}
HANDLED_PROJECTION = {*LINK_FIELDS, "synapse_first", "trace_first", "target"}
MOST_CHANGE_SHIFT = 12
NEVER = 1 << 40
"""A limit that no tap reaches."""


def suits(program: Program) -> bool:
    """Whether the fast path knows all that ``program`` asks for."""
    populations, projections = program.populations, program.projections
    unknown = [populations[name] for name in POPULATION if name not in HANDLED_POPULATION]
    unknown += [projections[name] for name in PROJECTION if name not in HANDLED_PROJECTION]
    thirds = program.eligibilities
    eligible, copied = thirds["eligible"] == 1, projections["feedback"] == Feedback.KOLEN_POLLACK
    # Copies and decays are known of synapses that wait, and only waits that do not fade.
    fading = (thirds["explores"] == 1) | (thirds["retention_shift"] != FOREVER)
    strange = np.where(eligible, fading, copied | (projections["decay_shift"] != 0))
    return (not any(values.any() for values in unknown) and not strange.any()
            and projections["change_shift"].max() <= MOST_CHANGE_SHIFT)


def _filled(sizes: np.ndarray, unit: int) -> np.ndarray:
    return -(-sizes // unit) * unit


def _aligned(rows: int, columns: int, kind: type) -> np.ndarray:
    """Zeros of which no vector straddles two cache lines."""
    size = rows * columns * np.dtype(kind).itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start:start + size].view(kind).reshape(rows, columns)


class Packed:
    """Arrays of one program.

    neurons, parameters   int64 (rows, neurons)
    traces, sources       int32, int64 (rows, sources of all links)
    synapses              int32 (2 or 4, W and B, E and momentum of all links)
    tables                int64 (2, slots × 256): φ, then φ', value and step in halves of a word
    links                 the projections
    outputs               numbers of the output neurons
    """

    def __init__(self, program: Program):
        self.program = program
        records = program.populations
        places = program.neurons + VECTOR
        self.neurons = np.zeros((NEURON_ROWS, places), np.int64)
        self.parameters = np.zeros((len(PARAMETERS), places), np.int64)
        for name, row in zip(PARAMETERS, _parameters(program), strict=True):
            self.parameters[PARAMETERS.index(name), :program.neurons] = np.repeat(
                row, records["size"])
        value, step, slope, slope_step = program.tables.reshape(-1, 4).T
        self.tables = np.stack([step << 32 | value & LOW_WORD, slope_step << 32 | slope & LOW_WORD])
        self.links = np.zeros(len(program.projections), record_type(dict.fromkeys(LINKS, 0)))
        for name in LINK_FIELDS:
            self.links[name] = program.projections[name]
        for name in ELIGIBILITY_FIELDS:
            self.links[name] = program.eligibilities[name]
        self.links["plain_synapse"] = program.projections["synapse_first"]
        self.links["plain_trace"] = program.projections["trace_first"]
        self.links["dither_shift"] = np.where(self.links["eligible"], 0, self.links["change_shift"])
        self.links["width"] = _filled(self.links["source_size"], VECTOR)
        self.links["half_width"] = _filled(self.links["source_size"], HALF_VECTOR)
        weights = self.links["width"] * self.links["target_size"]
        self.links["synapse"] = np.cumsum(weights) - weights
        self.links["trace"] = np.cumsum(self.links["width"]) - self.links["width"]
        self.links["to_inputs"] = (self.links["source_first"] + self.links["source_size"]
                                   <= program.inputs)
        words = len(SYNAPSE_STATES) + len(ELIGIBILITY_SYNAPSE_STATES) * program.eligible
        self.synapses = _aligned(words, int(weights.sum()), np.int32)
        self.traces = _aligned(TRACE_ROWS, int(self.links["width"].sum()), np.int32)
        self.sources = _aligned(2, self.traces.shape[1], np.int64)
        ends = zip(self.links["trace"], self.links["source_size"], strict=True)
        for first, size in ends:
            self.traces[VALID, first : first + size] = -1
        self.outputs = np.flatnonzero(np.repeat(records["is_output"], records["size"]))

    def take(self, state: State) -> None:
        """Copy ``state`` here."""
        self._copy(state, _in)

    def give(self, state: State) -> None:
        """Copy what is here to ``state``."""
        self._copy(state, _out)

    def _copy(self, state: State, way) -> None:
        way(self.links, self.neurons, self.traces, self.synapses, state.neurons, state.traces,
            state.synapses, state.factors, state.memories)


@njit
def _in(links, neurons, traces, synapses, plain_neurons, plain_traces, plain_synapses, factors,
        memories):
    for n in range(len(plain_neurons)):
        for k in range(plain_neurons.shape[1]):
            neurons[k, n] = plain_neurons[n, k]
        neurons[BITS, n] = bit_length(plain_neurons[n, CHANGE_MEAN])
    for n in range(len(factors)):
        for k in range(factors.shape[1]):
            neurons[ARRIVED + k, n] = factors[n, k]
    for link in links:
        for j in range(link.source_size):
            here, xi = link.trace + j, plain_traces[link.plain_trace + j, PLAIN_XI]
            traces[LOW, here] = plain_traces[link.plain_trace + j, PLAIN_LOW]
            traces[PSI, here] = plain_traces[link.plain_trace + j, PLAIN_PSI]
            traces[NEGATIVE, here], traces[MASK, here] = -(xi < 0), -(xi != 0)
    for k in range(len(synapses)):
        words = len(plain_synapses)
        plain = plain_synapses[k] if k < words else memories[k - words]
        for link in links:
            for row in range(link.target_size):
                here = link.synapse + row * link.width
                there = link.plain_synapse + row * link.source_size
                for j in range(link.source_size):
                    synapses[k, here + j] = plain[there + j]


@njit
def _out(links, neurons, traces, synapses, plain_neurons, plain_traces, plain_synapses, factors,
         memories):
    for n in range(len(plain_neurons)):
        for k in range(plain_neurons.shape[1]):
            plain_neurons[n, k] = neurons[k, n]
    for n in range(len(factors)):
        for k in range(factors.shape[1]):
            factors[n, k] = neurons[ARRIVED + k, n]
    for link in links:
        for j in range(link.source_size):
            here = link.trace + j
            plain_traces[link.plain_trace + j, PLAIN_LOW] = traces[LOW, here]
            plain_traces[link.plain_trace + j, PLAIN_PSI] = traces[PSI, here]
            plain_traces[link.plain_trace + j, PLAIN_XI] = traces[NEGATIVE, here] | (
                traces[MASK, here] & 1)
    for k in range(len(synapses)):
        words = len(plain_synapses)
        plain = plain_synapses[k] if k < words else memories[k - words]
        for link in links:
            for row in range(link.target_size):
                here = link.synapse + row * link.width
                there = link.plain_synapse + row * link.source_size
                for j in range(link.source_size):
                    plain[there + j] = synapses[k, here + j]


def _parameters(program: Program):
    """One value per population for each of :data:`PARAMETERS`."""
    records = program.populations
    one_tap = records["one_tap"] == 1
    special = {
        "table": records["table"] << 8,
        "membrane_shift": records["membrane_shift"] + 4, "error_shift": records["error_shift"] + 4,
        "tap1_step": np.where(one_tap, 0, records["tap_step"]),
        "tap1_limit": np.where(one_tap, NEVER, records["tap_limit"]),
        "noise": records["noisy"] << (15 - records["noise_shift"]),
        "noisy": -records["noisy"], "is_output": -records["is_output"],
        "gain_shift": 7 - records["gain_shift"], "bias_shift": records["bias_shift"] - 2,
        "prospective": -records["prospective"], "gathers": -gathering(program).astype(np.int64),
    }
    for name in PARAMETERS:
        yield special[name] if name in special else records[name]
