"""Checked steps from real numbers to integers; refusals name the value and the limit."""

import math

import numpy as np

from model.formats import WEIGHT
from model.network import NetworkError

__all__ = ["mantissa_of", "power_of_two", "weights_of"]


def power_of_two(value: float, what: str, low: int, high: int) -> int:
    """k of ``value`` = 2**k, refused unless it is a power of two with low ≤ k ≤ high."""
    if not (value > 0 and math.isfinite(value)) or math.frexp(value)[0] != 0.5:
        raise NetworkError(f"{what} = {value:g} is not a power of two")
    k = math.frexp(value)[1] - 1
    if not low <= k <= high:
        raise NetworkError(f"{what} = {value:g} is outside 2^{low} … 2^{high}")
    return k


def mantissa_of(value: float, what: str, bits: int, low: int, high: int) -> tuple[int, int]:
    """``value`` as m · 2**−(bits + k), 2**bits ≤ m < 2**(bits + 1); refused unless k fits."""
    if not math.isfinite(value) or value < 0:
        raise NetworkError(f"{what} = {value:g} must be finite and not negative")
    if value == 0:
        return 0, low
    fraction, exponent = math.frexp(value)
    mantissa, k = round(fraction * 2 ** (bits + 1)), 1 - exponent
    if mantissa == 2 ** (bits + 1):
        mantissa, k = 2**bits, k - 1
    if not low <= k <= high:
        raise NetworkError(f"{what} = {value:g} is outside {2.0**-high:g} … {2.0**(1 - low):g}")
    return mantissa, k


def weights_of(values, shape: tuple[int, ...], what: str) -> np.ndarray:
    """``values`` (zeros if None) in WEIGHT; refused unless finite, below 8 and of ``shape``."""
    try:
        array = np.zeros(shape) if values is None else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{what} is not an array of numbers: {error}") from error
    if array.shape != shape:
        raise NetworkError(f"{what} has shape {array.shape}; it must have {shape}")
    if not np.isfinite(array).all():
        raise NetworkError(f"{what} holds a value that is not finite")
    if array.size and np.abs(array).max() >= WEIGHT.limit:
        raise NetworkError(f"{what} reaches {np.abs(array).max():g}; weights are below "
                           f"{WEIGHT.limit:g}")
    return WEIGHT.quantize(array)
