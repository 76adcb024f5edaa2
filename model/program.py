"""The Program: a network as integers, the only bridge between model, host and hardware.

Records and states are declared once, here: NumPy types for the golden model, and field widths from
which the hardware lays out its descriptors and its memory map.
"""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

import numpy as np

from model.formats import (
    ALPHA,
    ARGUMENT,
    CHANGE_MEAN,
    CURRENT,
    DRIVE,
    ELIGIBILITY,
    ENERGY,
    ERROR,
    INTEGRATOR,
    MEMBRANE,
    RATE,
    SLOPE,
    SLOPE_SUM,
    TAP_STATE,
    TRACE,
    WEIGHT,
)

__all__ = ["ALPHA_BITS", "ELIGIBILITY_FIELDS", "ELIGIBILITY_FORMATS", "ELIGIBILITY_NEURON_STATES",
           "ELIGIBILITY_SYNAPSE_STATES", "Feedback", "Flag", "LEAST_ALPHA", "NEURON_STATES",
           "POPULATION", "POPULATION_STATES", "PROJECTION", "Program", "STATE_FORMATS",
           "SYNAPSE_STATES", "State", "TABLE_SLOTS", "TRACE_STATES", "Teach", "record_type"]

ALPHA_BITS = 12
"""Bits that the state α has below its operand."""
LEAST_ALPHA = 64 << ALPHA_BITS
"""Smallest α that learning can reach, with 6 significant bits left in the operand."""
TABLE_SLOTS = 4
"""Activation tables a program can hold at once."""


class Flag(IntFlag):
    """Flags of a frame."""

    LEARN = 1
    INTEGRATE = 2
    RESET_STATE = 4
    RESET_TRACE = 8
    NOISE = 16
    PROBE = 32


class Teach(IntEnum):
    """What a frame says of one output."""

    NONE = 0
    TARGET = 1
    ERROR = 2


class Feedback(IntEnum):
    """Where backward weights come from."""

    FIXED = 0
    TIED = 1
    MIRROR = 2
    KOLEN_POLLACK = 3


POPULATION = {
    "first": 16, "size": 16, "is_input": 1, "is_output": 1, "output_first": 16,
    "table": 2, "prospective": 1,
    "ratio": 18, "membrane_mantissa": 18, "membrane_shift": 5,
    "error_mantissa": 18, "error_shift": 5,
    "tap_step": 27, "tap_limit": 27, "noisy": 1, "noise_shift": 4, "nudged": 1, "nudge_shift": 4,
    "gain_shift": -4, "bias_mantissa": 18, "bias_shift": 5, "one_tap": 1,
    "learns_tau": 1, "tau_mantissa": 18, "tau_shift": 6, "ratio_scale": 18, "alpha_limit": 30,
}
"""Fields of a population record and their widths in bits (negative: signed)."""

PROJECTION = {
    "source_first": 16, "source_size": 16, "target_first": 16, "target_size": 16,
    "synapse_first": 32, "trace_first": 16,
    "plastic": 1, "prospective": 1, "feedback": 2, "rate_mantissa": 18, "factor_shift": 6,
    "change_shift": 4, "decay_shift": 5, "mirror_shift": 6, "noise_shift": 4, "self_scaling": 1,
    "ratio": 18, "trace_mantissa": 18, "trace_shift": 5,
    "target": 8, "learns_tau": 1, "ratio_scale": 18,
}
"""Fields of a projection record and their widths in bits."""

ELIGIBILITY_FIELDS = {
    "eligible": 1, "explores": 1, "scale_shift": 3, "retention_shift": 5,
    "by_sign": 1, "momentum_shift": 4, "step_shift": 5,
}
"""What a core with eligibilities holds of a projection besides, and the widths in bits.

``explores``: f is ξ and a is 1; else f is the slope and a the error that arrived.  E is held times
2**−scale_shift and keeps 1 − 2**−retention_shift of itself in a step, all of it at 31.
``by_sign``: W moves by m 2**−step_shift in the direction of the momentum.
"""


def record_type(fields: dict[str, int]) -> np.dtype:
    """NumPy record type of a table of fields, every field int64."""
    return np.dtype([(name, np.int64) for name in fields])


NEURON_STATES = {
    "u": MEMBRANE, "drive": DRIVE, "s": ARGUMENT, "current": CURRENT, "r": RATE, "xi": None,
    "error": ERROR, "e": ERROR, "v": INTEGRATOR, "x": INTEGRATOR,
    "c0": TAP_STATE, "c1": TAP_STATE, "bias": WEIGHT,
    "change": CURRENT, "change_mean": CHANGE_MEAN, "word": None,
}
"""States of a neuron and their formats.

``drive`` is I − u, ``r`` the rate as sent (noise included), ``xi`` its sign ξ (−1, 0, 1; 0 without
noise), ``error`` is ē, ``change`` is ΔI, ``word`` the neuron's last random word.
"""

TRACE_STATES = {"low": TRACE, "psi": RATE, "psi_xi": None}
"""States per source neuron and projection: low-passed rate, ψ, and the ξ that goes with it."""

SYNAPSE_STATES = {"W": WEIGHT, "B": WEIGHT}

ELIGIBILITY_NEURON_STATES = {"above": ERROR, "slope": SLOPE, "explored": None, "slopes": SLOPE_SUM}
"""States of a neuron in a program with eligibilities: the error a before its slope, the slope
φ'(s), the last ξ of a step that integrated, and, where held errors meet it, the sum of slopes since
the last reset."""

ELIGIBILITY_SYNAPSE_STATES = {"eligibility": ELIGIBILITY, "momentum": WEIGHT}
"""States of a synapse in a program with eligibilities: E, and the momentum of its updates."""

POPULATION_STATES = {"alpha": ALPHA, "energy": ENERGY, "cost": ENERGY}
"""States per population, the inputs first: dt/τm where it is learned, in units of the record's
``membrane_shift``; mismatch energy ½ Σ e² and output cost ½ β Σ (y − r)² of the last step."""

STATE_FORMATS = NEURON_STATES | TRACE_STATES | SYNAPSE_STATES | POPULATION_STATES
"""Format of every state that every program has; None where it is no number."""

ELIGIBILITY_FORMATS = ELIGIBILITY_NEURON_STATES | ELIGIBILITY_SYNAPSE_STATES
"""The same for the states that only programs with eligibilities have."""

_NEURON_COLUMN = {name: column for column, name in enumerate(NEURON_STATES)}
_TRACE_COLUMN = {name: column for column, name in enumerate(TRACE_STATES)}
_POPULATION_COLUMN = {name: column for column, name in enumerate(POPULATION_STATES)}
_FACTOR_COLUMN = {name: column for column, name in enumerate(ELIGIBILITY_NEURON_STATES)}
_MEMORY_ROW = {name: row for row, name in enumerate(ELIGIBILITY_SYNAPSE_STATES)}


class State:
    """Every number that one step hands to the next, by name.

    ``state["u"]`` is an array to use in place.  Neuron states have shape (neurons,), inputs first;
    trace states (traces,), in the order of the projections; W and B (synapses,), projection by
    projection, row (target) by row; population states (populations,), inputs first; ``generator``
    (1,) is the state of the random generator.  ``factors`` and ``memories`` hold what programs with
    eligibilities have besides, in the same orders; in others they are empty.
    """

    def __init__(self, populations: np.ndarray, neurons: np.ndarray, traces: np.ndarray,
                 synapses: np.ndarray, generator: np.ndarray, factors: np.ndarray,
                 memories: np.ndarray):
        self.populations = populations
        self.neurons = neurons
        self.traces = traces
        self.synapses = synapses
        self.generator = generator
        self.factors = factors
        self.memories = memories

    @classmethod
    def zeros(cls, populations: int, neurons: int, traces: int, synapses: int, *,
              eligible: bool = False) -> "State":
        """A state of that size, all zero."""
        return cls(np.zeros((populations, len(POPULATION_STATES)), np.int64),
                   np.zeros((neurons, len(NEURON_STATES)), np.int64),
                   np.zeros((traces, len(TRACE_STATES)), np.int64),
                   np.zeros((len(SYNAPSE_STATES), synapses), np.int32), np.zeros(1, np.int64),
                   np.zeros((neurons if eligible else 0, len(_FACTOR_COLUMN)), np.int64),
                   np.zeros((len(_MEMORY_ROW), synapses if eligible else 0), np.int32))

    def copy(self) -> "State":
        """An independent copy."""
        return State(*(array.copy() for array in (
            self.populations, self.neurons, self.traces, self.synapses, self.generator,
            self.factors, self.memories)))

    @staticmethod
    def names() -> list[str]:
        """Names of the states that every program has."""
        return [*STATE_FORMATS, "generator"]

    def present(self) -> list[str]:
        """Names of all states that this one holds."""
        return [*self.names(), *(ELIGIBILITY_FORMATS if len(self.factors) else ())]

    def __getitem__(self, name: str) -> np.ndarray:
        if name in _NEURON_COLUMN:
            return self.neurons[:, _NEURON_COLUMN[name]]
        if name in _POPULATION_COLUMN:
            return self.populations[:, _POPULATION_COLUMN[name]]
        if name in _TRACE_COLUMN:
            return self.traces[:, _TRACE_COLUMN[name]]
        if name in SYNAPSE_STATES:
            return self.synapses[list(SYNAPSE_STATES).index(name)]
        if name == "generator":
            return self.generator
        if name in _FACTOR_COLUMN:
            return self.factors[:, _FACTOR_COLUMN[name]]
        if name in _MEMORY_ROW:
            return self.memories[_MEMORY_ROW[name]]
        raise KeyError(f"unknown state '{name}'; there are: {', '.join(self.present())}")


@dataclass
class Program:
    """All integers of a network: records, activation tables, and the state it starts from.

    ``eligibilities`` has a record of ``ELIGIBILITY_FIELDS`` for each projection.
    """

    name: str
    dt: float
    inputs: int
    outputs: int
    populations: np.ndarray
    projections: np.ndarray
    tables: np.ndarray
    eligibilities: np.ndarray
    state: State
    population_names: list[str] = field(default_factory=list)
    projection_names: list[str] = field(default_factory=list)

    def tau_m(self, state: State, population: int) -> float:
        """Membrane time constant of a population in seconds, as learned so far."""
        shift = int(self.populations[population]["membrane_shift"])
        return self.dt * 2.0**shift / float(ALPHA.real(state["alpha"][population]))

    @property
    def eligible(self) -> bool:
        """Whether any of its synapses has an eligibility."""
        return bool(self.eligibilities["eligible"].any())

    @property
    def neurons(self) -> int:
        """Neurons, inputs included."""
        return len(self.state["r"])

    @property
    def traces(self) -> int:
        """Source neurons, counted once per projection."""
        return len(self.state["psi"])

    @property
    def synapses(self) -> int:
        """Pairs (W, B)."""
        return len(self.state["W"])

    def matrix(self, state: State, projection: int, name: str) -> np.ndarray:
        """W or B of one projection as a view, shape (target size, source size)."""
        p = self.projections[projection]
        size = int(p["target_size"] * p["source_size"])
        flat = state[name][int(p["synapse_first"]):][:size]
        return flat.reshape(int(p["target_size"]), int(p["source_size"]))
