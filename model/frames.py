"""Frames: what the host says to the core in each step, as integers."""

from dataclasses import dataclass, field

import numpy as np

from model.formats import MODULATOR, RATE
from model.network import NetworkError
from model.program import Flag, Program, Teach

__all__ = ["FROZEN", "LEARNING", "Frames", "Outputs"]

LEARNING = Flag.LEARN | Flag.INTEGRATE | Flag.NOISE
"""Flags of ordinary on-line learning."""
FROZEN = Flag.INTEGRATE
"""Flags of a frozen test: plasticity and noise off."""


@dataclass
class Frames:
    """A block of T frames, int64 throughout.

    inputs     (T, inputs)   input rates, RATE
    teach      (T, outputs)  targets (RATE) or errors (ERROR)
    kind       (T, outputs)  :class:`model.program.Teach`
    modulator  (T,)          neuromodulator m, MODULATOR
    flags      (T,)          :class:`model.program.Flag`
    """

    inputs: np.ndarray
    teach: np.ndarray
    kind: np.ndarray
    modulator: np.ndarray
    flags: np.ndarray

    def __len__(self) -> int:
        return len(self.flags)

    def __getitem__(self, part: slice) -> "Frames":
        return Frames(self.inputs[part], self.teach[part], self.kind[part], self.modulator[part],
                      self.flags[part])

    def check(self, program: Program) -> None:
        """Raise :class:`NetworkError` unless the shapes are those of ``program``."""
        for name, width in (("inputs", program.inputs), ("teach", program.outputs),
                            ("kind", program.outputs)):
            shape = getattr(self, name).shape
            if shape != (len(self), width):
                raise NetworkError(f"frames: {name} has shape {shape}; the program needs "
                                   f"{(len(self), width)}")

    @classmethod
    def of(cls, inputs, targets=None, *, outputs: int, errors=None, modulator=1.0,
           flags=LEARNING) -> "Frames":
        """Quantise real streams.

        inputs     (T, inputs) or (T,), |x| < 4
        targets or errors   (T, outputs), NaN where nothing is taught
        modulator  scalar or (T,), |m| < 8;  flags  one value or (T,)

        Raises :class:`NetworkError` for a NaN or infinity elsewhere, or a value that saturates.
        """
        inputs = np.asarray(inputs, dtype=np.float64)
        inputs = inputs[:, None] if inputs.ndim == 1 else inputs
        steps = len(inputs)
        if targets is not None and errors is not None:
            raise NetworkError("frames: give targets or errors, not both")
        taught = targets if targets is not None else errors
        kind = np.zeros((steps, outputs), np.int64)
        teach = np.zeros((steps, outputs))
        if taught is not None:
            taught = np.asarray(taught, dtype=np.float64)
            if taught.size != steps * outputs:
                raise NetworkError(f"frames: targets or errors have shape {taught.shape}; the "
                                   f"inputs need {(steps, outputs)}")
            taught = taught.reshape(steps, outputs)
            given = ~np.isnan(taught)
            kind[given] = Teach.TARGET if targets is not None else Teach.ERROR
            teach[given] = taught[given]
        return cls(
            inputs=_exact(inputs, RATE, "input"), teach=_exact(teach, RATE, "target"), kind=kind,
            modulator=_exact(_per_step(modulator, steps, np.float64, "neuromodulator"), MODULATOR,
                             "neuromodulator"),
            flags=_per_step(flags, steps, np.int64, "flags").copy(),
        )


@dataclass
class Outputs:
    """What a block of frames returned, int64.

    rates, errors   (steps, outputs), in RATE and ERROR
    probes          (frames with ``Flag.PROBE``, entries of a device's probe list)
    """

    rates: np.ndarray
    errors: np.ndarray
    probes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))


def _per_step(values, steps: int, dtype, what: str) -> np.ndarray:
    values = np.asarray(values, dtype)
    if values.shape not in ((), (steps,)):
        raise NetworkError(f"frames: {what} has shape {values.shape}; the inputs need {(steps,)}")
    return np.broadcast_to(values, steps)


def _exact(values: np.ndarray, form, what: str) -> np.ndarray:
    bad = ~(np.abs(values) < form.limit)
    if bad.any():
        at = tuple(int(k) for k in np.argwhere(bad)[0])
        raise NetworkError(f"{what} at step {at[0]} is {values[at]:g}; "
                           f"the limit is ±{form.limit:g}")
    return form.quantize(values)
