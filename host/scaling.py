"""Between the values of files and sensors and the rates of the core."""

from dataclasses import dataclass

import numpy as np

from model.formats import RATE

__all__ = ["LEAST_SCALE", "Scaling"]

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

    @staticmethod
    def limited(rates: np.ndarray) -> tuple[np.ndarray, int]:
        """Rates within what the core holds, and how many of them lay beyond."""
        highest = RATE.max / RATE.one
        kept = np.clip(rates, -RATE.limit, highest)
        # A rate in the last half step rounds to the largest; only what lies beyond counts.
        return kept, int(np.count_nonzero(np.abs(rates) >= RATE.limit))
