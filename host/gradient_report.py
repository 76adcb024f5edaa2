"""What ``vle gradient`` shows: a table to read, result.json and gradient.png."""

import json
from pathlib import Path

import numpy as np

from host.gradient import Found, Measured
from model.frequency import gle_response, learned_taps

__all__ = ["summary", "write"]

FILES = ("result.json", "gradient.png")
COLOURS = ("#2563ab", "#d9731a", "#3a9d5d", "#a13d9a", "#8a8f98", "#b8860b")
SHOWN_POINTS = (0.1, 1.0, 5.0, 30.0)
"""x = ωτm of the rows of the frequency table."""
GREY = "#8a8f98"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Left column flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return ["  " + "  ".join([row[0].ljust(widths[0])] + [
        cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)])
        for row in (head, *rows)]


def summary(found: Found) -> str:
    """Three tables for a person."""
    where = f"after {found.steps} steps of vle" if found.steps else "at its initial weights"
    rules = found.rules
    lines = [f"{found.task} {where}, seed {found.seed}; weights held, backward path settled for "
             f"{found.settled} steps, measured over {found.measured} unseen steps", "",
             "change of weights against the exact gradient: cosine (norm ratio)"]
    names = next(iter(rules.values())).projections
    rows = [["whole network", *(_agreement(rule.whole) for rule in rules.values())]]
    rows += [[name, *(_agreement(rule.projections[name]) for rule in rules.values())]
             for name in names]
    rows.append(["B and Wᵀ, worst cosine", *(_number(min(rule.alignment.values(), default=None))
                                             for rule in rules.values())])
    rows.append(["saturations", *(str(sum(rule.saturations.values())) for rule in rules.values())])
    lines += _table(["", *rules], rows)
    lines += ["", "errors e, mean squares over the adjoint's: distance to the network's adjoint / "
                  "to the adjoint of the received error / local residual"]
    populations = next(iter(rules.values())).populations
    rows = [[name, *(_distance(rule, name) for rule in rules.values())] for name in populations]
    lines += _table(["", *rules], rows)
    return "\n".join([*lines, "", *_frequency(found)])


def _agreement(found) -> str:
    return f"{found.cosine:+.3f} ({found.norm_ratio:.3g})"


def _distance(rule: Measured, population: str) -> str:
    found = rule.populations[population]
    return " / ".join(map(_number, (found.to_adjoint, found.to_received, found.residual)))


def _frequency(found: Found) -> list[str]:
    sweep = found.frequency
    c0, c1 = learned_taps(sweep.x, sweep.rho)
    learned = sweep.responses["learned"]
    rows = []
    for point in sorted({int(np.argmin(np.abs(np.log(sweep.x / x)))) for x in SHOWN_POINTS}):
        rows.append([f"{sweep.x[point]:.3g}", *(
            f"{r.phase_error[point]:+.2f}° × {r.gain_error[point]:.3f}"
            for r in sweep.responses.values()),
            f"{learned.c0[point]:.4f} ({c0[point]:.4f})", f"{learned.c1[point]:.4f} "
            f"({c1[point]:.4f})"])
    return [f"one sine, τr/τm = {sweep.rho:g}: phase and gain of e over the exact adjoint's; "
            "learned taps (closed form)",
            *_table(["ωτm", *sweep.responses, "c0", "c1"], rows)]


def write(found: Found, folder: Path) -> list[Path]:
    """Write the files; returns their paths."""
    paths = [folder / name for name in FILES]
    paths[0].write_text(json.dumps(found.json(), indent=2, allow_nan=False) + "\n",
                        encoding="utf-8")
    _draw(found, paths[1])
    return paths


def _draw(found: Found, path: Path) -> None:
    # Drawing takes a second to import and only a run with --out draws.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9.2), dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, 6)
    _draw_cosines(figure.add_subplot(grid[0, :3]), found)
    _draw_ratios(figure.add_subplot(grid[0, 3:]), found)
    _draw_distances(figure.add_subplot(grid[1, :4]), found)
    _draw_identity(figure.add_subplot(grid[1, 4:]), found)
    _draw_sweep(figure.add_subplot(grid[2, :2]), found, "phase_error", "phase error (degrees)")
    _draw_sweep(figure.add_subplot(grid[2, 2:4]), found, "gain_error", "gain error (factor)")
    _draw_taps(figure.add_subplot(grid[2, 4:]), found)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.title.set_fontsize(10)
    where = f"after {found.steps} steps" if found.steps else "initial weights"
    figure.suptitle(f"{found.task}, {where}, seed {found.seed}: local rules beside the exact "
                    "adjoint", fontsize=12.5)
    figure.savefig(path)


def _bars(axes, found: Found, values, labels: list[str], base: float = 0.0) -> None:
    """One group of bars per label, one bar per rule; ``values(rule)`` gives a list."""
    width = 0.8 / len(found.rules)
    for k, (name, rule) in enumerate(found.rules.items()):
        here = np.arange(len(labels)) + (k - (len(found.rules) - 1) / 2) * width
        heights = np.array([np.nan if v is None else v for v in values(rule)])
        axes.bar(here, heights - base, width, bottom=base, color=COLOURS[k % len(COLOURS)],
                 label=name)
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", fontsize=8)


def _projection_labels(found: Found) -> list[str]:
    """Targets are enough where no two projections share one, and much shorter."""
    names = list(next(iter(found.rules.values())).projections)
    targets = [name.split(">")[1] for name in names]
    return ["whole", *(targets if len(set(targets)) == len(targets) else names)]


def _draw_cosines(axes, found: Found) -> None:
    _bars(axes, found, lambda rule: [rule.whole.cosine, *(
        p.cosine for p in rule.projections.values())], _projection_labels(found))
    axes.set(title="change of weights and exact gradient: cosine", ylim=(-1.02, 1.02))
    axes.legend(frameon=False, fontsize=8.5, ncols=len(found.rules), loc="lower left")


def _draw_ratios(axes, found: Found) -> None:
    axes.set_yscale("log")
    _bars(axes, found, lambda rule: [p.norm_ratio or None for p in (
        rule.whole, *rule.projections.values())], _projection_labels(found), base=1.0)
    axes.set_title("the same: ratio of norms")


def _draw_distances(axes, found: Found) -> None:
    axes.set_yscale("log")
    populations = list(next(iter(found.rules.values())).populations)
    _bars(axes, found, lambda rule: [rule.populations[name].to_adjoint or None
                                     for name in populations], populations, base=1.0)
    axes.axhline(1.0, color=GREY, linewidth=0.8)
    axes.set_title("errors: mean square of e − λ over that of λ, by population")


def _draw_identity(axes, found: Found) -> None:
    """Local residual against the distance it stands for: points belong on the diagonal."""
    ends = []
    for k, (name, rule) in enumerate(found.rules.items()):
        pairs = [(p.to_received, p.residual) for p in rule.populations.values()
                 if p.to_received and p.residual]
        if pairs:
            axes.loglog(*zip(*pairs, strict=True), "o", markersize=5, alpha=0.8, label=name,
                        color=COLOURS[k % len(COLOURS)])
            ends += [value for pair in pairs for value in pair]
    if ends:
        span = [min(ends) / 1.5, max(ends) * 1.5]
        axes.plot(span, span, color=GREY, linewidth=0.8, zorder=0)
        axes.legend(frameon=False, fontsize=8.5)
    axes.set(title="local residual against distance", xlabel="e to the adjoint of ē received",
             ylabel="residual")


def _draw_sweep(axes, found: Found, what: str, title: str) -> None:
    sweep = found.frequency
    for k, (kind, response) in enumerate(sweep.responses.items()):
        axes.semilogx(sweep.x, getattr(response, what), "o-", markersize=3.5, linewidth=1.2,
                      label=kind, color=COLOURS[k])
    if what == "gain_error":
        axes.set_yscale("log")
        squared = np.abs(gle_response(sweep.x, sweep.rho)) ** 2
        axes.plot(sweep.x, squared, "--", color="black", linewidth=0.9, label="gle, closed form")
    axes.set(title=f"one sine: {title}", xlabel="ωτm")
    axes.legend(frameon=False, fontsize=8.5)


def _draw_taps(axes, found: Found) -> None:
    sweep = found.frequency
    learned = sweep.responses["learned"]
    for k, (name, exact) in enumerate(zip(("c0", "c1"), learned_taps(sweep.x, sweep.rho),
                                          strict=True)):
        axes.semilogx(sweep.x, getattr(learned, name), "o", markersize=4, color=COLOURS[k],
                      label=f"{name} learned")
        axes.plot(sweep.x, exact, color=COLOURS[k], linewidth=1.0, label="closed form")
    axes.set(title="one sine: learned taps", xlabel="ωτm")
    axes.legend(frameon=False, fontsize=8.5)
