"""Internal values on the way, every so many steps, while a stream goes on."""

from pathlib import Path

import numpy as np

from host.checks import DeviceError
from host.device import Device
from host.selection import Selection, select
from host.trace_file import KINDS, Trace, column_names, csv_head, csv_rows, write_trace
from model.frames import Frames, Outputs
from model.network import NetworkError
from model.program import Flag

__all__ = ["Recorder", "read_selected"]

PROBE = int(Flag.PROBE)


def read_selected(device: Device, selections: list[Selection]) -> np.ndarray:
    """The values now, (columns,), float64 and exact."""
    states = {one.state: None for one in selections}
    states = {name: device.read(name) for name in states}
    return np.concatenate([one.real(states[one.state][one.indices]) for one in selections])


class Recorder:
    """Runs frames on a device and keeps the selected values of every ``every``-th step.

    names    see :mod:`host.selection`
    first    number of steps that lie behind; a row is taken where the number of a step, counted
             with them, is a multiple of ``every``
    path     a .npz or .csv file, or None: :meth:`trace` alone.  A .csv file is written on the way
             and what it holds is not kept.

    As many values as the core's probe list holds come with the frames themselves; more are read
    between two frames.  They are the same either way.
    """

    def __init__(self, device: Device, names: list[str], *, every: int = 1, first: int = 0,
                 path: Path | None = None):
        if every < 1:
            raise DeviceError(f"every = {every} must be at least 1")
        if not names:
            raise DeviceError("nothing to record; name a value, such as slow.u")
        if path is not None and path.suffix not in KINDS:
            raise NetworkError(f"cannot write {path}: its name must end in .npz or .csv")
        self.selections = select(device.program, names)
        self._device, self._every, self._step, self._path = device, every, first, path
        self._steps: list[np.ndarray] = []
        self._values: list[np.ndarray] = []
        entries = [(one.state, int(k)) for one in self.selections for k in one.indices]
        self._columns = len(entries)
        self._probes = len(entries) <= device.most_probes
        if self._probes:
            device.probe(entries)
        self._file = None
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        try:
            path.parent.stat()  # A folder that is not there shows now, not when a stream ends.
            if path.suffix == ".csv":
                self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise NetworkError(f"cannot write {path}: {error.strerror}") from error
        if self._file is not None:
            self._file.write(csv_head(self.selections))

    def run(self, frames: Frames) -> Outputs:
        """As ``device.run``."""
        numbers = self._step + 1 + np.arange(len(frames))
        chosen = numbers % self._every == 0
        outputs, values = (self._probed if self._probes else self._read)(frames, chosen)
        self._step += len(frames)
        if self._file is None:
            self._steps.append(numbers[chosen])
            self._values.append(values)
        else:
            self._file.write(csv_rows(numbers[chosen], values))
            self._file.flush()
        return outputs

    def _probed(self, frames: Frames, chosen: np.ndarray) -> tuple[Outputs, np.ndarray]:
        flags = (frames.flags & ~PROBE) | PROBE * chosen
        outputs = self._device.run(Frames(frames.inputs, frames.teach, frames.kind,
                                          frames.modulator, flags))
        ends = np.cumsum([len(one.indices) for one in self.selections])
        parts = np.split(outputs.probes, ends[:-1], axis=1)
        return outputs, np.concatenate([one.real(part) for one, part in
                                        zip(self.selections, parts, strict=True)], axis=1)

    def _read(self, frames: Frames, chosen: np.ndarray) -> tuple[Outputs, np.ndarray]:
        done, rows, start = [], [np.zeros((0, self._columns))], 0
        for stop in (np.flatnonzero(chosen) + 1).tolist():
            done.append(self._device.run(frames[start:stop]))
            rows.append(read_selected(self._device, self.selections)[None, :])
            start = stop
        done.append(self._device.run(frames[start:]))
        return Outputs(np.concatenate([one.rates for one in done]),
                       np.concatenate([one.errors for one in done])), np.concatenate(rows)

    def trace(self) -> Trace:
        """What is kept."""
        steps = np.concatenate([np.zeros(0, np.int64), *self._steps])
        values = np.concatenate([np.zeros((0, self._columns)), *self._values])
        return Trace(steps, column_names(self.selections), values)

    def close(self) -> None:
        """Everything is in the file when this returns."""
        if self._file is not None:
            self._file.close()
        elif self._path is not None:
            write_trace(self._path, self.trace())
