"""``python -m fpga.bitstream BOARD``: a board's bitstream, reports and manifest in build/BOARD."""

import hashlib
import json
import shutil
from pathlib import Path

import click

from fpga.boards import BOARDS, Board
from fpga.configurations import CONFIGURATIONS, Configuration
from fpga.devices import MULTIPLIERS, Device
from fpga.place import Routed, place_and_route
from fpga.pll import Pll
from fpga.revision import revision
from fpga.synthesis import NETLIST, synthesise
from fpga.tools import run_stage, tool_versions
from fpga.top import Top
from hdl.cores import make_core
from hdl.link.linked import LinkedCore
from hdl.primitives.technology import Technology
from sim.tools import BuildError

__all__ = ["build", "main", "text_of"]


def build(board: Board, configuration: Configuration, *, name: str, folder: Path,
          seed: int = 1, linked=None) -> dict:
    """Make ``folder/NAME.bit`` (``.bin`` for iCE40), and return what its manifest says.

    linked   what takes the board's pins, with the ports of ``hdl.link.linked.LinkedCore``; None:
             the configuration's core behind its link

    Raises :class:`sim.tools.BuildError` if a tool fails or timing is missed; in the latter case
    all files are there.
    """
    versions, made_from = tool_versions(), revision()
    platform = board.open()
    if board.technology is Technology.ECP5:
        size = platform.device.rpartition("-")[2].removesuffix("F") + "k"
        platform.multipliers = MULTIPLIERS[size]
    clock = platform.lookup(platform.default_clk).clock.frequency / 1e6
    pll = Pll.for_clock(board.technology, clock, configuration.megahertz)
    if linked is None:
        linked = LinkedCore(configuration.core, clock_frequency=pll.megahertz * 1e6,
                            baud=board.baud, slots=configuration.packets,
                            core=make_core(configuration.core), board=name, revision=made_from)
    plan = platform.prepare(Top(board, linked, pll))
    made = synthesise(text_of(plan, "top.il"), board.technology)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(made / NETLIST, folder / NETLIST)
    constraints = "top.lpf" if board.technology is Technology.ECP5 else "top.pcf"
    (folder / constraints).write_text(text_of(plan, constraints))
    device = _device(platform, board.technology)
    schedule = configuration.schedule and configuration.schedule.for_clock(pll.megahertz)
    routed = place_and_route(folder, device, netlist=NETLIST, seed=seed, constraints=constraints,
                             megahertz=pll.megahertz, schedule=schedule)
    bits = _pack(folder, name, board.technology)
    manifest = {
        "board": name, "about": board.about, "revision": made_from, "bitstream": bits.name,
        "sha256": hashlib.sha256(bits.read_bytes()).hexdigest(), "device": platform.device,
        "lanes": configuration.core.lanes, "neurons": configuration.neurons,
        "synapses": configuration.synapses, "core": vars(configuration.core),
        "clock_megahertz": pll.megahertz, "fmax_megahertz": routed.megahertz, "baud": board.baud,
        "seed": seed, "resources": {name: list(pair) for name, pair in routed.resources.items()},
        "critical_path": routed.path,
        "tools": versions,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    _check_timing(routed, pll, folder)
    return manifest


def text_of(plan, name: str) -> str:
    """A file of Amaranth's build plan."""
    content = plan.files[name]
    return content if isinstance(content, str) else content.decode()


def _device(platform, technology: Technology) -> Device:
    """The board's device as place and route names it."""
    if technology is Technology.ICE40:
        return Device(technology=technology,
                      options=("--up5k", "--package", platform.package.lower()))
    size, package = (platform._nextpnr_device_options[platform.device],
                     platform._nextpnr_package_options[platform.package].upper())
    return Device(technology=technology, options=(size, "--package", package),
                  speed=platform.speed)


def _pack(folder: Path, name: str, technology: Technology) -> Path:
    ecp5 = technology is Technology.ECP5
    bits = folder / f"{name}.{'bit' if ecp5 else 'bin'}"
    command = (["yowasp-ecppack", "--compress", "--input", "routed.txt", "--bit", bits.name] if ecp5
               else ["yowasp-icepack", "routed.txt", bits.name])
    run_stage(command, folder=folder, log="pack.log", what="bitstream")
    return bits


def _check_timing(routed: Routed, pll: Pll, folder: Path) -> None:
    if routed.megahertz < pll.megahertz:
        raise BuildError(f"timing is missed: {routed.megahertz:g} of {pll.megahertz:g} MHz, "
                         f"{routed.path}; try another --seed; reports are in {folder}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("board", type=click.Choice(list(BOARDS)))
@click.option("--config", type=click.Choice(list(CONFIGURATIONS)),
              help="Lanes and capacities; the board's own by default.")
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True,
              help="Of placement: where timing is missed, another may do.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build"),
              show_default=True, help="A folder for the board is made in it.")
def main(board: str, config: str | None, seed: int, out: Path) -> None:
    """Build the bitstream of BOARD with open-source tools."""
    chosen = config or BOARDS[board].configuration
    click.echo(f"{board}: {BOARDS[board].about}, configuration {chosen}", err=True)
    try:
        made = build(BOARDS[board], CONFIGURATIONS[chosen], name=board, folder=out / board,
                     seed=seed)
    except (BuildError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out / board / made['bitstream']}: {made['fmax_megahertz']:g} MHz possible, "
               f"{made['clock_megahertz']:g} MHz used")


if __name__ == "__main__":
    main()
