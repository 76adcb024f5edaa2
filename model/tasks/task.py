"""What a task is: a network, random streams, a figure of merit, and defaults."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from model.frames import LEARNING, Frames
from model.network import Network, NetworkError
from model.pace import scaled
from model.program import Program
from model.rules import RULES

__all__ = ["PARTS", "Stream", "Task", "falling", "random_source"]

FLAT = 1e-12
"""Variance up to which a target counts as constant: smoothing rounds."""
HOLD = 0.25
"""Share of a training before its neuromodulator falls."""
PARTS = ("train", "validation", "test")
"""Parts of a task's data; their streams are drawn independently."""


@dataclass(frozen=True)
class Stream:
    """Inputs (T, n_in) and targets (T, n_out) in real units.

    symbols       (number of symbols,) the right answers ±1, or None where a task has no symbols
    symbol_steps  steps of a symbol
    """

    inputs: np.ndarray
    targets: np.ndarray
    symbols: np.ndarray | None = None
    symbol_steps: int = 0

    def __len__(self) -> int:
        return len(self.inputs)

    def lesson(self) -> Frames:
        """Frames that train on the whole stream, with a neuromodulator that falls to zero."""
        return Frames.of(self.inputs, self.targets, outputs=self.targets.shape[1],
                         modulator=falling(len(self)), flags=LEARNING)


def falling(steps: int) -> np.ndarray:
    """The neuromodulator m of a training's steps, (steps,): 1 for a quarter, then falling to 0.

    It scales every change of weights, biases and time constants.  At a constant rate the weights go
    on trembling, by as much as the last few targets ask, and a frozen test meets them at whatever
    moment learning stopped.
    """
    return np.minimum(1.0, (1.0 - np.arange(steps) / steps) / (1.0 - HOLD))


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task: ``network(rule, seed)`` and ``streams(seed, steps, part)`` and how to judge a run.

    steps          default number of training steps
    test_steps     steps of the frozen test, washout included
    washout        steps at the start of a test that are not scored
    answer_window  part of a symbol over which the output is averaged to an answer
    paces          by rule, how many times as fast it learns as ``build`` says, where those rates do
                   not suit it; ``vle compare`` looks for the best around that
    learned        ``learned(program, state)``: name → (learned, teacher's) of parameters that a run
                   should report, or None; ``state`` holds "W" and "alpha"
    """

    name: str
    about: str
    steps: int
    test_steps: int
    washout: int
    build: Callable[[str, int], Network]
    draw: Callable[[int, int, str], Stream]
    answer_window: tuple[float, float] = (0.0, 1.0)
    paces: Mapping[str, float] = field(default_factory=dict)
    learned: Callable[[Program, Mapping], dict[str, tuple[float, float]]] | None = None

    def network(self, rule: str = "vle", seed: int = 0) -> Network:
        """The network before learning, under ``rule`` and at its pace."""
        if rule not in RULES:
            raise NetworkError(f"unknown rule '{rule}'; there are: {', '.join(RULES)}")
        return scaled(self.build(rule, seed), self.paces.get(rule, 1.0))

    def streams(self, seed: int, steps: int, part: str) -> Stream:
        """``steps`` steps of a part's stream; a shorter stream is the beginning of a longer one."""
        if part not in PARTS:
            raise NetworkError(f"unknown part '{part}'; there are: {', '.join(PARTS)}")
        if steps < 1:
            raise NetworkError(f"steps = {steps} must be at least 1")
        return self.draw(seed, steps, part)

    def error(self, stream: Stream, outputs: np.ndarray) -> float:
        """Mean squared error over the target's variance, washout not scored.

        ``outputs`` are real rates, shape (T, n_out).  A target that does not vary is a
        NetworkError.
        """
        square = self.square_error(stream, outputs)
        variance = float(np.mean(np.var(stream.targets[self.washout :], axis=0)))
        if variance < FLAT:
            raise NetworkError(f"{len(stream)} steps hold no change of the target after the first "
                               f"{self.washout}; an error over its variance wants a longer stream")
        return square / variance

    def square_error(self, stream: Stream, outputs: np.ndarray) -> float:
        """Mean squared error, washout not scored; ``outputs`` as for :meth:`error`."""
        self._check(stream, outputs)
        misses = outputs[self.washout :] - stream.targets[self.washout :]
        return float(np.mean(np.square(misses)))

    def accuracy(self, stream: Stream, outputs: np.ndarray) -> float | None:
        """Share of symbols answered right, washout not scored; None for a task without symbols.

        The answer is the sign of the first output's mean over ``answer_window`` of the symbol.
        """
        self._check(stream, outputs)
        if stream.symbols is None:
            return None
        length = stream.symbol_steps
        first, whole = -(-self.washout // length), len(stream) // length
        first_step, last_step = (round(edge * length) for edge in self.answer_window)
        symbols = outputs[: whole * length, 0].reshape(whole, length)
        answers = symbols[first:, first_step:last_step].mean(axis=1)
        return float(np.mean(np.sign(answers) == stream.symbols[first:whole]))

    def _check(self, stream: Stream, outputs: np.ndarray) -> None:
        if outputs.shape != stream.targets.shape:
            raise NetworkError(f"outputs have shape {outputs.shape}; the stream's targets have "
                               f"{stream.targets.shape}")
        if len(stream) < self.washout + max(2, 2 * stream.symbol_steps):
            raise NetworkError(f"a stream of {len(stream)} steps is too short to score; "
                               f"{self.washout} are washout")


def random_source(task: str, what: str, seed: int) -> np.random.Generator:
    """An independent generator for each task, purpose and seed."""
    return np.random.default_rng([zlib.crc32(f"{task}/{what}".encode()), seed])
