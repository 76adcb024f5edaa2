"""What a run leaves behind: a summary to read, result.json, the curves as CSV, and learning.png."""

import csv
import json
from pathlib import Path

import numpy as np

from host.run import Run
from model.network import NetworkError

__all__ = ["claim_folder", "summary", "write"]

FILES = ("result.json", "curves.csv", "frozen.csv", "learning.png")
SHOWN_STEPS = 400
"""Steps of the frozen test in the figure."""
BLUE, ORANGE, GREY = "#2563ab", "#d9731a", "#8a8f98"


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


def write(run: Run, folder: Path) -> list[Path]:
    """Write all files of a run; returns their paths."""
    paths = [folder / name for name in FILES]
    paths[0].write_text(json.dumps(run.result, indent=2) + "\n", encoding="utf-8")
    _write_table(paths[1], _curve_rows(run))
    _write_table(paths[2], _frozen_rows(run))
    _draw(run, paths[3])
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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter

    figure = Figure(figsize=(11, 6.4), dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 3, height_ratios=(1.0, 0.85))
    _draw_error(figure.add_subplot(grid[0, 0]), run)
    _draw_alignment(figure.add_subplot(grid[0, 1]), run)
    _draw_taps(figure.add_subplot(grid[0, 2]), run)
    _draw_frozen(figure.add_subplot(grid[1, :]), run)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.title.set_fontsize(10.5)
        if axes.get_xlabel() == "step":
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    result = run.result
    figure.suptitle(f"{result['task']}: rule {result['rule']} on device {result['device']}, "
                    f"{result['lanes']} lanes, seed {result['seed']}", fontsize=12.5)
    figure.savefig(path)


def _draw_error(axes, run: Run) -> None:
    errors = np.array([np.nan if e is None else e for e in run.curves.columns["error"]])
    axes.plot(run.curves.steps, errors, color=BLUE, linewidth=1.0, alpha=0.45)
    width = max(1, len(errors) // 25)
    smooth = np.convolve(errors, np.full(width, 1 / width), mode="valid")
    axes.plot(run.curves.steps[width - 1 :], smooth, color=BLUE, linewidth=1.8,
              label="while learning")
    axes.axhline(run.result["frozen_error"], color=ORANGE, linestyle="--", linewidth=1.5,
                 label="frozen, unseen stream")
    if np.nanmin(errors, initial=np.inf) > 0 and run.result["frozen_error"] > 0:
        axes.set_yscale("log")
    axes.set(title="error / target variance", xlabel="step")
    axes.legend(frameon=False, fontsize=8.5)


def _draw_alignment(axes, run: Run) -> None:
    columns = run.curves.matching("alignment")
    _draw_columns(axes, run, columns, "-")
    axes.set(title="alignment of B with Wᵀ (cosine)", xlabel="step", ylim=(None, 1.03))
    _legend(axes, len(columns))


def _draw_taps(axes, run: Run) -> None:
    columns = run.curves.matching("c1")
    _draw_columns(axes, run, run.curves.matching("c0"), "-")
    axes.set_prop_cycle(None)
    _draw_columns(axes, run, columns, "--")
    axes.set(title="error taps c0 (solid), c1 (dashed)", xlabel="step")
    _legend(axes, len(columns))


def _draw_columns(axes, run: Run, columns: dict[str, list[float]], style: str) -> None:
    for name, values in columns.items():
        axes.plot(run.curves.steps, values, style, linewidth=1.5,
                  label=name if style == "-" else None)


def _legend(axes, lines: int) -> None:
    """A legend where it can be read, a word where there is nothing to draw."""
    if not lines:
        axes.text(0.5, 0.5, "none in this network", transform=axes.transAxes, ha="center",
                  color=GREY)
    elif lines <= 8:
        axes.legend(frameon=False, fontsize=8.5, ncols=1 if lines <= 4 else 2)


def _draw_frozen(axes, run: Run) -> None:
    frozen, result = run.frozen, run.result
    shown = slice(frozen.washout, frozen.washout + SHOWN_STEPS)
    seconds = np.arange(len(frozen.targets))[shown] * run.dt
    axes.plot(seconds, frozen.targets[shown, 0], color=GREY, linewidth=3.2, alpha=0.55,
              label="target")
    axes.plot(seconds, frozen.outputs[shown, 0], color=ORANGE, linewidth=1.5, label="output")
    title = f"frozen, on a stream it has not seen: error {result['frozen_error']:.2g}"
    if result["frozen_accuracy"] is not None:
        title += f", {result['frozen_accuracy']:.1%} of symbols right"
    axes.set(title=title, xlabel="time in the stream (s)")
    axes.margins(x=0.01)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
