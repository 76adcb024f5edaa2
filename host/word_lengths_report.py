"""What ``vle formats --sweep`` leaves behind: a table, word_lengths.json, and its figure."""

from pathlib import Path

from host.findings import write_findings

__all__ = ["markdown", "write"]

FILES = ("word_lengths.json", "word_lengths.md", "word_lengths.png")
STYLES = {"stochastic": ("#2563ab", "o"), "half-up": ("#d9731a", "s"),
          "weights": ("#5b8c3e", "^"), "signals": ("#8a5fb0", "v")}


def markdown(result: dict) -> str:
    """Frozen error, median and worst of the seeds, by word length and curve."""
    lengths = sorted({point["bits"] for point in result["points"]})
    lines = ["| bits | " + " | ".join(result["curves"].values()) + " |",
             "|---:|" + "---:|" * len(result["curves"])]
    for bits in lengths:
        chosen = bits == result["chosen_bits"]
        cells = [f"**{bits}**" if chosen else str(bits),
                 *(_cell(_point(result, curve, bits)) for curve in result["curves"])]
        lines.append("| " + " | ".join(cells) + " |")
    note = (f"`{_command(result)}`: {result['steps']} steps online, then frozen on an unseen "
            f"stream; error over the target's variance, median (worst) of {len(result['seeds'])} "
            f"seeds{_right(result)}. Formats keep their ranges and lose or gain fractional bits; "
            f"chosen: {result['chosen_bits']} bits, stochastic.")
    return "\n".join([*lines, "", note, ""])


def _point(result: dict, curve: str, bits: int) -> dict:
    return next(point for point in result["points"]
                if (point["curve"], point["bits"]) == (curve, bits))


def _cell(point: dict) -> str:
    text = f"{point['median_error']:.2g} ({point['worst_error']:.2g})"
    if point["median_accuracy"] is not None:
        text += f", {point['median_accuracy']:.2%} ({point['worst_accuracy']:.2%})"
    return text


def _right(result: dict) -> str:
    scored = result["points"][0]["median_accuracy"] is not None
    return ", then symbols right in the same way" if scored else ""


def _command(result: dict) -> str:
    """The command that makes this sweep of the task's own number of steps."""
    words = ["vle formats", result["task"], "--sweep", f"--seeds {len(result['seeds'])}"]
    if result["rule"] != "vle":
        words.append(f"--rule {result['rule']}")
    if result["seeds"][0]:
        words.append(f"--seed {result['seeds'][0]}")
    if result["steps"] != result["task_steps"]:
        words.append(f"--steps {result['steps']}")
    return " ".join(words)


def write(result: dict, folder: Path) -> list[Path]:
    """Write all files; returns their paths."""
    return write_findings(folder, FILES, result, markdown(result), _draw)


def _draw(result: dict, path: Path) -> None:
    """Frozen error over word length: medians as lines, worst seeds dashed; and symbols wrong."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scored = result["points"][0]["median_accuracy"] is not None
    figure = Figure(figsize=(9.5 if scored else 6.4, 4.4), dpi=110, layout="constrained",
                    facecolor="white")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2 if scored else 1, squeeze=False)[0]
    _draw_curves(panels[0], result, ("median_error", "worst_error"))
    panels[0].set_title("frozen error / target variance", fontsize=10.5)
    if any(point["worst_error"] > 0 for point in result["points"]):
        panels[0].set_yscale("log")
    if scored:
        _draw_curves(panels[1], result, ("median_accuracy", "worst_accuracy"))
        panels[1].set_title("symbols right, frozen", fontsize=10.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=8.5)
    title = f"{result['task']}, rule {result['rule']}: word length of the operands"
    seeds = f"median (solid) and worst (dotted) of {len(result['seeds'])} seeds"
    figure.suptitle(f"{title}\n{seeds}", fontsize=11)
    figure.savefig(path)


def _draw_curves(axes, result: dict, columns: tuple[str, str]) -> None:
    for name, about in result["curves"].items():
        colour, marker = STYLES[name]
        points = [point for point in result["points"] if point["curve"] == name]
        bits = [point["bits"] for point in points]
        for column, style in zip(columns, ("-", ":"), strict=True):
            axes.plot(bits, [point[column] for point in points], style, color=colour, marker=marker,
                      markersize=4.5, linewidth=1.5 if style == "-" else 1.0,
                      label=about if style == "-" else None)
    axes.axvline(result["chosen_bits"], color="#8a8f98", linewidth=0.8, zorder=0)
    axes.set_xticks(bits)
    axes.set_xlabel("bits of an operand")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
