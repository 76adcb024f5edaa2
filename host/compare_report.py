"""What a comparison leaves behind: result.json, the table as Markdown, curves as CSV, a figure."""

import csv
import json
import statistics
from pathlib import Path

import numpy as np

from host.compare import FACTORS, TUNING_SEEDS, Comparison, Ranking
from host.trial import COMPARED
from model.tasks import TASKS

__all__ = ["markdown", "result", "write"]

FILES = ("result.json", "table.md", "curves.csv", "compare.png")
BAND = (0.1, 0.9)
"""Quantiles over seeds between which a curve's band lies."""
COLOURS = {
    "vle": "#2563ab", "prospective": "#5aa9e6", "tied": "#1b998b", "fixed-taps": "#8e6bbf",
    "one-gain": "#c05299", "gle": "#d9731a", "instant": "#b23a48", "feedback": "#9a8c1f",
    "adjoint": "#30343b",
}
FLOOR = 1e-7
"""Least error shown on logarithmic axes."""


def result(comparison: Comparison) -> dict:
    """The numbers of ``vle compare --json``."""
    return {
        "task": comparison.task, "steps": comparison.steps, "seeds": comparison.seeds,
        "tuning_seeds": list(TUNING_SEEDS),
        "rules": {ranking.rule: _numbers(ranking) for ranking in comparison.rankings},
    }


def _numbers(ranking: Ranking) -> dict:
    """Spread over seeds on the test stream; ``rates`` has the validation of each factor."""
    finals = [ranking.final[seed] for seed in sorted(ranking.final)]
    return {
        "about": COMPARED[ranking.rule], "rate": ranking.best(), "rate_at_edge": ranking.at_edge(),
        "error": _spread([r["error"] for r in finals]),
        "accuracy": _spread([r["accuracy"] for r in finals]),
        "rates": {f"{factor:g}": {
            name: _spread([ranking.tuning[factor, seed][name] for seed in TUNING_SEEDS])
            for name in ("error", "accuracy")} for factor in ranking.scores()},
        "curve": {"steps": finals[0]["steps"], "error": [r["curve"] for r in finals]},
        "seconds": round(sum(r["seconds"] for r in [*finals, *ranking.tuning.values()]), 1),
    }


def _spread(values: list[float | None]) -> dict | None:
    """Median, least and most, n, and the values by seed; None if nothing was measured.

    A value that was not finite counts in n and is left out of the rest.
    """
    finite = [value for value in values if value is not None]
    if not finite:
        return None
    return {"median": statistics.median(finite), "min": min(finite), "max": max(finite),
            "n": len(values), "values": values}


def markdown(comparison: Comparison) -> str:
    """The table, with a line on how it was made."""
    numbers = result(comparison)
    right = any(row["accuracy"] for row in numbers["rules"].values())
    head = ["rule", "error: median", "min", "max", "n", "rate"]
    rows = [head[:5] + (["right: median", "worst"] if right else []) + head[5:]]
    rows.append(["---"] + ["---:"] * (len(rows[0]) - 1))
    for name, row in numbers["rules"].items():
        rows.append([name, *_error_cells(row), *(_right_cells(row) if right else []), _rate(row)])
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    grid = f"×{_factor(FACTORS[0])} … ×{_factor(FACTORS[-1])}"
    seeds = f"{TUNING_SEEDS[0]} to {TUNING_SEEDS[-1]}"
    note = (f"`{_command(comparison)}`: {numbers['steps']} steps online, then frozen (plasticity "
            "and noise off) on a test stream; golden fixed-point model, `adjoint` in float64. "
            "Error over the target's variance. Rate: times the task's own, the best of "
            f"{grid} (further where the best was at an edge) on validation streams of seeds "
            f"{seeds}.")
    return "\n".join([*lines, "", note, ""])


def _command(comparison: Comparison) -> str:
    """The command that makes this comparison."""
    words = ["vle compare", comparison.task]
    rules = [ranking.rule for ranking in comparison.rankings]
    if rules != list(COMPARED):
        words.append(f"--rules {','.join(rules)}")
    words.append(f"--seeds {comparison.seeds}")
    if comparison.steps != TASKS[comparison.task].steps:
        words.append(f"--steps {comparison.steps}")
    return " ".join(words)


def _error_cells(row: dict) -> list[str]:
    if row["error"] is None:
        return ["diverged", "-", "-", "0"]
    return [*(f"{row['error'][name]:.2g}" for name in ("median", "min", "max")),
            str(row["error"]["n"])]


def _right_cells(row: dict) -> list[str]:
    if row["accuracy"] is None:
        return ["-", "-"]
    return [f"{row['accuracy'][name]:.2%}" for name in ("median", "min")]


def _rate(row: dict) -> str:
    return f"×{_factor(row['rate'])}" + (" (edge)" if row["rate_at_edge"] else "")


def _factor(factor: float) -> str:
    return f"{factor:g}" if factor >= 1 else f"1/{1 / factor:g}"


def write(comparison: Comparison, folder: Path) -> list[Path]:
    """Write all files of a comparison; returns their paths."""
    paths, numbers = [folder / name for name in FILES], result(comparison)
    paths[0].write_text(json.dumps(numbers, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    paths[1].write_text(markdown(comparison), encoding="utf-8")
    with paths[2].open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(_curve_rows(numbers))
    _draw(numbers, paths[3])
    return paths


def _curve_rows(numbers: dict) -> list[list]:
    rows = [["rule", "step", "median", *(f"quantile {level:g}" for level in BAND)]]
    for name, row in numbers["rules"].items():
        bands = _bands(row)
        rows += [[name, step, *map(float, bands[:, k])]
                 for k, step in enumerate(row["curve"]["steps"])]
    return rows


def _bands(row: dict) -> np.ndarray:
    """Median, lower and upper quantile over seeds, (3, points)."""
    errors = np.array(row["curve"]["error"], dtype=np.float64)
    return np.quantile(errors, (0.5, *BAND), axis=0)


def _draw(numbers: dict, path: Path) -> None:
    """Learning curves with bands; every seed's error on the test stream; answers right."""
    # Drawing takes a second to import and only a comparison with --out draws.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    right = any(row["accuracy"] for row in numbers["rules"].values())
    figure = Figure(figsize=(13.5 if right else 11, 5), dpi=130, layout="constrained",
                    facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(1, 3 if right else 2, width_ratios=(1.35, 1, 0.8)[: 2 + right])
    axes = [figure.add_subplot(cell) for cell in grid]
    _draw_curves(axes[0], numbers)
    _draw_seeds(axes[1], numbers, "error")
    axes[1].set(title="frozen, test stream", xlabel="error / target variance")
    if right:
        _draw_seeds(axes[2], numbers, "accuracy")
        axes[2].set(title="symbols right", xlabel="share of test symbols")
        axes[2].tick_params(labelleft=False)
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25, linewidth=0.6)
        one.set_axisbelow(True)
        one.title.set_fontsize(10.5)
    figure.suptitle(f"{numbers['task']}: every rule at its own best rate, {numbers['seeds']} "
                    f"seeds, {numbers['steps']} steps", fontsize=12.5)
    figure.savefig(path)


def _draw_curves(axes, numbers: dict) -> None:
    for name, row in numbers["rules"].items():
        steps, (median, low, high) = row["curve"]["steps"], np.maximum(_bands(row), FLOOR)
        style = "--" if name == "adjoint" else "-"
        axes.plot(steps, median, style, color=COLOURS[name], linewidth=1.8, label=name)
        axes.fill_between(steps, low, high, color=COLOURS[name], alpha=0.12, linewidth=0)
    axes.set(xscale="log", yscale="log", xlabel="steps learned", ylabel="error / target variance",
             title=f"frozen on a validation stream (median, {BAND[0]:.0%} to {BAND[1]:.0%})")
    axes.legend(frameon=False, fontsize=8.5, loc="lower left")


def _draw_seeds(axes, numbers: dict, name: str) -> None:
    """One row per rule, one dot per seed, a bar at the median."""
    rules = list(numbers["rules"])
    for height, rule in enumerate(reversed(rules)):
        spread = numbers["rules"][rule][name]
        if spread is None:
            continue
        least = FLOOR if name == "error" else 0.0
        values = [max(value, least) for value in spread["values"] if value is not None]
        axes.plot(values, [height] * len(values), "o", color=COLOURS[rule], alpha=0.45,
                  markersize=5.5, markeredgewidth=0)
        axes.plot([max(spread["median"], least)] * 2, [height - 0.32, height + 0.32],
                  color=COLOURS[rule], linewidth=2.6)
    axes.set_yticks(range(len(rules)), list(reversed(rules)))
    axes.set_ylim(-0.6, len(rules) - 0.4)
    if name == "error":
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xlim(10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high)))
