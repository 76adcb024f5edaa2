"""``python -m fpga.qor``: quality of results, and what changed against the committed ones.

Each configuration's core is synthesised, placed and routed with several seeds, its ports on any
pins; what the tools report goes to build/qor.json.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from statistics import median

import click

from fpga.configurations import CONFIGURATIONS, Configuration
from fpga.devices import DEVICES
from fpga.place import Routed, place_and_route
from fpga.synthesis import NETLIST, core_rtlil, synthesise
from fpga.tools import tool_versions
from hdl.config import Config
from hdl.layout import Layout
from hdl.primitives.technology import Technology
from hdl.timeline import step_cycles
from model.compiler import compile_network
from model.network import NetworkError
from model.reference_networks import NETWORKS
from sim.tools import BuildError

__all__ = ["compare", "main", "measure", "row"]

MEASURED = [name for name, made in CONFIGURATIONS.items()
            if DEVICES[made.device].technology is Technology.ECP5]
"""An iCE40 has too few pins for a bare core: its board's manifest tells instead."""


EAGER = 5 / 3
"""How much more than the configuration's clock is asked for: where a clock is met, place and route
stops trying."""


def measure(name: str, *, seeds: int, folder: Path) -> dict:
    """The row of one configuration; reports of the tools stay in ``folder``/name."""
    configuration, work = CONFIGURATIONS[name], folder / name
    device = DEVICES[configuration.device]
    text = core_rtlil(configuration.core, device.target(), resets=False)
    made = synthesise(text, device.technology)
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(made / NETLIST, work / NETLIST)
    routed = {seed: place_and_route(work, device, netlist=NETLIST, seed=seed,
                                    megahertz=configuration.megahertz * EAGER,
                                    schedule=configuration.schedule, label=f"-{seed}")
              for seed in range(1, seeds + 1)}
    return row(name, configuration, routed)


def row(name: str, configuration: Configuration, routed: dict[int, Routed]) -> dict:
    """What is told of a configuration that was routed with these seeds."""
    fastest = max(routed.values(), key=lambda result: result.megahertz)
    fmax = {seed: result.megahertz for seed, result in routed.items()}
    return {
        "config": name, "device": configuration.device, "core": asdict(configuration.core),
        "lanes": configuration.core.lanes,
        "neurons": configuration.neurons, "synapses": configuration.synapses,
        "seeds": list(routed), **{kind: used for kind, (used, _) in fastest.resources.items()},
        "available": {kind: size for kind, (_, size) in fastest.resources.items()},
        "Fmax": list(fmax.values()), "Fmax_median": round(median(fmax.values()), 2),
        "critical_path": fastest.path,
        "networks": _speeds(configuration.core, median(fmax.values())),
        "tools": tool_versions(),
    }


def _speeds(core: Config, megahertz: float) -> dict[str, dict]:
    """Cycles of a step and synaptic updates per second, for the reference networks that fit."""
    told = {}
    for name, make in NETWORKS.items():
        network = make()
        try:
            cycles = step_cycles(Layout(core, compile_network(network))).cycles
        except NetworkError as error:
            told[name] = {"refused": str(error)}
        else:
            told[name] = {"cycles": cycles, "synapses": network.synapses,
                          "updates_per_second": round(megahertz * 1e6 / cycles * network.synapses)}
    return told


COMPARED = ("LUT", "FF", "DSP", "EBR", "SPRAM", "Fmax_median")


def compare(rows: list[dict], baseline: list[dict]) -> list[str]:
    """One line per configuration and figure: what it was, what it is, by how much it moved."""
    before = {row["config"]: row for row in baseline}
    lines = []
    for now in rows:
        then = before.get(now["config"], {})
        figures = [(figure, now.get(figure), then.get(figure)) for figure in COMPARED]
        for figure, new, old in figures:
            if new is None:
                continue
            moved = "new" if old is None else "same" if new == old else (
                f"{100 * (new - old) / old:+.1f} %" if old else f"{new - old:+g}")
            lines.append(f"{now['config']:<8} {figure:<14} {'' if old is None else old:>9} "
                         f"{new:>9}  {moved}")
    return lines


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("configurations", nargs=-1, type=click.Choice(MEASURED))
@click.option("--seeds", type=click.IntRange(1, 32), default=3, show_default=True,
              help="Placements of each, from seed 1.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build"),
              show_default=True, help="For qor.json and the tools' reports.")
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path),
              default=Path("docs/qor.json"), show_default=True, help="What to compare with.")
@click.option("--update", is_flag=True, help="Replace the rows of the baseline that were measured.")
def main(configurations, seeds: int, out: Path, baseline: Path, update: bool) -> None:
    """Measure CONFIGURATIONS (all, if none is named): resources and Fmax."""
    known = json.loads(baseline.read_text()) if baseline.exists() else []
    try:
        rows = [measure(name, seeds=seeds, folder=out / "qor")
                for name in configurations or MEASURED]
    except BuildError as error:
        raise click.ClickException(str(error)) from error
    (out / "qor.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    click.echo("\n".join([f"{'config':<8} {'figure':<14} {'committed':>9} {'now':>9}",
                          *compare(rows, known)]))
    if update:
        measured = {row["config"]: row for row in rows}
        kept = {row["config"]: row for row in known} | measured
        baseline.write_text(json.dumps([kept[name] for name in CONFIGURATIONS if name in kept],
                                       indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
