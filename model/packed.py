"""A program and its state laid out for vectors: what the golden model's fast path works on.

Rows are states, one after the other in memory, so that a vector holds one state of neighbouring
neurons.  Projections have their sources filled up to whole vectors; places that are filled up have
zero weights and traces, which every rule keeps at zero.
"""

import numpy as np
from numba import njit

from model.eligibility import FOREVER, gathering
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
         "trace", "dither_shift", "to_inputs")
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
        self._trace_places = np.concatenate([first + np.arange(size) for first, size in ends])
        self.traces[VALID, self._trace_places] = -1
        self.outputs = np.flatnonzero(np.repeat(records["is_output"], records["size"]))

    def take(self, state: State) -> None:
        """Copy ``state`` here."""
        neurons = self.program.neurons
        self.neurons[:len(NEURON_STATES), :neurons] = state.neurons.T
        self.neurons[BITS, :neurons] = np.frexp(state["change_mean"])[1]
        low, psi, xi = (state[name] for name in TRACE_STATES)
        self.traces[LOW, self._trace_places], self.traces[PSI, self._trace_places] = low, psi
        self.traces[NEGATIVE, self._trace_places] = np.where(xi < 0, -1, 0)
        self.traces[MASK, self._trace_places] = np.where(xi != 0, -1, 0)
        if self.program.eligible:
            self.neurons[ARRIVED:, :neurons] = state.factors.T
        _spread(self.links, self.synapses, state.synapses, state.memories)

    def give(self, state: State) -> None:
        """Copy what is here to ``state``."""
        state.neurons[:] = self.neurons[:len(NEURON_STATES), :self.program.neurons].T
        traces = self.traces[:, self._trace_places]
        state["low"][:], state["psi"][:] = traces[LOW], traces[PSI]
        state["psi_xi"][:] = traces[NEGATIVE] | (traces[MASK] & 1)
        if self.program.eligible:
            state.factors[:] = self.neurons[ARRIVED:, :self.program.neurons].T
        _gather(self.links, self.synapses, state.synapses, state.memories)


@njit
def _spread(links, packed, synapses, memories):
    """Words of synapses to rows of whole vectors."""
    for k in range(len(packed)):
        plain = synapses[k] if k < len(synapses) else memories[k - len(synapses)]
        for link in links:
            for row in range(link.target_size):
                here = link.synapse + row * link.width
                there = link.plain_synapse + row * link.source_size
                for j in range(link.source_size):
                    packed[k, here + j] = plain[there + j]


@njit
def _gather(links, packed, synapses, memories):
    """The way back."""
    for k in range(len(packed)):
        plain = synapses[k] if k < len(synapses) else memories[k - len(synapses)]
        for link in links:
            for row in range(link.target_size):
                here = link.synapse + row * link.width
                there = link.plain_synapse + row * link.source_size
                for j in range(link.source_size):
                    plain[there + j] = packed[k, here + j]


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
