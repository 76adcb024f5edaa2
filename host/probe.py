"""Probe lists: which single values of the state a probed frame brings along.

An entry is a state's name and an index into its array, in the golden model's order; a slice stands
for one entry per index.  Each entry is one column of ``Outputs.probes``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from host.checks import DeviceError, state_range
from model.frames import Frames
from model.program import Flag, Program

__all__ = ["Gather", "ProbeList", "probed"]

PROBE = int(Flag.PROBE)


def probed(frames: Frames) -> np.ndarray:
    """Which frames bring their probes along, bool (T,)."""
    return (frames.flags & PROBE) != 0


@dataclass(frozen=True)
class Gather:
    """All entries of one state: ``values[columns] = state[name][indices]``, int64 (n,) each."""

    name: str
    columns: np.ndarray
    indices: np.ndarray


class ProbeList:
    """The entries of a program's probes, checked.

    entries   (state, index) of every column
    gathers   the same, state by state
    """

    def __init__(self, program: Program, entries: Iterable[tuple[str, int | slice]], *, limit: int):
        self.entries = [(name, k) for entry in entries for name, k in _expand(program, entry)]
        if len(self.entries) > limit:
            raise DeviceError(f"{len(self.entries)} probes; the limit is {limit}")
        columns = {}
        for column, (name, _) in enumerate(self.entries):
            columns.setdefault(name, []).append(column)
        self.gathers = [
            Gather(name, np.array(chosen), np.array([self.entries[k][1] for k in chosen]))
            for name, chosen in columns.items()]

    def __len__(self) -> int:
        return len(self.entries)


def _expand(program: Program, entry: tuple[str, int | slice]) -> list[tuple[str, int]]:
    """An entry as (state, index) pairs."""
    if not (isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)):
        raise DeviceError(f"probe {entry!r} is not a pair of a state's name and an index")
    name, index = entry
    state_range(name)
    size = len(program.state[name])
    if isinstance(index, slice):
        return [(name, k) for k in _slice(name, index, size)]
    _check_index(name, index, 0, size - 1)
    return [(name, int(index))]


def _slice(name: str, index: slice, size: int) -> range:
    """Indices of a slice; unlike Python's, one that reaches beyond the state is refused."""
    for bound in (index.start, index.stop):
        if bound is not None:
            _check_index(name, bound, 0, size)
    if index.step is not None:
        _check_index(name, index.step, 1, size, "step")
    chosen = range(size)[index]
    if not chosen:
        raise DeviceError(f"probe of state '{name}': slice {index.start}:{index.stop} is empty")
    return chosen


def _check_index(name: str, index: int, low: int, high: int, what: str = "index") -> None:
    if isinstance(index, bool | np.bool_) or not isinstance(index, int | np.integer):
        raise DeviceError(f"probe of state '{name}': {what} {index!r} is not an integer")
    if not low <= index <= high:
        raise DeviceError(f"probe of state '{name}': {what} {index} is outside {low} … {high}")
