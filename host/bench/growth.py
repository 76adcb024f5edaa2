"""How cost grows: cycles per step and the golden model's speed against width and lanes."""

from collections.abc import Callable, Iterable
from pathlib import Path

from host.bench.devices import common_core, refusal, simulate
from host.bench.software import golden_speed
from model.compiler import compile_network
from model.network import Network
from model.reference_networks import layered

__all__ = ["LANES", "LANES_WIDTH", "WIDTHS", "draw", "grow"]

WIDTHS = (16, 32, 64, 128, 256, 512)
LANES = (1, 2, 4, 8, 16)
LANES_WIDTH = 64
"""Width of the network that is tried with all lanes."""
SHADES = ("#b9cdea", "#8fb0dd", "#5f8fce", "#2563ab", "#1b4a82", "#0f2d52")
ORANGE = "#d9731a"


def _network(width: int) -> Network:
    """``width`` inputs, as many hidden neurons, a quarter as many outputs."""
    sizes = (width, width, width // 4)
    return layered("-".join(map(str, sizes)), sizes)


def grow(*, widths: Iterable[int] = WIDTHS, lanes: Iterable[int] = LANES,
         tell: Callable[[str], None] = lambda _: None) -> dict:
    """Cycles and speeds of n-n-n/4 networks; a pair that does not fit is left out.

    ``cycles`` has rows {width, lanes, synapses, cycles, utilisation}, by the simulated core's own
    counter; ``model`` rows {width, synapses, steps_per_second}, of processor time on one core.
    """
    networks = {width: _network(width) for width in widths}
    result = {"cycles": [], "model": []}
    for width, network in networks.items():
        tell(f"{network.name}: golden model")
        result["model"].append({"width": width, "synapses": network.synapses,
                                "steps_per_second": golden_speed(network)})
    for count in lanes:
        core = common_core(count, [compile_network(network) for network in networks.values()])
        for width, network in networks.items():
            if refusal(core, compile_network(network)) is not None:
                continue
            tell(f"{network.name}: simulated core of {count} lanes")
            seen = simulate(network, core)
            result["cycles"].append({
                "width": width, "lanes": count, "synapses": network.synapses,
                "cycles": seen.cycles, "utilisation": seen.utilisation})
    return result


def draw(result: dict, path: Path) -> None:
    """The figure of a result of :func:`grow`, as a PNG."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    by_width, by_lanes, speed = figure.subplots(1, 3)
    counts = sorted({row["lanes"] for row in result["cycles"]})
    for shade, count in zip(SHADES[-len(counts):], counts, strict=False):
        rows = [row for row in result["cycles"] if row["lanes"] == count]
        by_width.loglog([row["width"] for row in rows], [row["cycles"] for row in rows], "o-",
                        color=shade, markersize=4, label=f"{count} lane{'s' * (count > 1)}")
    by_width.set(xlabel="width n of n-n-n/4", ylabel="cycles per step", title="network size")
    rows = [row for row in result["cycles"] if row["width"] == LANES_WIDTH]
    by_lanes.loglog([row["lanes"] for row in rows], [row["cycles"] for row in rows], "o-",
                    color=SHADES[3], markersize=4, label="simulated core")
    by_lanes.loglog([row["lanes"] for row in rows],
                    [row["synapses"] / row["lanes"] for row in rows], ":", color=ORANGE,
                    label="one synapse per lane and clock")
    by_lanes.set(xlabel=f"lanes, n = {LANES_WIDTH}", ylabel="cycles per step", title="lanes")
    for axes in (by_width, by_lanes):
        if axes.lines:
            axes.legend(frameon=False, fontsize=8)
    rows = result["model"]
    speed.loglog([row["width"] for row in rows], [row["steps_per_second"] for row in rows], "o-",
                 color=ORANGE, markersize=4)
    speed.set(xlabel="width n of n-n-n/4", ylabel="steps per second",
              title="golden model, one core")
    widths = sorted({row["width"] for row in result["model"]})
    for axes, ticks in ((by_width, widths), (speed, widths), (by_lanes, counts)):
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
