"""One run of an experiment on a device, and what it leaves behind: result.json, its figure."""

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host.device import Device
from model.tasks.experiment import Experiment, Findings, Panel

__all__ = ["ExperimentRun", "run_experiment", "summary", "write"]


@dataclass(frozen=True)
class ExperimentRun:
    """The numbers of ``vle run --json``, and what the figure shows."""

    result: dict
    findings: Findings


def run_experiment(task: Experiment, device: Device, *, seed: int = 0, steps: int | None = None,
                   progress: Callable[[int], None] = lambda _: None) -> ExperimentRun:
    """Conduct ``task`` on an open ``device``; ``progress`` is called as progress(frames)."""
    began = time.perf_counter()
    findings = task.run(device, seed=seed, steps=steps, advance=progress)
    result = {"task": task.name, "device": device.name, "seed": seed, "lanes": device.lanes,
              "seconds": round(time.perf_counter() - began, 3), **findings.numbers}
    return ExperimentRun(result, findings)


def summary(run: ExperimentRun) -> str:
    """A few lines for a person."""
    result = run.result
    title = (f"{result['task']} on {result['device']}, seed {result['seed']}, "
             f"{result['lanes']} lanes")
    lines = [f"  {name.replace('_', ' '):<24} {_text(value)}"
             for name, value in run.findings.numbers.items()]
    return "\n".join([title, *lines])


def _text(value) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def write(run: ExperimentRun, folder: Path) -> list[Path]:
    """Write all files of a run; returns their paths."""
    paths = [folder / name for name in ("result.json", "curves.csv", f"{run.result['task']}.png")]
    paths[0].write_text(json.dumps(run.result, indent=2) + "\n", encoding="utf-8")
    with paths[1].open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["panel", "line", "x", "y"])
        for panel in run.findings.panels:
            for line in panel.lines:
                table.writerows((panel.title, line.label, x, y)
                                for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True))
    _draw(run, paths[2])
    return paths


def _draw(run: ExperimentRun, path: Path) -> None:
    # Drawing takes a second to import and only a run with --out draws.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = run.findings.panels
    figure = Figure(figsize=(5.6 * len(panels), 4.2), dpi=130, layout="constrained",
                    facecolor="white")
    FigureCanvasAgg(figure)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw_panel(axes, panel)
    result = run.result
    figure.suptitle(f"{result['task']} on device {result['device']}, seed {result['seed']}",
                    fontsize=12)
    figure.savefig(path)


def _draw_panel(axes, panel: Panel) -> None:
    colour = None
    for line in panel.lines:
        # What is given goes with the line found before it.
        style = {"color": colour, "linestyle": "--", "linewidth": 1.1} if line.dashed else {}
        drawn, = axes.plot(line.x, line.y, label=line.label or None, **style)
        colour = drawn.get_color()
    axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label)
    axes.title.set_fontsize(10.5)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
