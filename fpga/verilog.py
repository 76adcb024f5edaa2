"""``python -m fpga.verilog CONFIG``: a core with AXI ports as one Verilog file that needs no other.

The file is for people who have a system on chip of their own; docs/soc.md is for them, too.
"""

import textwrap
from pathlib import Path

import click
from amaranth.hdl import Shape
from amaranth.lib.wiring import In

from fpga.configurations import CONFIGURATIONS
from fpga.devices import DEVICES
from fpga.revision import revision
from hdl.axi.registers import AXI_REGISTERS
from hdl.axi.top import PORTS, AxiCore
from hdl.link.commands import INFO_OFFSET, LINK_REGION
from hdl.region import OFFSET_BITS, Region
from sim.verilog import generate

__all__ = ["MODULE", "main", "verilog_of"]

MODULE = "vle_core"
DEFAULT = "small"
ABOUT = {
    "aclk": "clock of everything, rising edge", "aresetn": "its synchronous reset, active low",
    "s_axis_": "AXI4-Stream, frames: a packet is a frame, TLAST its last word",
    "m_axis_": "AXI4-Stream, results: a packet is a result, in the order of the frames",
    "s_axi_": "AXI4-Lite, all states and registers, whole words of 32 bits",
    "interrupt": "high while an enabled event has not been cleared",
}
"""What ports are for, by the beginning of their names."""


def _ports() -> list[str]:
    """A line for every port, in groups."""
    lines, told = [], None
    for name, member in PORTS.items():
        group = next(start for start in ABOUT if name.startswith(start))
        if group != told:
            lines.append(f"  {ABOUT[group]}")
            told = group
        width = Shape.cast(member.shape).width
        lines.append(f"    {'input' if member.flow is In else 'output':6} "
                     f"{f'[{width - 1}:0]' if width > 1 else '':7}{name}")
    return lines


def _map() -> list[str]:
    """The regions, and a line for every register of the wrapper."""
    regions = [f"{int(region)}={region.name}" for region in Region] + [f"{LINK_REGION}=WRAPPER"]
    lines = textwrap.wrap(", ".join(regions), 90, initial_indent="  ", subsequent_indent="  ")
    about = {name: (one.offset, f"{one.access}: {one.about}")
             for name, one in AXI_REGISTERS.items()}
    about["info"] = INFO_OFFSET, "read: description of the core, JSON"
    for name, (offset, text) in about.items():
        place = f"  {4 * (LINK_REGION << OFFSET_BITS | offset):#09x} {name:17}"
        lines += textwrap.wrap(f"{place} {text}", 90, subsequent_indent=" " * (len(place) + 1))
    return lines


def verilog_of(name: str, *, device: str | None = None) -> str:
    """The file: configuration ``name`` as module ``vle_core``.

    device   a key of DEVICES, whose multipliers and memories are to be named; None: plain Verilog
    """
    configuration = CONFIGURATIONS[name]
    made_from, core = revision(), configuration.core
    component = AxiCore(core, board="system on chip", revision=made_from)
    made_for = ("any device: multipliers and memories are left to the synthesis tool"
                if device is None else f"{device}: its multipliers and memories are named")
    sizes = ", ".join(f"{key} {value}" for key, value in vars(core).items())
    head = [
        f"{MODULE}: a core that learns temporal signals on line. Generated; Apache-2.0.", "",
        *textwrap.wrap(f"configuration  {name}: {sizes}", 90, subsequent_indent=" " * 15),
        f"               up to {configuration.neurons} neurons (inputs included) and "
        f"{configuration.synapses} synapses", f"revision       {made_from}",
        f"made for       {made_for}", "", "Ports", *_ports(), "",
        f"Addresses, in bytes: 4 × (region « {OFFSET_BITS} | offset)", *_map(), "",
        "A frame is m + flags « 18, a word per input, and value + kind « 18 per output; a result",
        "is a rate per output, then an error per output. docs/soc.md and docs/registers.md of the",
        "sources have the rest.",
    ]
    platform = DEVICES[device].target() if device else None
    text = generate(component, name=MODULE, platform=platform)
    return "\n".join(f"// {line}".rstrip() for line in head) + "\n\n" + text


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("config", type=click.Choice(list(CONFIGURATIONS)), default=DEFAULT)
@click.option("--device", type=click.Choice(list(DEVICES)),
              help="Name this device's multipliers and memories, for its own tools; by default the "
                   "file is plain Verilog, for any tool.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help=f"The file; by default build/CONFIG/{MODULE}.v.")
def main(config: str, device: str | None, out: Path | None) -> None:
    """Write the core CONFIG (by default small) with AXI ports as one Verilog file.

    Its ports are AXI4-Stream in and out, AXI4-Lite and an interrupt; its head says the rest.
    """
    out = out or Path("build") / config / f"{MODULE}.v"
    click.echo(f"generating Verilog of configuration {config}", err=True)
    text = verilog_of(config, device=device)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from error
    click.echo(f"{out}: module {MODULE}, {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
