"""Benches of single components: cocotb on Verilator, judged by their results file.

    run_bench(Tap(width=18), Path(__file__).with_name("bench_tap.py"))

builds the component and runs every ``@cocotb.test()`` of that file.  Ports have the plain names of
:mod:`sim.verilog` (``dut.i_payload_rate``), clock and reset are ``dut.clk`` and ``dut.rst``.
``run_verilog`` does the same with a text that is there already.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import click
from amaranth.lib import wiring
from cocotb_tools import config
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from sim.cache import digest, obtain
from sim.tools import VERILATOR_ROOT, BuildError, set_environment, versions
from sim.verilog import generate

__all__ = ["run_bench", "run_verilog"]

TOP = "dut"
BUILD_ARGUMENTS = ["--no-public-flat-rw", "-Wno-fatal", "-Wno-lint", "--x-initial", "0",
                   "--output-split", "20000", "-CFLAGS", "-O1"]
CONTROL = """`verilator_config
public_flat_rw -module "{top}" -var "*"
"""
"""For Verilator: benches see the ports and nothing else.  With every signal public, which is the
runner's own choice, it makes code that takes four times as long to compile and to run."""
MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include"
"""Verilator's makefile spells the use of a precompiled header in a way that g++ refuses."""
SHOWN = 60
"""Last lines of the log that a failure shows."""


@contextmanager
def _import_path(*directories: Path) -> Iterator[None]:
    """Let the simulator's Python find modules there: the runner hands on ``sys.path``."""
    before = list(sys.path)
    sys.path[:0] = map(str, directories)
    try:
        yield
    finally:
        sys.path[:] = before


def _build(work: Path, log: Path, *, verilog: str, top: str) -> None:
    source, control = work / f"{top}.v", work / f"{top}.vlt"
    source.write_text(verilog)
    control.write_text(CONTROL.format(top=top))
    search = f"{VERILATOR_ROOT / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with set_environment(PATH=search, VERILATOR_ROOT=str(VERILATOR_ROOT), MAKEFLAGS=MAKEFLAGS):
        try:
            get_runner("verilator").build(
                sources=[control, source], hdl_toplevel=top, build_dir=work,
                build_args=BUILD_ARGUMENTS, timescale=("1ns", "1ps"), log_file=log)
        except RuntimeError as error:
            raise BuildError(f"building the bench failed: {error}") from error


def run_bench(component: wiring.Component, module: Path, **options) -> int:
    """Run the cocotb tests of the file ``module`` on ``component``; returns how many passed.

    ``options`` and errors are those of :func:`run_verilog`.
    """
    # Generated first: Amaranth warns of components that are made and never elaborated.
    return run_verilog(generate(component, name=TOP), module, **options)


def run_verilog(verilog: str, module: Path, *, top: str = TOP, testcase: str | None = None,
                seed: int = 1, environment: Mapping[str, str] | None = None) -> int:
    """Run the cocotb tests of the file ``module`` on a Verilog text; returns how many passed.

    top           its topmost module, which is the bench's ``dut``
    testcase      only tests whose name ends so
    seed          of cocotb's random numbers
    environment   variables for the bench to read, such as parameters of the component

    Raises AssertionError with the end of the log if a test failed or none ran, and
    :class:`sim.tools.BuildError` if the text cannot be built.
    """
    if not module.is_file():
        raise ValueError(f"no bench '{module}'")
    key = digest(verilog, top, versions(), version("cocotb"), str(config.libs_dir),
                 *BUILD_ARGUMENTS, CONTROL)
    built = obtain(f"bench-{key}", lambda work, log: _build(work, log, verilog=verilog, top=top),
                   announce=lambda stage: click.echo(stage, err=True))
    root = Path(__file__).resolve().parents[1]
    with (tempfile.TemporaryDirectory(prefix="bench-") as folder,
          _import_path(module.resolve().parent, root)):
        log = Path(folder, "bench.log")
        results = _run(built, Path(folder), log, module.stem, hdl_toplevel=top, testcase=testcase,
                       seed=seed, extra_env=dict(environment or {}))
        end = "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN:])
        assert results.is_file(), f"{module.name}: the simulation broke off\n{end}"
        count, failures = get_results(results)
    assert failures == 0, f"{module.name}: {failures} of {count} tests failed\n{end}"
    assert count > 0, f"{module.name}: no test ran"
    return count


def _run(built: Path, folder: Path, log: Path, module: str, **options) -> Path:
    """Run the simulation and return the results file, whether or not the tests passed."""
    results = folder / "results.xml"
    # Under pytest the runner exits on failures; the results file says more than the exit code.
    with suppress(SystemExit):
        get_runner("verilator").test(
            test_module=module, hdl_toplevel_lang="verilog", build_dir=built, test_dir=folder,
            log_file=log, results_xml=str(results), **options)
    return results
