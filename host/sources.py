"""Where the samples of a stream come from: recordings read together, or lines of a pipe."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.interrupt import Interrupt
from host.live import LiveLines
from host.setup import Setup
from host.tables import Columns, Lines, open_recording
from model.network import NetworkError

__all__ = ["LIVE", "Samples", "Source", "open_source"]

LIVE = Path("-")
"""The path that stands for standard input and output."""
MOST_LINES = 256
"""Lines of a pipe that are answered together, where so many wait."""


@dataclass(frozen=True)
class Samples:
    """Values by role (T, columns), and when each sample arrived, or when all were there."""

    values: dict[str, np.ndarray]
    arrivals: list[float] | float


class Source:
    """Blocks of samples.

    length   samples in all, None where only reading tells
    named    whether the columns came with names
    """

    length: int | None = None
    named = True

    def __init__(self, roles: dict[Path, list[Columns]]):
        self._slices, start = {}, 0
        for columns in roles.values():
            for one in columns:
                self._slices[one.what] = slice(start, start + one.count)
                start += one.count

    def _samples(self, rows: np.ndarray, arrivals) -> Samples:
        return Samples({what: rows[:, part] for what, part in self._slices.items()}, arrivals)

    def blocks(self, size: int) -> Iterator[Samples]:
        """All samples, ``size`` at a time at most."""
        raise NotImplementedError


class _Files(Source):
    def __init__(self, roles: dict[Path, list[Columns]], dt: float):
        super().__init__(roles)
        self._recordings = [open_recording(path, wanted, dt=dt) for path, wanted in roles.items()]
        lengths = [one.length for one in self._recordings if one.length is not None]
        self.length = min(lengths) if lengths else None

    def blocks(self, size: int) -> Iterator[Samples]:
        parts, done = [one.blocks(size) for one in self._recordings], 0
        while True:
            rows = [next(part, ()) for part in parts]
            lengths = [len(block) for block in rows]
            least = min(lengths)
            if least:
                joined = np.concatenate([block[:least] for block in rows], axis=1)
                yield self._samples(joined, time.monotonic())
            done += least
            if least < max(lengths):
                short = lengths.index(least)
                next(parts[short], ())  # Where it broke off at a bad line, this says so.
                raise NetworkError(f"{self._recordings[short].where} ends after {done} samples, "
                                   "before the others do")
            if not least:
                return


class _Live(Source):
    def __init__(self, roles: dict[Path, list[Columns]], descriptor: int, interrupt: Interrupt):
        super().__init__(roles)
        self._lines = Lines("standard input", roles[LIVE])
        self._descriptor, self._interrupt = descriptor, interrupt

    @property
    def named(self) -> bool:
        return self._lines.header is not None

    def blocks(self, size: int) -> Iterator[Samples]:
        source = LiveLines(self._descriptor)
        while True:
            with self._interrupt.waiting():
                taken = source.take(min(size, MOST_LINES))
            if not taken:
                return
            rows, arrivals, failure = [], [], None
            for line, arrival in taken:
                try:
                    row = self._lines.row(line.decode("utf-8", "replace"))
                except NetworkError as error:
                    # What came before the bad line is answered first.
                    failure = error
                    break
                if row is not None:
                    rows.append(row)
                    arrivals.append(arrival)
            if rows:
                yield self._samples(np.array(rows), arrivals)
            if failure is not None:
                raise failure


def open_source(setup: Setup, inputs: Path, targets: Path | None, modulator: Path | None,
                descriptor: int, interrupt: Interrupt) -> Source:
    """The samples of a stream; streams that share a path share its lines.

    :class:`NetworkError` for a file that cannot be read, or lacks columns.
    """
    roles: dict[Path, list[Columns]] = {}
    for path, columns in (
            (inputs, Columns("input", len(setup.input), setup.input_columns)),
            (targets, Columns("target", len(setup.output), setup.output_columns)),
            (modulator, Columns("modulator", 1, ("modulator",)))):
        if path is not None:
            roles.setdefault(path, []).append(columns)
    if LIVE not in roles:
        return _Files(roles, setup.program.dt)
    if len(roles) > 1:
        raise NetworkError("inputs, targets and modulators of standard input come in the same "
                           "lines: give - for all of them")
    return _Live(roles, descriptor, interrupt)
