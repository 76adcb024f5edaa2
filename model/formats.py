"""The one table of number formats, used by the golden model and the hardware alike.

A number is an integer ``n`` that stands for ``n / 2**frac`` and is held in ``width`` bits, two's
complement.  Operands of a product are 18 bits wide (one ECP5 multiplier, one half of a block-RAM
word); states that integrate small steps are 27 to 30 bits wide.  Every narrowing saturates, and
every saturation is counted under the format's ``counter``.
"""

from dataclasses import dataclass

import numpy as np

__all__ = [
    "Format", "RATE", "SLOPE", "WEIGHT", "ERROR", "MODULATOR", "RATIO", "TAP", "DRIVE", "ARGUMENT",
    "CURRENT", "MEMBRANE", "INTEGRATOR", "TRACE", "TAP_STATE", "CHANGE_MEAN", "ALPHA", "ENERGY",
    "FINE_WEIGHT", "ELIGIBILITY", "SLOPE_SUM",
    "MIRROR_STEP", "FORMATS", "SUM", "ROUNDING_BITS", "FACTOR_FRACS", "FACTOR_WIDTH", "COUNTERS",
]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A fixed-point format: ``width`` bits in all, ``frac`` of them behind the binary point."""

    name: str
    width: int
    frac: int
    counter: str
    about: str

    @property
    def one(self) -> int:
        """The integer that stands for 1.0."""
        return 1 << self.frac

    @property
    def min(self) -> int:
        """Smallest integer held."""
        return -(1 << (self.width - 1))

    @property
    def max(self) -> int:
        """Largest integer held."""
        return (1 << (self.width - 1)) - 1

    @property
    def limit(self) -> float:
        """Magnitude at which values saturate, in real units."""
        return float(2.0 ** (self.width - 1 - self.frac))

    def quantize(self, values) -> np.ndarray:
        """Real ``values`` (any shape) to int64 of this format: round half up, then saturate."""
        scaled = np.floor(np.asarray(values, dtype=np.float64) * self.one + 0.5)
        return np.clip(scaled, self.min, self.max).astype(np.int64)

    def real(self, values) -> np.ndarray:
        """Integers of this format (any shape) back to float64."""
        return np.asarray(values, dtype=np.float64) / self.one


def _format(name, width, frac, counter, about):
    return Format(name=name, width=width, frac=frac, counter=counter, about=about)


RATE = _format("rate", 18, 15, "rate", "rates r, targets y, traces ψ")
SLOPE = _format("slope", 18, 16, "rate", "activation slopes φ'(s)")
WEIGHT = _format("weight", 18, 14, "weight", "weights W and B, biases b")
ERROR = _format("error", 18, 15, "error", "errors ē and e, and differences of errors")
MODULATOR = _format("modulator", 18, 14, "factor", "neuromodulator m")
RATIO = _format("ratio", 18, 16, "membrane", "ρ = τr/τm, and mantissas of dt/τ")
TAP = _format("tap", 18, 12, "tap", "taps c0, c1 as operands")
DRIVE = _format("drive", 18, 14, "membrane", "d = I − u as an operand")
ARGUMENT = _format("argument", 20, 16, "membrane", "look-ahead potential s, the argument of φ")
CURRENT = _format("current", 27, 23, "current", "input current I and its change ΔI")
MEMBRANE = _format("membrane", 30, 26, "membrane", "membrane potential u")
INTEGRATOR = _format("integrator", 30, 27, "error", "low-passed errors v and x")
TRACE = _format("trace", 30, 27, "rate", "low-passed rate behind the trace ψ")
TAP_STATE = _format("tap state", 27, 21, "tap", "taps c0, c1 as learned")
CHANGE_MEAN = _format("change mean", 30, 26, "current", "running mean of |ΔI|")
ALPHA = _format("alpha", 30, 28, "membrane", "mantissa of dt/τm as learned, times 2**shift")
ENERGY = _format("energy", 30, 20, "error", "mismatch energy ½ Σ e² and cost ½ β Σ (y − r)²")
FINE_WEIGHT = _format("fine weight", 36, 30, "weight", "weight changes before stochastic rounding")
ELIGIBILITY = _format("eligibility", 18, 15, "weight", "eligibility E, times its scale")
SLOPE_SUM = _format("slope sum", 24, 22, "rate", "sum of slopes while a sample lasts, over 64")
MIRROR_STEP = _format("mirror step", 32, 30, "mirror", "ηB ΔI/ε, the mirror rule's pull on B")

FORMATS = (
    RATE, SLOPE, WEIGHT, ERROR, MODULATOR, RATIO, TAP, DRIVE, ARGUMENT, CURRENT, MEMBRANE,
    INTEGRATOR, TRACE, TAP_STATE, CHANGE_MEAN, ALPHA, ENERGY, FINE_WEIGHT, ELIGIBILITY, SLOPE_SUM,
    MIRROR_STEP,
)

SUM = _format("sum", 48, 29, "sum", "exact sums Σ W r and Σ B e; wide enough for 4096 synapses")
ROUNDING_BITS = FINE_WEIGHT.frac - WEIGHT.frac
"""Random bits of a stochastic rounding."""

FACTOR_FRACS = (16, 19, 22, 25)
"""Binary points a projection can choose for its learning factor ê = η m ē (18 bits)."""
FACTOR_WIDTH = 18

COUNTERS = ("current", "membrane", "rate", "error", "weight", "bias", "factor", "mirror")
"""Saturation counters, in the order of their registers.

Taps have none: learned taps are bounded by rule, not by format.
"""
