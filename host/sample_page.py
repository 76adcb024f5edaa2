"""The page of a run of labelled samples."""

import numpy as np

from host.epochs import EpochRun
from host.page import Number, Page, Section, Table, numbers_of, saturation_section
from host.plots import draw_plot
from host.sample_plots import draw_epochs
from host.weight_section import weight_section

__all__ = ["sample_page"]


def sample_page(run: EpochRun, command: str) -> Page:
    """All that the ``command`` found, as a page."""
    result, number = run.result, numbers_of(run.result)
    headline = [("test samples right", number("test_accuracy", ".2%")),
                ("validation samples right", number("validation_accuracy", ".2%")),
                ("samples a second", number("samples_per_second", ",.0f"))]
    if result["cycles_per_sample"] is not None:
        headline.append(("cycles a sample", number("cycles_per_sample", ",.0f")))
    return Page(
        title=f"{result['task']} on device {result['device']}", about=run.about, headline=headline,
        sections=[
            Section(title="Learning curve", plots=[draw_plot(
                "epochs", lambda axes: draw_epochs(axes, run))],
                text="Samples of the training are answered before they are learned.",
                facts=[("last epoch, while learning", number("training_accuracy", ".2%")),
                       ("validation samples", number("validation_accuracy", ".2%")),
                       ("test samples", number("test_accuracy", ".2%"))]),
            _confusion(run), weight_section(run.network, run.before, run.after),
            saturation_section(result), _what(run, command)])


def _confusion(run: EpochRun) -> Section:
    counts = run.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [(str(label), *(Number(f"confusion/{label}/{answer}", int(count), str(count),
                                  float(shares[label, answer]))
                           for answer, count in enumerate(row)))
            for label, row in enumerate(counts)]
    number = numbers_of(run.result)
    return Section(
        title="Confusion matrix", text="Frozen, on samples it has not seen.",
        facts=[("test samples", number("test_samples"))],
        tables=[Table(("", *map(str, range(len(counts)))), rows,
                      about="of a class (row), how many were taken for which (column)")])


def _what(run: EpochRun, command: str) -> Section:
    result, number = run.result, numbers_of(run.result)
    return Section(title="What was run", facts=[
        ("command", command), ("task", run.about), ("device", result["device"]),
        ("seed", number("seed")), ("lanes", number("lanes")), ("epochs", number("epochs")),
        ("samples learned", number("samples", ",")), ("steps", number("steps", ",")),
        ("seconds", number("seconds", ",.1f")),
        ("samples a second, here", number("samples_per_second", ",.0f")),
        ("cycles a sample", number("cycles_per_sample", ",.0f")),
        ("synapses", number("synapses", ","))])
