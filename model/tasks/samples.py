"""Tasks of labelled samples: a sample is streamed, and only then is its label known.

For each sample the core gets

    1  the sample, one point a frame, and ``drain`` frames without input while the last point rises;
       eligibilities gather what each synapse did
    2  the error of the outputs, one-hot minus softmax of the summed outputs, for as many frames as
       it takes to come down, neurons held
    3  one frame that learns

``core`` is anything with ``run(frames)``: the golden model, or a device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.formats import ERROR, MODULATOR, RATE
from model.frames import Frames
from model.network import Network, NetworkError
from model.program import Flag, Program, Teach

__all__ = ["SampleTask", "Samples", "Teacher"]

ANSWERING = 64
"""Samples that are answered in one call."""


@dataclass(frozen=True)
class Samples:
    """Inputs (N, steps, channels) in real units, |x| < 4, and labels (N,), 0 … classes − 1."""

    inputs: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Samples":
        """The first ``count`` of them."""
        return Samples(self.inputs[:count], self.labels[:count])


@dataclass(frozen=True, kw_only=True)
class SampleTask:
    """``network(seed)``, samples of three parts, and how they are taught.

    epochs       passes over the training samples
    layers       layers that an error comes down through, outputs included
    drain        frames after a sample, without input
    sharpness    softmax is taken of this times the summed output rates
    smoothing    share of the label that is spread over all classes (Szegedy et al. 2016)
    centring     share of the scores' mean by which all errors are lowered: softmax says nothing of
                 it, and steps by sign, which do not add up to zero, would let it wander
    modulators   m of the first and of the last sample; it falls along half a cosine in between
    load         part → Samples, for "train", "validation" and "test"
    vary         None, or (a training sample's points as frames have them, a generator) → points to
                 stream in their place, drawn anew each time: an augmentation, the host's business
    """

    name: str
    about: str
    epochs: int
    classes: int
    layers: int
    drain: int
    sharpness: float
    smoothing: float
    centring: float
    modulators: tuple[float, float]
    build: Callable[[int], Network]
    load: Callable[[str], Samples]
    vary: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None

    def network(self, seed: int = 0) -> Network:
        """The network before learning."""
        return self.build(seed)

    def samples(self, part: str) -> Samples:
        """Those of a part; :class:`NetworkError` if there is no such part."""
        if part not in ("train", "validation", "test"):
            raise NetworkError(f"unknown part '{part}'; there are: train, validation, test")
        return self.load(part)

    @property
    def lesson(self) -> int:
        """Frames that teach a sample, after it was streamed."""
        return self.layers + 1

    def modulator(self, progress: float) -> float:
        """m when the share ``progress`` of the training is done."""
        first, last = self.modulators
        return last + (first - last) * 0.5 * (1 + np.cos(np.pi * progress))


class Teacher:
    """Streams samples of ``task`` to ``core``, which runs ``program``, and teaches it."""

    def __init__(self, task: SampleTask, core, program: Program, steps: int):
        self.task, self.core, self.program = task, core, program
        self.steps = steps + task.drain
        flags = np.full(task.lesson + self.steps, int(Flag.INTEGRATE))
        flags[: task.lesson] = 0
        flags[task.lesson] |= int(Flag.RESET_STATE | Flag.RESET_TRACE)
        shape = (len(flags), program.outputs)
        # A lesson about the sample before, then a sample.
        self._frames = Frames(
            inputs=np.zeros((len(flags), program.inputs), np.int64),
            teach=np.zeros(shape, np.int64), kind=np.zeros(shape, np.int64),
            modulator=np.full(len(flags), MODULATOR.one), flags=flags)
        self._error: np.ndarray | None = None

    @cached_property
    def _streaming(self) -> np.ndarray:
        return self._frames.flags[self.task.lesson :]

    def quantized(self, samples: Samples) -> np.ndarray:
        """Inputs as frames have them, int64: (N, steps + drain, channels)."""
        values = np.asarray(samples.inputs, np.float64)
        if not np.abs(values).max() < RATE.limit:
            raise NetworkError(f"samples reach {np.abs(values).max():g}; inputs are below "
                               f"{RATE.limit:g}")
        quiet = ((0, 0), (0, self.task.drain), (0, 0))
        return np.pad(RATE.quantize(values), quiet)

    def learn(self, points: np.ndarray, label: int, modulator: float) -> bool:
        """Stream one sample, as :meth:`quantized` has it; returns whether its answer was right.

        What it teaches is learned at the beginning of the next call, or of :meth:`settle`.
        """
        self._enter_lesson()
        frames, lesson = self._frames, self.task.lesson
        frames.inputs[lesson:] = points
        sums = self.core.run(frames).rates[lesson:].sum(axis=0)
        scores = RATE.real(sums) * self.task.sharpness
        chances = np.exp(scores - scores.max())
        error = self.task.smoothing / self.task.classes - chances / chances.sum()
        error[label] += 1 - self.task.smoothing
        error -= self.task.centring * scores.mean()
        self._error = ERROR.quantize(error)
        frames.modulator[lesson - 1] = MODULATOR.quantize(modulator)
        return int(np.argmax(sums)) == label

    def settle(self) -> None:
        """Learn what the last sample taught."""
        self._enter_lesson()
        self.core.run(self._frames[: self.task.lesson])
        self._error = None

    def _enter_lesson(self) -> None:
        frames, lesson = self._frames, self.task.lesson
        taught = self._error is not None
        frames.kind[:lesson] = Teach.ERROR if taught else Teach.NONE
        frames.teach[:lesson] = self._error if taught else 0
        frames.flags[lesson - 1] = int(Flag.LEARN) if taught else 0

    def answers(self, points: np.ndarray, progress: Callable[[int], None] | None = None):
        """Classes (N,) answered to samples as :meth:`quantized` has them; nothing is learned."""
        return np.concatenate([self._answered(points[start : start + ANSWERING], progress)
                               for start in range(0, len(points), ANSWERING)])

    def _answered(self, points: np.ndarray, progress) -> np.ndarray:
        count = len(points)
        nothing = np.zeros((count * self.steps, self.program.outputs), np.int64)
        frames = Frames(points.reshape(count * self.steps, -1), nothing, nothing,
                        np.full(len(nothing), MODULATOR.one), np.tile(self._streaming, count))
        rates = self.core.run(frames).rates.reshape(count, self.steps, -1)
        if progress is not None:
            progress(count)
        return np.argmax(rates.sum(axis=1), axis=1)
