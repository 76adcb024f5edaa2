"""One run of an experiment on a device, and what it leaves behind: numbers, figure and page."""

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host.device import Device
from host.page import Page, Section, numbers_of, write_page
from host.plots import draw_plot, style
from model.tasks.experiment import Experiment, Findings, Panel

__all__ = ["ExperimentRun", "run_experiment", "summary", "write"]


@dataclass(frozen=True)
class ExperimentRun:
    """The numbers of ``vle run --json``, what the figure shows, what the task asks."""

    result: dict
    about: str
    findings: Findings


def run_experiment(task: Experiment, device: Device, *, seed: int = 0, steps: int | None = None,
                   progress: Callable[[int], None] = lambda _: None) -> ExperimentRun:
    """Conduct ``task`` on an open ``device``; ``progress`` is called as progress(frames)."""
    began = time.perf_counter()
    findings = task.run(device, seed=seed, steps=steps, advance=progress)
    result = {"task": task.name, "device": device.name, "seed": seed, "lanes": device.lanes,
              "seconds": round(time.perf_counter() - began, 3), **findings.numbers}
    return ExperimentRun(result, task.about, findings)


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


def write(run: ExperimentRun, folder: Path, command: str) -> list[Path]:
    """Write all files of a run, which ``command`` started; returns their paths."""
    paths = [folder / name for name in (
        "result.json", "curves.csv", f"{run.result['task']}.png", "report.html")]
    paths[0].write_text(json.dumps(run.result, indent=2) + "\n", encoding="utf-8")
    with paths[1].open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["panel", "line", "x", "y"])
        for panel in run.findings.panels:
            for line in panel.lines:
                table.writerows((panel.title, line.label, x, y)
                                for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True))
    _draw(run, paths[2])
    write_page(paths[3], _page(run, command))
    return paths


def _page(run: ExperimentRun, command: str) -> Page:
    result, number = run.result, numbers_of(run.result)
    found = []
    for name, value in run.findings.numbers.items():
        label = name.replace("_", " ")
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        found.append((label, number(name, ".4g") if plain else _text(value)))
    facts = [("command", command), ("task", run.about),
             ("device", result["device"]), ("seed", number("seed")), ("lanes", number("lanes")),
             ("seconds", number("seconds", ",.1f"))]
    plots = [draw_plot(f"panel{k}", lambda axes, panel=panel: _draw_panel(axes, panel))
             for k, panel in enumerate(run.findings.panels)]
    return Page(
        title=f"{result['task']} on device {result['device']}", about=run.about, headline=[],
        sections=[Section(title="What it did", plots=plots, whole=True,
                          text="Dashed: what was given; solid: what was found."),
                  Section(title="Numbers", facts=found),
                  Section(title="What was run", facts=facts)])


def _draw(run: ExperimentRun, path: Path) -> None:
    # Drawing takes a second to import and only a run with --out draws.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels, result = run.findings.panels, run.result
    with rc_context(style()):
        figure = Figure(figsize=(5.6 * len(panels), 4.2), dpi=130, layout="constrained",
                        facecolor="white")
        FigureCanvasAgg(figure)
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels,
                               strict=True):
            _draw_panel(axes, panel)
            axes.legend()
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
