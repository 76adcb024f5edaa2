"""The weights of every projection before and after learning, as a section of a page."""

from functools import partial

import numpy as np

from host.page import Section, Table
from host.plots import SOFT, draw_plot
from host.weights import short
from model.network import Network

__all__ = ["weight_section"]

NEGATIVE, POSITIVE = (0.23, 0.53, 0.88), (0.90, 0.48, 0.12)
"""Red, green, blue; zero is transparent, so that weights are legible on any ground."""


def weight_section(network: Network, before: dict[str, np.ndarray],
                   after: dict[str, np.ndarray]) -> Section:
    """Pictures and sizes of W by projection, from :func:`host.weights.weight_matrices`."""
    plots, rows = [], []
    for number, (name, projection) in enumerate(zip(before, network.projections, strict=True)):
        old, new = before[name], after[name]
        plots.append(draw_plot(f"weights{number}", partial(_draw, name=name, before=old, after=new),
                               size=(2.3, 1.6)))
        rows.append((name, f"{old.shape[1]} → {old.shape[0]}",
                     f"{network.rate(projection):g}" if projection.plastic else "fixed",
                     *(f"{_rms(matrix):.3f}" for matrix in (old, new, new - old)),
                     f"{np.max(np.abs(new)):.3f}"))
    return Section(
        title="Weights before and after", plots=plots, small=True, whole=True,
        text="A row per target neuron, a column per source. Orange is positive, blue negative, the "
             "ground zero; each pair has its own scale, up to its largest magnitude.",
        tables=[Table(("projection", "size", "η, 1/s", "rms before", "rms after", "rms change",
                       "largest after"), rows)])


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _draw(axes, name: str, before: np.ndarray, after: np.ndarray) -> None:
    """Both in one scale."""
    from matplotlib.patches import Rectangle

    most = max(np.max(np.abs(before)), np.max(np.abs(after))) or 1.0
    for left, values in ((0.0, before), (1.1, after)):
        pixels = np.zeros((*values.shape, 4))
        pixels[values < 0, :3], pixels[values >= 0, :3] = NEGATIVE, POSITIVE
        pixels[..., 3] = np.abs(values) / most
        axes.imshow(pixels, extent=(left, left + 1, 0, 1), aspect="auto", interpolation="none")
        axes.add_patch(Rectangle((left, 0), 1, 1, fill=False, edgecolor=SOFT, linewidth=0.7,
                                 clip_on=False))
    axes.set(title=short(name), xlim=(0, 2.1), yticks=[])
    axes.set_xticks([0.5, 1.6], ["before", "after"])
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
