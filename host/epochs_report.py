"""What a run of labelled samples leaves behind: numbers, accuracies, a figure, and a page."""

import csv
import json
from pathlib import Path

import numpy as np

from host.epochs import EpochRun
from host.page import write_page
from host.plots import style
from host.sample_page import sample_page
from host.sample_plots import draw_epochs

__all__ = ["summary", "write"]

FILES = ("result.json", "epochs.csv", "confusion.png", "report.html")


def summary(run: EpochRun) -> str:
    """A few lines for a person."""
    result = run.result
    speed = f"{result['samples']} in {result['seconds']:.1f} s, {result['epochs']} epochs"
    if result["cycles_per_sample"] is not None:
        speed += f", {result['cycles_per_sample']:,.0f} cycles each"
    counts = ", ".join(f"{name} {count}" for name, count in result["saturations"].items() if count)
    lines = [
        ("samples", speed),
        ("training", f"{result['training_accuracy']:.2%} right in the last epoch, while learning"),
        ("validation", f"{result['validation_accuracy']:.2%} right"),
        ("test", f"{result['test_accuracy']:.2%} of {result['test_samples']} unseen samples right, "
                 "frozen"),
        ("synapses", str(result["synapses"])),
        ("saturations", counts or "none"),
    ]
    title = (f"{result['task']} on {result['device']}, seed {result['seed']}, "
             f"{result['lanes']} lanes")
    return "\n".join([title, *(f"  {name:<19} {text}" for name, text in lines)])


def write(run: EpochRun, folder: Path, command: str) -> list[Path]:
    """Write all files of a run, which ``command`` started; returns their paths."""
    paths = [folder / name for name in FILES]
    paths[0].write_text(json.dumps(run.result, indent=2) + "\n", encoding="utf-8")
    with paths[1].open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["epoch", "training", "validation"])
        table.writerows(zip(range(1, len(run.training) + 1), run.training, run.validation,
                            strict=True))
    _draw(run, paths[2])
    write_page(paths[3], sample_page(run, command))
    return paths


def _draw(run: EpochRun, path: Path) -> None:
    """Learning curves, and the confusion matrix of the test in shares of a class."""
    # Drawing takes a second to import and only a run with --out draws.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(style()):
        figure = Figure(figsize=(10.5, 4.6), dpi=130, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        curves, matrix = figure.subplots(1, 2, width_ratios=(1.15, 1))
        draw_epochs(curves, run)
        curves.legend(loc="lower right")
        _draw_confusion(matrix, run.confusion)
        result = run.result
        figure.suptitle(f"{result['task']} on device {result['device']}, seed {result['seed']}: "
                        f"{result['test_accuracy']:.1%} of unseen samples right", fontsize=12)
        figure.savefig(path)


def _draw_confusion(axes, confusion: np.ndarray) -> None:
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if confusion[row, column]:
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7.5,
                      color="white" if share > 0.5 else "black")
    classes = np.arange(len(shares))
    axes.set(title="test samples of a class (row) taken for …, %", xlabel="answer", ylabel="class",
             xticks=classes, yticks=classes)
    axes.grid(False)
