"""The panels of a run of labelled samples."""

import numpy as np

from host.epochs import EpochRun
from host.plots import PALETTE

__all__ = ["draw_epochs"]


def draw_epochs(axes, run: EpochRun) -> None:
    """Shares of samples right, epoch by epoch."""
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, len(run.training) + 1)
    for shares, colour, label in ((run.training, PALETTE[0], "while learning"),
                                  (run.validation, PALETTE[1], "validation samples")):
        axes.plot(epochs, shares, marker="o", markersize=3, color=colour, label=label)
    axes.axhline(run.result["test_accuracy"], color=PALETTE[1], linestyle="--", linewidth=1.2,
                 label="test samples, at the end")
    axes.set(title="share of samples right", xlabel="epoch", xlim=(0.5, len(epochs) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
