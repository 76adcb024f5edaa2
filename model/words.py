"""Word lengths as parameters: the formats, scales and coefficients of :mod:`model.study`."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from model.activation import ACTIVATIONS, SEGMENTS
from model.formats import (
    ARGUMENT,
    CHANGE_MEAN,
    CURRENT,
    DRIVE,
    ERROR,
    FACTOR_WIDTH,
    INTEGRATOR,
    MEMBRANE,
    RATE,
    RATIO,
    ROUNDING_BITS,
    SLOPE,
    TAP,
    TAP_STATE,
    TRACE,
    WEIGHT,
    Format,
)
from model.network import Network, NetworkError
from model.program import Feedback, Program

__all__ = ["CHOSEN", "LONGEST", "SHORTEST", "Scales", "Words", "knots", "population_values",
           "projection_values"]

SHORTEST, CHOSEN, LONGEST = 8, RATE.width, 24
RATE_BITS = 13
"""Fractional bits of a learning rate's mantissa in a program."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Word lengths in bits; each format keeps its range and gains or loses fractional bits.

    signals      operands that are not weights: rates, traces, errors, slopes, taps, drives,
                 learning factors, the argument of φ (2 bits more, as chosen) and coefficients,
                 which get no longer than the compiler makes them
    weights      W, B and biases
    stochastic   whether W, B and biases are rounded stochastically, or half up
    """

    signals: int = CHOSEN
    weights: int = CHOSEN
    stochastic: bool = True

    def __post_init__(self):
        for name, bits in (("signals", self.signals), ("weights", self.weights)):
            if not SHORTEST <= bits <= LONGEST:
                raise NetworkError(f"words of {bits} bits for {name}; the study has {SHORTEST} … "
                                   f"{LONGEST}")

    def signal(self, form: Format) -> Format:
        """``form`` with the operands' word length."""
        return _resized(form, self.signals - CHOSEN)

    def weight(self, form: Format) -> Format:
        """``form`` with the weights' word length."""
        return _resized(form, self.weights - CHOSEN)

    def coefficient(self, mantissas: np.ndarray) -> np.ndarray:
        """Integer mantissas of 18-bit coefficients, rounded half up to the operands' length."""
        return np.floor(mantissas / self.unit + 0.5) * self.unit

    @property
    def unit(self) -> float:
        """Least significant bit of coefficients, in units of the chosen one."""
        return 2.0 ** max(0, CHOSEN - self.signals)


def _resized(form: Format, bits: int) -> Format:
    return replace(form, width=form.width + bits, frac=form.frac + bits)


class Scales(NamedTuple):
    """1 / least significant bit of every format, and how weights are rounded."""

    rate: float
    slope: float
    error: float
    tap: float
    drive: float
    argument: float
    weight: float
    fine: float
    current: float
    membrane: float
    integrator: float
    trace: float
    change_mean: float
    stochastic: bool

    @classmethod
    def of(cls, words: Words) -> "Scales":
        """Those of ``words``; states that integrate small steps stay as they are."""
        operands = [words.signal(form) for form in (RATE, SLOPE, ERROR, TAP, DRIVE, ARGUMENT)]
        states = [CURRENT, MEMBRANE, INTEGRATOR, TRACE, CHANGE_MEAN]
        weight = words.weight(WEIGHT).one
        return cls(*(float(form.one) for form in operands), float(weight),
                   float(weight << ROUNDING_BITS), *(float(form.one) for form in states),
                   words.stochastic)


POPULATION_VALUES = np.dtype([
    *((name, np.int64) for name in ("first", "size", "is_input", "is_output", "output_first",
                                    "prospective", "noisy")),
    *((name, np.float64) for name in ("ratio", "membrane", "error", "tap_step", "tap_limit",
                                      "noise", "gain", "bias_rate", "bias_scale")),
])
PROJECTION_VALUES = np.dtype([
    *((name, np.int64) for name in (
        "source_first", "source_size", "target_first", "target_size", "synapse_first",
        "trace_first", "plastic", "prospective", "feedback", "mirror_shift", "noise_shift",
        "self_scaling")),
    *((name, np.float64) for name in ("ratio", "trace", "rate", "rate_scale", "factor_scale",
                                      "factor_limit")),
])


def population_values(program: Program, words: Words) -> np.ndarray:
    """The population records as real numbers; NetworkError for what the study does not know."""
    records = program.populations
    _refuse(records["nudged"].any(), "nudging")
    values = _copied(records, POPULATION_VALUES)
    values["ratio"] = words.coefficient(records["ratio"]) / RATIO.one
    values["membrane"] = _coefficient(records, "membrane", words)
    values["error"] = _coefficient(records, "error", words)
    values["tap_step"] = TAP_STATE.real(records["tap_step"])
    values["tap_limit"] = TAP_STATE.real(records["tap_limit"])
    values["noise"] = 2.0 ** -records["noise_shift"]
    values["gain"] = 2.0 ** records["gain_shift"]
    values["bias_rate"] = (words.coefficient(records["bias_mantissa"])
                           * 2.0 ** -(RATE_BITS + records["bias_shift"]))
    values["bias_scale"] = 2.0 ** (RATE_BITS + records["bias_shift"]) / words.unit
    return values


def projection_values(program: Program, words: Words) -> np.ndarray:
    """The projection records as real numbers; NetworkError for what the study does not know."""
    records = program.projections
    _refuse(records["decay_shift"].any(), "decay")
    _refuse((records["feedback"] == Feedback.KOLEN_POLLACK).any(), "Kolen–Pollack feedback")
    values = _copied(records, PROJECTION_VALUES)
    values["ratio"] = words.coefficient(records["ratio"]) / RATIO.one
    values["trace"] = _coefficient(records, "trace", words)
    # ê = η ē: factor_shift takes the product to the projection's own binary point.
    frac = records["change_shift"] + ERROR.frac
    rate_frac = records["factor_shift"] + frac - ERROR.frac
    values["rate"] = words.coefficient(records["rate_mantissa"]) * 2.0**-rate_frac
    values["rate_scale"] = 2.0**rate_frac / words.unit
    values["factor_scale"] = 2.0 ** (frac + words.signals - CHOSEN)
    values["factor_limit"] = 2.0 ** (FACTOR_WIDTH - 1 - frac)
    return values


def knots(network: Network, words: Words) -> np.ndarray:
    """Activation tables per population, the inputs' (unused) first: (populations, 256, 4)."""
    tables = np.zeros((len(network.populations) + 1, SEGMENTS, 4))
    places = np.linspace(-ARGUMENT.limit, ARGUMENT.limit, SEGMENTS + 1)
    rate, slope = words.signal(RATE), words.signal(SLOPE)
    for rows, population in zip(tables[1:], network.populations, strict=True):
        function = ACTIVATIONS[population.activation]
        value = rate.real(rate.quantize(function.value(places)))
        steepness = slope.real(slope.quantize(function.slope(places)))
        rows[:] = np.stack([value[:-1], np.diff(value), steepness[:-1], np.diff(steepness)], 1)
    return tables


def _copied(records: np.ndarray, kind: np.dtype) -> np.ndarray:
    values = np.zeros(len(records), kind)
    for name in kind.names:
        if name in records.dtype.names:
            values[name] = records[name]
    return values


def _coefficient(records: np.ndarray, name: str, words: Words) -> np.ndarray:
    """dt/τ from its mantissa (16 fractional bits) and shift."""
    mantissas = words.coefficient(records[f"{name}_mantissa"])
    return mantissas * 2.0 ** -(RATIO.frac + records[f"{name}_shift"])


def _refuse(found: bool, what: str) -> None:
    if found:
        raise NetworkError(f"the study of word lengths has no {what}")
