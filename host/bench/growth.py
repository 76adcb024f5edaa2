"""How cost grows: cycles per step and the golden model's speed against width and lanes."""

from collections.abc import Callable, Iterable
from pathlib import Path

from hdl.config import Config
from hdl.layout import Layout
from hdl.timeline import step_cycles
from host.bench.software import golden_speed
from host.capacity import fitting
from model.compiler import compile_network
from model.network import Network, NetworkError
from model.reference_networks import layered

__all__ = ["LANES", "WIDTHS", "draw", "grow"]

WIDTHS = (16, 32, 64, 128, 256, 512)
LANES = (1, 2, 4, 8, 16, 32, 48, 64)
ORANGE = "#d9731a"


def _network(width: int) -> Network:
    """``width`` inputs, as many hidden neurons, a quarter as many outputs."""
    sizes = (width, width, width // 4)
    return layered("-".join(map(str, sizes)), sizes)


def grow(*, widths: Iterable[int] = WIDTHS, lanes: Iterable[int] = LANES,
         tell: Callable[[str], None] = lambda _: None) -> dict:
    """Cycles and speeds of n-n-n/4 networks; a pair that does not fit is left out.

    ``cycles`` has rows {width, lanes, synapses, cycles, utilisation}, by :mod:`hdl.timeline`, so
    that no core need be compiled; ``model`` rows {width, synapses, steps_per_second}, of processor
    time on one core.
    """
    result = {"cycles": [], "model": []}
    for width in widths:
        network = _network(width)
        tell(network.name)
        result["model"].append({"width": width, "synapses": network.synapses,
                                "steps_per_second": golden_speed(network)})
        program = compile_network(network)
        for count in lanes:
            try:
                core = fitting(Config(lanes=count), program)
            except NetworkError:
                continue
            cycles = step_cycles(Layout(core, program)).cycles
            result["cycles"].append({
                "width": width, "lanes": count, "synapses": network.synapses, "cycles": cycles,
                "utilisation": network.synapses / (count * cycles)})
    return result


def draw(result: dict, path: Path) -> None:
    """The figure of a result of :func:`grow`, as a PNG."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(11, 4), layout="constrained")
    by_width, by_lanes, speed = figure.subplots(1, 3)
    lanes, widths = (sorted({row[what] for row in result[of]})
                     for what, of in (("lanes", "cycles"), ("width", "model")))
    _cycles(by_width, result, "width", "lanes", lanes, "L = {}")
    _cycles(by_lanes, result, "lanes", "width", widths, "n = {}")
    by_width.set(xlabel="width n of a network n-n-n/4", ylabel="cycles per step",
                 title="cycles by width, for L lanes")
    by_lanes.set(xlabel="lanes", ylabel="cycles per step", title="cycles by lanes, for width n")
    by_lanes.sharey(by_width)
    rows = result["model"]
    speed.loglog([row["width"] for row in rows], [row["steps_per_second"] for row in rows], "o-",
                 color=ORANGE, markersize=4)
    for row in rows:
        steps = row["steps_per_second"]
        speed.annotate(f"{steps / 1000:,.3g} k", (row["width"], steps), xytext=(4, 4),
                       textcoords="offset points", fontsize=8, color=ORANGE)
    speed.set(xlabel="width n of a network n-n-n/4", ylabel="steps per second of processor time",
              title="golden model, one core")
    speed.margins(x=0.16, y=0.08)
    for axes, ticks in ((by_width, widths), (speed, widths), (by_lanes, lanes)):
        axes.set_xticks(ticks, [str(tick) for tick in ticks], fontsize=8)
        axes.minorticks_off()
        axes.title.set_fontsize(10)
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _cycles(axes, result: dict, along: str, each: str, values: list[int], label: str) -> None:
    """A curve of cycles for each value, over what they would be were every lane always busy."""
    from matplotlib import colormaps
    for k, value in enumerate(values):
        rows = [row for row in result["cycles"] if row[each] == value]
        if not rows:
            continue
        places = [row[along] for row in rows]
        colour = colormaps["viridis"](0.9 * k / max(1, len(values) - 1))
        axes.loglog(places, [row["synapses"] / row["lanes"] for row in rows], ":", color=colour,
                    linewidth=1)
        axes.loglog(places, [row["cycles"] for row in rows], "o-", color=colour, markersize=3.5,
                    linewidth=1.2, label=label.format(value))
    if axes.lines:
        axes.plot([], [], ":", color="#666666", label="no idle lane")
        axes.legend(frameon=False, fontsize=8)
