"""What ``vle formats`` says and leaves behind: tables of ranges, formats.json, and their figure."""

import math
from pathlib import Path

from host.findings import write_findings
from host.formats import PERCENTILES, PHASES

__all__ = ["markdown", "write"]

FILES = ("formats.json", "formats.md", "formats.png")
COLOURS = {"training": "#2563ab", "frozen": "#d9731a"}
GREY = "#dfe2e6"
HEAD = ["quantity", "width.frac", "counter", "min", "max",
        *(f"{p:g} %" for p in PERCENTILES), "bits", "at limit"]


def markdown(result: dict) -> str:
    """A table for each phase and one of the saturations."""
    parts = []
    for phase in PHASES:
        rows = [_row(quantity, quantity[phase]) for quantity in result["quantities"]
                if quantity[phase] is not None]
        parts += [f"**{phase}**", "", *_table([HEAD, *rows]), ""]
    counted = result["saturations"]
    rows = [["saturations of all steps", *counted["training"]],
            *([phase, *map(str, counted[phase].values())] for phase in PHASES)]
    return "\n".join([*parts, *_table(rows), "", _note(result), ""])


def _row(quantity: dict, found: dict) -> list[str]:
    magnitudes = [f"{found[f'p{p:g}']:.3g}" for p in PERCENTILES]
    return [quantity["name"], f"{quantity['width']}.{quantity['frac']}", quantity["counter"],
            f"{found['min']:.3g}", f"{found['max']:.3g}", *magnitudes,
            f"{found['bits']} of {quantity['width']}",
            f"{found['at_limit']:.2%}" if found["at_limit"] else "never"]


def _table(rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table, padded so that it can be read as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    cells = [[cell.rjust(width) if column else cell.ljust(width)
              for column, (cell, width) in enumerate(zip(row, widths, strict=True))]
             for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (cells[0], ruler, *cells[1:])]


def _note(result: dict) -> str:
    right = ("" if result["frozen_accuracy"] is None
             else f", {result['frozen_accuracy']:.2%} of symbols right")
    return (f"{result['task']} on {result['device']}, rule {result['rule']}, seed "
            f"{result['seed']}, {result['steps']} steps; frozen error "
            f"{result['frozen_error']:.3g} of the target's variance{right}. Percentiles are of "
            "magnitudes; bits hold every value seen, sign included.")


def write(result: dict, folder: Path) -> list[Path]:
    """Write all files; returns their paths."""
    return write_findings(folder, FILES, result, markdown(result), _draw)


def _draw(result: dict, path: Path) -> None:
    """One row per quantity: the format in grey, what each phase used of it in colour."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    rows = result["quantities"]
    figure = Figure(figsize=(9.5, 0.27 * len(rows) + 1.6), dpi=110, layout="constrained",
                    facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, quantity in enumerate(rows):
        low, high = -quantity["frac"], quantity["width"] - 1 - quantity["frac"]
        axes.barh(place, high - low, left=low, height=0.86, color=GREY)
        for phase, offset in zip(PHASES, (-0.2, 0.2), strict=True):
            found = quantity[phase]
            if found is not None and (found["min"] or found["max"]):
                _draw_range(axes, place + offset, quantity, found, COLOURS[phase])
    labels = [f"{q['name']}   {q['width']}.{q['frac']}" for q in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=8.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MultipleLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda k, _: f"$2^{{{k:.0f}}}$"))
    axes.set_xlabel("magnitude")
    axes.grid(axis="x", alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(handles=[Patch(color=GREY, label="format: last bit to limit"),
                           *(Patch(color=COLOURS[phase], label=f"{phase}: 1 % to largest")
                             for phase in PHASES)],
                  loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
    axes.set_title(f"{result['task']}, rule {result['rule']}: ranges used of every format "
                   "(tick: median)", fontsize=11)
    figure.savefig(path)


def _draw_range(axes, place: float, quantity: dict, found: dict, colour: str) -> None:
    """A bar from the first percentile to the largest magnitude, in powers of two.

    Zeros are drawn at the last bit.
    """
    smallest = -quantity["frac"]
    low, middle, high = (_power(value, smallest) for value in (
        found["p1"], found["p50"], max(abs(found["min"]), abs(found["max"]))))
    axes.barh(place, high - low, left=low, height=0.3, color=colour)
    axes.plot([middle, middle], [place - 0.2, place + 0.2], color="black", linewidth=1.2)


def _power(value: float, smallest: int) -> float:
    return max(math.log2(value), smallest) if value > 0 else smallest
