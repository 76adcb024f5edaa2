"""What a run leaves behind: a summary to read, numbers, curves as CSV, a figure, and a page."""

import csv
import json
from pathlib import Path

from host.page import write_page
from host.plots import style
from host.run import Run
from host.run_page import run_page
from host.run_plots import draw_alignment, draw_error, draw_output, draw_taps
from model.network import NetworkError

__all__ = ["claim_folder", "summary", "write"]

FILES = ("result.json", "curves.csv", "frozen.csv", "learning.png", "report.html")


def summary(run: Run) -> str:
    """A few lines for a person."""
    result = run.result
    title = (f"{result['task']} on {result['device']}, rule {result['rule']}, "
             f"seed {result['seed']}, {result['lanes']} lanes")
    speed = (f"{result['steps']} in {result['seconds']:.1f} s, "
             f"{result['steps_per_second']:,.0f} a second")
    if result["cycles_per_step"] is not None:
        speed += f", {result['cycles_per_step']:.1f} cycles each"
    lines = [
        ("steps", speed),
        ("online error", f"{_number(result['online_error'])} of the target's variance, "
                         "while learning"),
        ("frozen error", f"{_number(result['frozen_error'])} of the target's variance "
                         f"(mean square {_number(result['frozen_mse'])}), "
                         "unseen stream, plasticity and noise off"),
    ]
    accuracy = result["frozen_accuracy"]
    if accuracy is not None:
        lines.append(("frozen accuracy", f"{accuracy:.2%} of unseen symbols right"))
    if result["learned"] is not None:
        pairs = ", ".join(f"{name} {pair['learned']:.3f} ({pair['teacher']:g})"
                          for name, pair in result["learned"].items())
        lines.append(("learned (teacher)", pairs))
    alignment = ", ".join(f"{name} {cosine:.3f}"
                          for name, cosine in result["backward_alignment"].items())
    lines.append(("backward alignment", alignment or "no projection passes errors down"))
    counts = ", ".join(f"{name} {count}" for name, count in result["saturations"].items() if count)
    lines.append(("saturations", counts or "none"))
    return "\n".join([title, *(f"  {name:<19} {text}" for name, text in lines)])


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3g}"


def claim_folder(path: str | Path) -> Path:
    """The folder, made if need be, and shown to be writable before a long run fills it."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise NetworkError(f"cannot write to --out {folder}: {error.strerror}") from error
    return folder


def write(run: Run, folder: Path, command: str) -> list[Path]:
    """Write all files of a run, which ``command`` started; returns their paths."""
    paths = [folder / name for name in FILES]
    paths[0].write_text(json.dumps(run.result, indent=2) + "\n", encoding="utf-8")
    _write_table(paths[1], _curve_rows(run))
    _write_table(paths[2], _frozen_rows(run))
    _draw(run, paths[3])
    write_page(paths[4], run_page(run, command))
    return paths


def _write_table(path: Path, rows: list[list]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _curve_rows(run: Run) -> list[list]:
    curves = run.curves
    rows = [["step", "seconds", *curves.columns]]
    for k, step in enumerate(curves.steps):
        rows.append([step, step * run.dt, *(column[k] for column in curves.columns.values())])
    return rows


def _frozen_rows(run: Run) -> list[list]:
    frozen = run.frozen
    names = [f"{what} {k}" for what in ("target", "output") for k in range(frozen.targets.shape[1])]
    rows = [["step", "scored", *names]]
    for step, (targets, values) in enumerate(zip(frozen.targets, frozen.outputs, strict=True)):
        rows.append([step, int(step >= frozen.washout), *targets.tolist(), *values.tolist()])
    return rows


def _draw(run: Run, path: Path) -> None:
    """The figure: learning curve, backward alignment and taps over time, frozen output."""
    # Drawing takes a second to import and only a run with --out draws.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(style()):
        figure = Figure(figsize=(11, 6.4), dpi=130, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2, 3, height_ratios=(1.0, 0.85))
        for place, draw in enumerate((draw_error, draw_alignment, draw_taps)):
            axes = figure.add_subplot(grid[0, place])
            draw(axes, run)
            _legend(axes)
        axes = figure.add_subplot(grid[1, :])
        draw_output(axes, run)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        result = run.result
        figure.suptitle(f"{result['task']}: rule {result['rule']} on device {result['device']}, "
                        f"{result['lanes']} lanes, seed {result['seed']}", fontsize=12.5)
        figure.savefig(path)


def _legend(axes) -> None:
    """A legend where it can be read, a word where there is nothing to draw."""
    lines = len(axes.get_legend_handles_labels()[0])
    if not lines:
        axes.text(0.5, 0.5, "none in this network", transform=axes.transAxes, ha="center")
    elif lines <= 8:
        axes.legend(ncols=1 if lines <= 4 else 2)
