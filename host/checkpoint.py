"""Checkpoints: a network and all of its state in one file, which any device can go on from.

A checkpoint is an .npz archive of NumPy that ends in the SHA-256 of all that is before it, kept as
the archive's comment: NumPy reads it as any other, and damage is noticed before anything is parsed.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from host.atomic import replace_file
from host.device import Device
from host.scaling import Scaling
from host.setup import Setup
from model.network import NetworkError
from model.program import (
    ELIGIBILITY_FIELDS,
    ELIGIBILITY_FORMATS,
    POPULATION,
    PROJECTION,
    Program,
    State,
    record_type,
)

__all__ = ["VERSION", "Checkpoint", "load_checkpoint", "read_checkpoint", "save_checkpoint"]

VERSION = 1
"""Of the file's layout; a file of another version is refused."""

MARK = b"vle checkpoint sha256 "
DIGITS = 64
RECORDS = {"populations": POPULATION, "projections": PROJECTION,
           "eligibilities": ELIGIBILITY_FIELDS}
SCALINGS = ("input", "output")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds: a setup whose program starts from the saved state.

    steps     steps that this state had behind it
    made_by   version of the program that wrote the file
    """

    setup: Setup
    steps: int
    made_by: str


def save_checkpoint(path: str | Path, device: Device, setup: Setup, *, steps: int = 0) -> None:
    """Save what ``device``, which runs ``setup``, holds now; the file is replaced as a whole.

    steps   steps that lie behind the state, for whoever goes on from it
    """
    path, program, state = Path(path), setup.program, device.save()
    header = {
        "version": VERSION, "made_by": version("vle-core"), "steps": steps, "name": program.name,
        "dt": program.dt, "inputs": program.inputs, "outputs": program.outputs,
        "population_names": program.population_names,
        "projection_names": program.projection_names,
        "input_columns": setup.input_columns, "output_columns": setup.output_columns,
        "text": setup.text, "fields": {name: list(fields) for name, fields in RECORDS.items()},
    }
    arrays = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8),
              "tables": program.tables}
    for name, fields in RECORDS.items():
        records = getattr(program, name)
        arrays[name] = np.array([[record[field] for field in fields] for record in records])
    for name in SCALINGS:
        scaling = getattr(setup, name)
        arrays[f"{name} offset"], arrays[f"{name} scale"] = scaling.offset, scaling.scale
    arrays |= {f"state {name}": state[name] for name in state.present()}
    try:
        replace_file(path, _sealed(arrays))
    except OSError as error:
        raise NetworkError(f"cannot write the checkpoint {path}: {error.strerror}") from error


def _sealed(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = MARK + bytes(DIGITS)
    data = buffer.getvalue()[:-DIGITS]
    return data + hashlib.sha256(data).hexdigest().encode()


def load_checkpoint(path: str | Path, device: Device) -> Checkpoint:
    """Read a checkpoint and load it into ``device``, which goes on where the other stopped."""
    checkpoint = read_checkpoint(path)
    device.load(checkpoint.setup)
    return checkpoint


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in a file; :class:`NetworkError` unless it is one, and whole."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NetworkError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    _check_seal(path, data)
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    if header["version"] != VERSION:
        raise NetworkError(f"{path} is a checkpoint of version {header['version']}; this program "
                           f"reads version {VERSION}")
    states = {name.removeprefix("state ") for name in arrays if name.startswith("state ")}
    fields = {name: list(known) for name, known in RECORDS.items()}
    known = set(State.names()), set(State.names()) | set(ELIGIBILITY_FORMATS)
    if header["fields"] != fields or states not in known:
        raise NetworkError(f"{path} was written by vle {header['made_by']}, whose networks have "
                           "other fields or states than this one's")
    return Checkpoint(_setup(header, arrays), header["steps"], header["made_by"])


def _check_seal(path: Path, data: bytes) -> None:
    if not data.startswith(b"PK"):
        raise NetworkError(f"{path} is not a checkpoint" + ("" if data else ": it is empty"))
    seal = len(data) - DIGITS
    if seal < 0 or data[max(seal - len(MARK), 0) : seal] != MARK:
        # An end that is cut off within the comment still passes for an archive's.
        if MARK not in data and zipfile.is_zipfile(io.BytesIO(data)):
            raise NetworkError(f"{path} is an archive, but not a checkpoint: it has no seal of vle")
        raise NetworkError(f"{path} is truncated: its end is missing")
    if hashlib.sha256(data[:seal]).hexdigest().encode() != data[seal:]:
        raise NetworkError(f"{path} is corrupt: its checksum is wrong")


def _setup(header: dict, arrays: dict[str, np.ndarray]) -> Setup:
    state = State.zeros(len(arrays["populations"]), len(arrays["state u"]),
                        len(arrays["state psi"]), len(arrays["state W"]),
                        eligible="state eligibility" in arrays)
    for name in state.present():
        state[name][:] = arrays[f"state {name}"]
    program = Program(
        name=header["name"], dt=header["dt"], inputs=header["inputs"], outputs=header["outputs"],
        **{name: _records(arrays[name], fields) for name, fields in RECORDS.items()},
        tables=arrays["tables"], state=state, population_names=header["population_names"],
        projection_names=header["projection_names"])
    columns = {name: header[name] and tuple(header[name])
               for name in ("input_columns", "output_columns")}
    scalings = {name: Scaling(arrays[f"{name} offset"], arrays[f"{name} scale"])
                for name in SCALINGS}
    return Setup(program=program, text=header["text"], **columns, **scalings)


def _records(values: np.ndarray, fields: dict[str, int]) -> np.ndarray:
    records = np.zeros(len(values), record_type(fields))
    for name, column in zip(fields, values.T, strict=True):
        records[name] = column
    return records
