"""Recorded internal values, in memory and as files: .npz with an array per name, or .csv."""

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.atomic import replace_file
from host.selection import Selection
from model.network import NetworkError

__all__ = ["KINDS", "Trace", "csv_head", "csv_rows", "read_trace", "write_trace"]

KINDS = (".npz", ".csv")
STEP = "step"


@dataclass(frozen=True)
class Trace:
    """Values (rows, columns), float64 and exact, of which each column has a name: "slow.u[3]".

    steps   (rows,), the number of the step after which a row was taken, from 1
    """

    steps: np.ndarray
    names: list[str]
    values: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """One column by its name, or all those of a state, (rows, columns)."""
        if name in self.names:
            return self.values[:, self.names.index(name)]
        chosen = [k for k, other in enumerate(self.names) if other.startswith(f"{name}[")]
        if not chosen:
            raise KeyError(name)
        return self.values[:, chosen]


def column_names(selections: list[Selection]) -> list[str]:
    """Names of all columns, selection after selection."""
    return [one.name.split("[")[0] + place for one in selections for place in one.place]


def csv_head(selections: list[Selection]) -> str:
    """First line of a .csv file."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([STEP, *column_names(selections)])
    return file.getvalue()


def csv_rows(steps: np.ndarray, values: np.ndarray) -> str:
    """Further lines of a .csv file; every number can be read back exactly."""
    return "".join(f"{step}," + ",".join(f"{value:.17g}" for value in row) + "\n"
                   for step, row in zip(steps.tolist(), values.tolist(), strict=True))


def write_trace(path: Path, trace: Trace) -> None:
    """Write a trace whole, as .npz: per state an array (rows, columns) and its columns' names."""
    arrays: dict[str, np.ndarray] = {STEP: trace.steps}
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(trace.names):
        groups.setdefault(name.split("[")[0], []).append(column)
    for name, columns in groups.items():
        arrays[name] = trace.values[:, columns]
    arrays["names"] = np.array(trace.names)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    replace_file(path, buffer.getvalue())


def read_trace(path: Path) -> Trace:
    """A trace from a file; :class:`NetworkError` for one that is not."""
    try:
        return _read_archive(path) if path.suffix == ".npz" else _read_text(path)
    except OSError as error:
        raise NetworkError(f"cannot read {path}: {error.strerror or error}") from error
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise NetworkError(f"{path} is not a trace, or damaged: {error}") from error


def _read_archive(path: Path) -> Trace:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        names = archive["names"].tolist()
        groups = dict.fromkeys(name.split("[")[0] for name in names)
        values = np.concatenate([archive[name] for name in groups], axis=1)
        return Trace(archive[STEP], names, values)


def _read_text(path: Path) -> Trace:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        head = next(rows, [""])
        if head[0] != STEP:
            raise ValueError(f"its first column is '{head[0]}', not '{STEP}'")
        numbers = np.array([[float(value) for value in row] for row in rows])
    numbers = numbers.reshape(-1, len(head))
    return Trace(numbers[:, 0].astype(np.int64), head[1:], numbers[:, 1:])
