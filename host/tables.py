"""Recordings as blocks of numbers: CSV, NumPy and audio files, columns by name or by place.

A column that a file gives a name is found by it; without names, the streams that share a file count
from the left: inputs, targets, modulator.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.network import NetworkError

__all__ = ["Columns", "Lines", "Recording", "open_recording"]

DELIMITERS = (";", "\t", ",")
RATE_TOLERANCE = 1e-3
"""Relative difference of an audio file's rate and the network's that is nobody's mistake."""


@dataclass(frozen=True)
class Columns:
    """Columns that one stream takes from a file: how many, and by which names if it has any."""

    what: str
    count: int
    names: tuple[str, ...] | None = None


class Lines:
    """Lines of text to rows of numbers; a first line that is not numbers holds the names.

    where     what to call the text in messages
    wanted    the columns to return, stream after stream
    header    the names found, or None
    """

    def __init__(self, where: str, wanted: list[Columns]):
        self.where, self.wanted = where, wanted
        self.header: list[str] | None = None
        self._number = 0
        self._width = self._places = self._delimiter = None

    def row(self, line: str) -> list[float] | None:
        """The numbers of a line, NaN where a field is empty; None for a header or a blank line."""
        self._number += 1
        if not line.strip() or line.startswith("#"):
            return None
        if self._delimiter is None:
            self._delimiter = next((mark for mark in DELIMITERS if mark in line), ",")
        fields = [field.strip() for field in next(csv.reader([line], delimiter=self._delimiter))]
        if self._width is None:
            self._width = len(fields)
            if not all(_is_number(field) for field in fields):
                self.header = fields
            self._places = _places(self.where, self.wanted, len(fields), self.header)
            if self.header is not None:
                return None
        if len(fields) != self._width:
            self._refuse(f"{len(fields)} fields; the lines before have {self._width}")
        return [self._value(fields[place], place) for place in self._places]

    def _value(self, field: str, place: int) -> float:
        if not field:
            return np.nan
        try:
            return float(field)
        except ValueError:
            name = f" ({self.header[place]})" if self.header else ""
            self._refuse(f"'{field}' in column {place + 1}{name} is not a number")

    def _refuse(self, message: str):
        raise NetworkError(f"{self.where}, line {self._number}: {message}") from None


def _is_number(field: str) -> bool:
    try:
        float(field or "nan")
    except ValueError:
        return False
    return True


def _places(where: str, wanted: list[Columns], width: int, header: list[str] | None) -> list[int]:
    places = []
    for columns in wanted:
        if header is not None and columns.names is not None:
            for name in columns.names:
                if name not in header:
                    raise NetworkError(f"{where} has no column '{name}' for the {columns.what}; "
                                       f"there are: {', '.join(header)}")
            places += [header.index(name) for name in columns.names]
        else:
            first = len(places)
            if first + columns.count > width:
                raise NetworkError(f"{where} has {width} columns; the {columns.what} needs "
                                   f"{columns.count} from column {first + 1} on")
            places += range(first, first + columns.count)
    return places


@dataclass(frozen=True)
class Recording:
    """A file's columns, in blocks; ``length`` in samples, None where only reading it tells."""

    where: str
    length: int | None
    rows: Iterable[np.ndarray]

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Blocks (size, columns), float64; the last may be shorter."""
        for start in self.rows:
            yield from (start[k : k + size] for k in range(0, len(start), size))


def open_recording(path: Path, wanted: list[Columns], *, dt: float) -> Recording:
    """The columns ``wanted`` of a .csv, .npy or audio file, one sample per ``dt`` seconds.

    :class:`NetworkError` for a file that cannot be read or has other columns.
    """
    try:
        kind = path.suffix.lower()
        if kind in (".csv", ".txt", ".tsv"):
            return _text(path, wanted)
        if kind == ".npy":
            return _array(path, wanted)
        if kind in (".wav", ".flac", ".ogg"):
            return _audio(path, wanted, dt)
    except OSError as error:
        raise NetworkError(f"cannot read {path}: {error.strerror or error}") from error
    raise NetworkError(f"cannot read {path}: its name must end in .csv, .npy or .wav")


BLOCK = 4096


def _text(path: Path, wanted: list[Columns]) -> Recording:
    path.open().close()

    def rows():
        lines, block, failure = Lines(str(path), wanted), [], None
        with path.open(encoding="utf-8-sig", newline="") as file:
            try:
                for line in file:
                    if (row := lines.row(line)) is not None:
                        block.append(row)
                    if len(block) == BLOCK:
                        yield np.array(block)
                        block = []
            except UnicodeDecodeError as error:
                failure = NetworkError(f"{path} is not a text file: byte {error.start} is not "
                                       "UTF-8")
            except NetworkError as error:
                failure = error
        if block:
            yield np.array(block)
        if failure is not None:
            raise failure

    return Recording(str(path), None, rows())


def _array(path: Path, wanted: list[Columns]) -> Recording:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise NetworkError(f"cannot read {path}: {error}") from error
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.dtype.kind not in "iuf":
        raise NetworkError(f"{path} holds {array.dtype} of shape {array.shape}; it must hold "
                           "numbers of shape (samples,) or (samples, columns)")
    places = _places(str(path), wanted, array.shape[1], None)
    return Recording(str(path), len(array), (
        np.asarray(array[start : start + BLOCK], np.float64)[:, places]
        for start in range(0, len(array), BLOCK)))


def _audio(path: Path, wanted: list[Columns], dt: float) -> Recording:
    # It loads a library, which only audio files need.
    import soundfile
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise NetworkError(f"cannot read {path}: {error.error_string}") from error
    if abs(file.samplerate * dt - 1) > RATE_TOLERANCE:
        raise NetworkError(f"{path} has {file.samplerate} samples a second, the network "
                           f"{1 / dt:g}: set dt = {1 / file.samplerate:.6g}")
    places = _places(str(path), wanted, file.channels, None)
    return Recording(str(path), file.frames, (
        block[:, places] for block in file.blocks(BLOCK, dtype="float64", always_2d=True)))
