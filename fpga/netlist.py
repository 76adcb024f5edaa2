"""The core as it was mapped: its netlist after synthesis and models of the cells, simulated."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from fpga.flat import verilog_of
from fpga.synthesis import NETLIST, core_rtlil, synthesise
from fpga.tools import tool_versions
from hdl.primitives.technology import Technology
from sim.build import LIBRARY, ROOT, TOP, library_of
from sim.cache import cache_directory, digest, digest_files, remember, remembered
from sim.cells import CELLS

__all__ = ["build_netlist", "netlist_of"]

Announce = Callable[[str], None]
_tell = partial(click.echo, err=True)
PARTS = ("hdl", "model", "fpga", "sim")


def netlist_of(config, technology: Technology = Technology.ECP5, *,
               announce: Announce = _tell) -> str:
    """The core of ``config`` after synthesis, in Yosys' JSON."""
    text = core_rtlil(config, technology, resets=True, name=TOP)
    return (synthesise(text, technology, name=TOP, announce=announce) / NETLIST).read_text()


def build_netlist(config, technology: Technology = Technology.ECP5, *,
                  announce: Announce = _tell) -> Path:
    """The library of the mapped core, with the calls of ``sim.build.build_core``'s.

    Raises :class:`sim.tools.BuildError`, one line with the log's path.
    """
    sources = [file for part in PARTS for pattern in ("*.py", "*.v", "*.cpp")
               for file in (ROOT / part).rglob(pattern)]
    key = digest("netlist", repr(config), technology.value, digest_files(sources),
                 repr(tool_versions()))
    name = remembered(key)
    if name is not None and (library := cache_directory() / name / LIBRARY).is_file():
        return library
    netlist = netlist_of(config, technology, announce=announce)
    cells = [cell.read_text() for cell in CELLS[technology]]
    library = library_of("\n".join([verilog_of(netlist, top=TOP), *cells]), announce=announce)
    remember(key, library.parent.name)
    return library
