"""Where the outputs of a stream go: text line by line, arrays or sound when it ends."""

import io
from pathlib import Path
from typing import TextIO

import numpy as np

from host.atomic import replace_file
from model.network import NetworkError

__all__ = ["Sink", "open_sink"]


class Sink:
    """Takes blocks (T, columns) of numbers; ``close`` may be called more than once."""

    def write(self, block: np.ndarray) -> None:
        """Take one block; what goes to a pipe or a text is flushed."""

    def close(self) -> None:
        """Everything is in the file when this returns."""


class _Text(Sink):
    def __init__(self, file: TextIO, *, owned: bool):
        self._file, self._owned = file, owned

    def head(self, names: tuple[str, ...]) -> None:
        self._file.write(",".join(names) + "\n")

    def write(self, block: np.ndarray) -> None:
        for row in block:
            self._file.write(",".join(f"{value:.9g}" for value in row) + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._owned:
            self._file.close()


class _Collected(Sink):
    """Blocks kept until the end; ``save`` turns the whole into a file's bytes."""

    def __init__(self, path: Path, columns: int, save):
        self._path, self._save, self._blocks = path, save, [np.zeros((0, columns))]

    def write(self, block: np.ndarray) -> None:
        self._blocks.append(np.array(block))

    def close(self) -> None:
        buffer = io.BytesIO()
        self._save(buffer, np.concatenate(self._blocks))
        replace_file(self._path, buffer.getvalue())


def open_sink(path: Path | None, stdout: TextIO, names: tuple[str, ...], *, dt: float,
              header: bool = True) -> Sink:
    """Where to write outputs; ``path`` may be None (nowhere), ``-`` (standard output) or a file.

    header   whether text begins with the columns' ``names``
    dt       length of a sample, for sound
    """
    if path is None:
        return Sink()
    if str(path) == "-":
        text = _Text(stdout, owned=False)
    elif path.suffix == ".npy":
        text = _Collected(path, len(names), np.save)
    elif path.suffix == ".wav":
        text = _Collected(path, len(names), lambda file, samples: _save_sound(file, samples, dt))
    elif path.suffix in (".csv", ".txt"):
        text = _Text(_opened(path), owned=True)
    else:
        raise NetworkError(f"cannot write {path}: its name must end in .csv, .npy or .wav")
    if isinstance(text, _Text) and header:
        text.head(names)
    return text


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise NetworkError(f"cannot write {path}: {error.strerror}") from error


def _save_sound(file: io.BytesIO, samples: np.ndarray, dt: float) -> None:
    import soundfile
    soundfile.write(file, samples, round(1 / dt), format="WAV", subtype="FLOAT")
