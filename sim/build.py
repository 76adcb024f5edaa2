"""From an Amaranth component to a shared library that simulates it, built once and kept.

The cache is asked twice: by the text of the sources, which is known at once, and by the Verilog
made from them, so that a changed comment compiles nothing.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import click

from sim.cache import cache_directory, digest, digest_files, obtain, remember, remembered
from sim.tools import VERILATOR_ROOT, compiler, run_logged, versions

__all__ = ["LIBRARY", "TOP", "build_core", "build_library", "build_linked", "library_of"]

ROOT = Path(__file__).resolve().parents[1]
HARNESS = Path(__file__).with_name("harness.cpp")
LINK_HARNESS = Path(__file__).with_name("link_harness.cpp")
GENERATOR = Path(__file__).with_name("verilog.py")
LIBRARY = "core.so"
TOP = "core"
VERILATOR_FLAGS = (
    "--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-timing", "--no-assert",
    "-Wno-fatal", "-Wno-lint", "--output-split", "20000", "--prefix", f"V{TOP}",
    "--top-module", TOP,
)
COMPILER_FLAGS = ("-std=c++17", "-fPIC", "-pthread", "-w")
OPTIMISE = "-O2"
RUN_TIME = ("verilated.cpp", "verilated_threads.cpp")

Announce = Callable[[str], None]
_tell = partial(click.echo, err=True)


def build_core(config, *, announce: Announce = _tell) -> Path:
    """The library of the core of ``config``; ``announce`` is told of stages that take time.

    Raises :class:`sim.tools.BuildError`, one line with the log's path.
    """
    def make():
        # Amaranth takes a second to import; a cached run does without it.
        from hdl.cores import make_core

        return make_core(config)

    return build_library(make, identity=repr(config), sources=_sources("hdl", "model"),
                         announce=announce)


def build_linked(config, *, announce: Announce = _tell, **description) -> Path:
    """The library of ``hdl.link.linked.ByteCore(config, **description)``."""
    def make():
        from hdl.link.linked import ByteCore

        return ByteCore(config, **description)

    return build_library(make, identity=f"{config!r} {sorted(description.items())}",
                         sources=_sources("hdl", "model"), harness=LINK_HARNESS,
                         announce=announce)


def _sources(*parts: str) -> list[Path]:
    return [file for part in parts for file in (ROOT / part).rglob("*.py")]


def build_library(make: Callable, *, identity: str, sources: Iterable[Path],
                  harness: Path = HARNESS, announce: Announce = _tell) -> Path:
    """The library of the component that ``make()`` returns, with the ports of the core.

    identity   the component's parameters
    sources    the files that, with the parameters, define the component
    harness    the C++ that drives it; its default knows the core's ports
    """
    key = digest(_tools(harness), identity, digest_files(sources), GENERATOR.read_text())
    name = remembered(key)
    if name is not None and (library := cache_directory() / name / LIBRARY).is_file():
        return library
    announce("generating Verilog")
    library = library_of(_verilog(make), harness=harness, announce=announce)
    remember(key, library.parent.name)
    return library


def library_of(verilog: str, *, harness: Path = HARNESS, announce: Announce = _tell) -> Path:
    """The library of a Verilog text whose top module is ``core``, and of what drives it."""
    def fill(work: Path, log: Path) -> None:
        announce("compiling the simulator (30 s for 4 lanes, minutes for many, once)")
        _compile(work, log, verilog=verilog, harness=harness)

    return obtain(f"core-{digest(_tools(harness), verilog)}", fill, announce=announce) / LIBRARY


def _tools(harness: Path) -> str:
    return digest(versions(), harness.read_text(), *VERILATOR_FLAGS, *COMPILER_FLAGS, OPTIMISE)


def _verilog(make: Callable) -> str:
    from sim.verilog import simplified

    return simplified(make(), name=TOP)


def _compile(work: Path, log: Path, *, verilog: str, harness: Path) -> None:
    """Verilog to C++ to ``work/core.so``, without make: the files are few and known."""
    (work / f"{TOP}.v").write_text(verilog)
    run_logged([VERILATOR_ROOT / "bin" / "verilator_bin", *VERILATOR_FLAGS, "--Mdir", "obj",
                f"{TOP}.v"], log=log, cwd=work, what="Verilator")
    include = VERILATOR_ROOT / "include"
    flags = [compiler(), *COMPILER_FLAGS, f"-I{include}", f"-I{include / 'vltstd'}", "-Iobj"]
    files = [*sorted((work / "obj").glob("*.cpp")), harness, *(include / n for n in RUN_TIME)]

    def compile_one(file: Path) -> str:
        # Verilator keeps apart what runs once, at the start: not worth optimising.
        level = "-O0" if "__Slow" in file.name else OPTIMISE
        run_logged([*flags, level, "-c", file, "-o", f"{file.stem}.o"], log=log, cwd=work,
                   what=f"compiling {file.name}")
        return f"{file.stem}.o"

    # Largest first, so that the last ones do not wait for a late giant.
    files.sort(key=lambda file: -file.stat().st_size)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, files))
    run_logged([compiler(), "-shared", "-pthread", *objects, "-o", LIBRARY], log=log, cwd=work,
               what="linking")
    for name in objects:
        (work / name).unlink()
    shutil.rmtree(work / "obj")
