"""Between the values of files and sensors and the rates of the core."""

from dataclasses import dataclass

import numpy as np

from model.formats import Format

__all__ = ["LEAST_SCALE", "Scaling", "limited"]

LEAST_SCALE = 1e-30
"""Smallest scale, so that no quotient overflows."""


@dataclass(frozen=True)
class Scaling:
    """``value = offset + scale × rate``, both (channels,), float64."""

    offset: np.ndarray
    scale: np.ndarray

    def __len__(self) -> int:
        return len(self.scale)

    def rates(self, values) -> np.ndarray:
        """Values (…, channels) as rates; NaN stays NaN."""
        return (np.asarray(values, dtype=np.float64) - self.offset) / self.scale

    def values(self, rates) -> np.ndarray:
        """Rates (…, channels) as values."""
        return self.offset + self.scale * np.asarray(rates, dtype=np.float64)


def limited(values, form: Format) -> tuple[np.ndarray, int]:
    """Values within what a format holds, NaN as it is, and how many of them lay beyond."""
    values = np.asarray(values, dtype=np.float64)
    highest = form.max / form.one
    return np.clip(values, -highest, highest), int(np.count_nonzero(np.abs(values) >= form.limit))
