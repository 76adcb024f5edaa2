"""What ``vle sensitivity`` leaves behind: a table, sensitivity.json, and its figure."""

from pathlib import Path

from host.findings import write_findings

__all__ = ["markdown", "write"]

FILES = ("sensitivity.json", "sensitivity.md", "sensitivity.png")
BLUE, GREY, RED = "#2563ab", "#8a8f98", "#b23a48"
RIGHT = 0.999
"""Share of symbols right below which a worst seed is marked."""


def markdown(result: dict) -> str:
    """Frozen error, median (worst) of the seeds; symbols right of the worst seed, where asked."""
    factors = [f"×{_factor(factor)}" for factor in result["factors"]]
    lines = ["| task | rate | " + " | ".join(factors) + " |", "|---|---|" + "---:|" * len(factors)]
    for task in result["tasks"]:
        for what, symbol in result["rates"].items():
            cells = [_cell(point) for point in _points(result, task, what)]
            lines.append(f"| {task} | {symbol} | " + " | ".join(cells) + " |")
    note = (f"`{_command(result)}`: rule `vle`, every rate alone times a factor, frozen error over "
            f"the target's variance on validation streams, median (worst) of seeds "
            f"{result['seeds'][0]} to {result['seeds'][-1]}; for tasks of symbols also the worst "
            "seed's share of symbols right.")
    return "\n".join([*lines, "", note, ""])


def _points(result: dict, task: str, what: str) -> list[dict]:
    return [point for point in result["points"] if (point["task"], point["what"]) == (task, what)]


def _cell(point: dict) -> str:
    text = f"{point['median_error']:.2g} ({point['worst_error']:.2g})"
    return text if point["worst_accuracy"] is None else f"{text} {point['worst_accuracy']:.1%}"


def _factor(factor: float) -> str:
    return f"{factor:g}" if factor >= 1 else f"1/{1 / factor:g}"


def _command(result: dict) -> str:
    words = ["vle sensitivity", *result["tasks"], f"--seeds {len(result['seeds'])}"]
    return " ".join(words + ([f"--steps {result['steps']}"] if result["steps"] else []))


def write(result: dict, folder: Path) -> list[Path]:
    """Write all files; returns their paths."""
    return write_findings(folder, FILES, result, markdown(result), _draw)


def _draw(result: dict, path: Path) -> None:
    """A row of panels per task, a panel per rate: seeds as dots, their median as a line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks, rates = result["tasks"], result["rates"]
    figure = Figure(figsize=(2.5 * len(rates) + 0.8, 1.9 * len(tasks) + 0.9), dpi=120,
                    layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(tasks), len(rates), squeeze=False, sharex=True, sharey="row")
    for row, task in zip(panels, tasks, strict=True):
        for axes, (what, symbol) in zip(row, rates.items(), strict=True):
            _draw_panel(axes, _points(result, task, what))
            if axes in panels[0]:
                axes.set_title(symbol, fontsize=11)
        row[0].set_ylabel(task, fontsize=10)
    for axes in panels[-1]:
        axes.set_xticks(result["factors"], [f"×{_factor(f)}" for f in result["factors"]],
                        fontsize=8)
        axes.minorticks_off()
    figure.suptitle("Frozen error over the target's variance, each default alone times a factor\n"
                    f"(dots: {len(result['seeds'])} validation seeds; red: symbols right below "
                    f"{RIGHT:.1%})", fontsize=10.5)
    figure.savefig(path)


def _draw_panel(axes, points: list[dict]) -> None:
    for point in points:
        right = point["accuracies"] or [1.0] * len(point["errors"])
        for error, share in zip(point["errors"], right, strict=True):
            axes.plot(point["factor"], error, "o", markersize=4, markeredgewidth=0, alpha=0.6,
                      color=GREY if share >= RIGHT else RED)
    axes.plot([point["factor"] for point in points], [point["median_error"] for point in points],
              color=BLUE, linewidth=1.8)
    axes.set(xscale="log", yscale="log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
