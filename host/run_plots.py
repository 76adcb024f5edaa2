"""The panels of a run: each draws one thing onto axes that it is given."""

import numpy as np

from host.plots import PALETTE, SOFT
from host.run import Run

__all__ = ["SHOWN_STEPS", "draw_alignment", "draw_error", "draw_output", "draw_taps"]

SHOWN_STEPS = 400
"""Steps of the frozen test that are shown."""


def draw_error(axes, run: Run) -> None:
    """The running error while learning, and that of the frozen test."""
    errors = np.array([np.nan if e is None else e for e in run.curves.columns["error"]])
    axes.plot(run.curves.steps, errors, color=PALETTE[0], linewidth=1.0, alpha=0.45)
    width = max(1, len(errors) // 25)
    smooth = np.convolve(errors, np.full(width, 1 / width), mode="valid")
    axes.plot(run.curves.steps[width - 1 :], smooth, color=PALETTE[0], linewidth=1.8,
              label="while learning")
    axes.axhline(run.result["frozen_error"], color=PALETTE[1], linestyle="--", linewidth=1.5,
                 label="frozen, unseen stream")
    if np.nanmin(errors, initial=np.inf) > 0 and run.result["frozen_error"] > 0:
        axes.set_yscale("log")
    axes.set(title="error / target variance")
    _count_steps(axes)


def draw_alignment(axes, run: Run) -> None:
    """The cosine of B and Wᵀ over the training."""
    _draw_columns(axes, run, run.curves.matching("alignment"), "-")
    axes.set(title="alignment of B with Wᵀ (cosine)", ylim=(None, 1.03))
    _count_steps(axes)


def draw_taps(axes, run: Run) -> None:
    """The populations' mean error taps over the training."""
    _draw_columns(axes, run, run.curves.matching("c0"), "-")
    axes.set_prop_cycle(None)
    _draw_columns(axes, run, run.curves.matching("c1"), "--")
    axes.set(title="error taps c0 (solid), c1 (dashed)")
    _count_steps(axes)


def draw_output(axes, run: Run, output: int = 0, steps: int = SHOWN_STEPS) -> None:
    """One output beside its target, in the first steps of the frozen test that are scored."""
    frozen, result = run.frozen, run.result
    shown = slice(frozen.washout, frozen.washout + steps)
    seconds = np.arange(len(frozen.targets))[shown] * run.dt
    axes.plot(seconds, frozen.targets[shown, output], color=SOFT, linewidth=3.2, alpha=0.55,
              label="target")
    axes.plot(seconds, frozen.outputs[shown, output], color=PALETTE[1], linewidth=1.5,
              label="output")
    title = f"frozen, on a stream it has not seen: error {result['frozen_error']:.2g}"
    if result["frozen_accuracy"] is not None:
        title += f", {result['frozen_accuracy']:.1%} of symbols right"
    axes.set(title=title, xlabel="time in the stream (s)")
    axes.margins(x=0.01)


def _draw_columns(axes, run: Run, columns: dict[str, list[float]], dashes: str) -> None:
    for name, values in columns.items():
        axes.plot(run.curves.steps, values, dashes, linewidth=1.5,
                  label=name if dashes == "-" else None)


def _count_steps(axes) -> None:
    from matplotlib.ticker import EngFormatter
    axes.set_xlabel("step")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
