"""Where do two traces, or two devices on one stream, first disagree?"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from host.device import Device
from host.recorder import read_selected
from host.selection import select
from host.setup import Setup
from host.trace_file import Trace, column_names
from model.formats import ERROR, RATE
from model.frames import Frames
from model.network import NetworkError

__all__ = ["Difference", "Found", "diff_devices", "diff_traces"]

BLOCK = 64
"""Steps after which devices are compared; a block that differs is run again step by step."""


@dataclass(frozen=True)
class Difference:
    """The first value that differs."""

    step: int
    name: str
    first: float
    second: float

    def __str__(self) -> str:
        return f"step {self.step}: {self.name} is {self.first:.12g} and {self.second:.12g}"


@dataclass
class Found:
    """What was compared.

    moved        whether any of it changed at all: the equality of still values says little
    difference   None where all is the same
    differing    values that differ in the step of the first difference
    """

    steps: int = 0
    values: int = 0
    moved: bool = False
    differing: int = 0
    difference: Difference | None = None

    def json(self) -> dict:
        """As plain numbers and strings."""
        return asdict(self)


def diff_traces(one: Trace, other: Trace) -> Found:
    """Compare two traces of the same steps and values; columns may be in any order."""
    if set(one.names) != set(other.names):
        only = sorted(set(one.names) ^ set(other.names))
        which = "first" if only[0] in one.names else "second"
        raise NetworkError(f"only the {which} trace has {only[0]}; {len(only)} of the names are in "
                           "one of them alone")
    if not np.array_equal(one.steps, other.steps):
        raise NetworkError(f"the traces are of other steps: {_span(one)}, and {_span(other)}")
    values = other.values[:, [other.names.index(name) for name in one.names]]
    found = Found(len(one.steps), one.values.size, bool((one.values != one.values[:1]).any()))
    rows = np.flatnonzero((one.values != values).any(axis=1))
    if len(rows):
        _note(found, int(one.steps[rows[0]]), one.names, one.values[rows[0]], values[rows[0]])
    return found


def _span(trace: Trace) -> str:
    ends = f", {trace.steps[0]} to {trace.steps[-1]}" if len(trace.steps) else ""
    return f"{len(trace.steps)} rows{ends}"


def _note(found: Found, step: int, names: list[str], first: np.ndarray, second: np.ndarray) -> None:
    differing = np.flatnonzero(first != second)
    at = int(differing[0])
    found.differing = len(differing)
    found.difference = Difference(step, names[at], float(first[at]), float(second[at]))


class _Pair:
    """Two devices side by side, at the same step."""

    def __init__(self, devices: tuple[Device, Device], setup: Setup, names: Iterable[str]):
        self.devices = devices
        for device in devices:
            device.load(setup)
        self.selections = select(setup.program, names)
        kinds = [f"output {what} {name}" for what in ("rate", "error")
                 for name in setup.output_names]
        self.names = [*column_names(self.selections), *kinds]

    def run(self, frames: Frames) -> list[np.ndarray]:
        """After these frames, per device: the selected values, and the outputs of all frames."""
        rows = []
        for device in self.devices:
            outputs = device.run(frames)
            rows.append((read_selected(device, self.selections), RATE.real(outputs.rates),
                         ERROR.real(outputs.errors)))
        return rows

    @staticmethod
    def same(rows) -> bool:
        return all(np.array_equal(a, b) for a, b in zip(*rows, strict=True))


def diff_devices(devices: tuple[Device, Device], setup: Setup, blocks: Iterable[Frames], *,
                 names: Iterable[str] = ("*",), progress=None) -> Found:
    """Run both devices through the same frames until the selected values or outputs differ.

    progress   None, or called as progress(steps) after each block
    """
    pair, found, start = _Pair(devices, setup, names), Found(), None
    for given in blocks:
        for begin in range(0, len(given), BLOCK):
            frames = given[begin : begin + BLOCK]
            before = [device.save() for device in devices]
            rows = pair.run(frames)
            start = rows[0][0] if start is None else start
            found.moved |= not np.array_equal(start, rows[0][0])
            if not pair.same(rows):
                _replay(pair, frames, before, found)
                return found
            found.steps += len(frames)
            found.values += len(rows[0][0]) + 2 * rows[0][1].size
            if progress is not None:
                progress(len(frames))
    return found


def _replay(pair: _Pair, frames: Frames, before: list, found: Found) -> None:
    """Find the step within a block of frames that differs."""
    for device, state in zip(pair.devices, before, strict=True):
        device.restore(state)
    for k in range(len(frames)):
        rows = pair.run(frames[k : k + 1])
        if not pair.same(rows):
            first, second = (np.concatenate([row.ravel() for row in one]) for one in rows)
            _note(found, found.steps + k + 1, pair.names, first, second)
            return
    raise NetworkError(f"the devices differ after step {found.steps + len(frames)}, but not when "
                       "the steps before it are run again one by one")
