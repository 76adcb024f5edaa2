"""Plots for a page: matplotlib's SVG, in the colours of the page around it, light or dark."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["PALETTE", "SOFT", "Key", "Plot", "draw_plot", "style"]

PALETTE = ("#2563ab", "#d9731a", "#3a8f4d", "#b23a48", "#7b5bb5", "#8b6a4f", "#c2579b", "#5f7a89")
"""Colours of curves, in this order."""
INK, SOFT, RULE = "#1f2430", "#8a8f98", "#c9ced6"
"""Text and axes; what stands back; grid lines."""
TONES = {INK: "ink", SOFT: "soft", RULE: "rule"} | {
    colour: f"curve-{k + 1}" for k, colour in enumerate(PALETTE)}
"""The property of the page's style for each colour: so a plot follows the page into the dark."""
SOLID = ("-", "solid")


@dataclass(frozen=True)
class Key:
    """A curve in a plot's legend: its tone, whether it is dashed, what it is."""

    tone: str
    dashed: bool
    label: str


@dataclass(frozen=True)
class Plot:
    """An <svg> element, with the title and the legend that the page sets beside it."""

    title: str
    svg: str
    keys: tuple[Key, ...]


def style() -> dict:
    """How plots look, as matplotlib's parameters."""
    from cycler import cycler
    return {
        "axes.axisbelow": True, "axes.edgecolor": INK, "axes.grid": True, "axes.labelcolor": INK,
        "axes.linewidth": 0.8, "axes.prop_cycle": cycler(color=PALETTE),
        "axes.spines.right": False, "axes.spines.top": False, "axes.titlesize": 10.5,
        "font.size": 10.0, "grid.color": RULE, "grid.linewidth": 0.6, "legend.fontsize": 8.5,
        "legend.frameon": False, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
    }


def draw_plot(name: str, draw: Callable, *, size: tuple[float, float] = (4.6, 2.9)) -> Plot:
    """What ``draw(axes)`` draws, ``size`` in inches; ``name`` tells it from others of its page."""
    # matplotlib takes a second to import, and only what is kept is drawn.
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(style() | {"svg.fonttype": "none", "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot(facecolor="none")
        draw(axes)
        title = axes.get_title()
        axes.set_title("")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=dict.fromkeys(
            ("Creator", "Date", "Format", "Type")))
        keys = tuple(Key(TONES.get(line.get_color(), "ink"), line.get_linestyle() not in SOLID,
                         label) for line, label in zip(*axes.get_legend_handles_labels(),
                                                       strict=True))
    text = file.getvalue()
    return Plot(title, _adapted(text[text.index("<svg") :], name), keys)


def _adapted(svg: str, name: str) -> str:
    """The page's tones for colours, and names of parts that no other plot of the page has."""
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda found: f"var(--{TONES[found[0]]})"
                 if found[0] in TONES else found[0], svg)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    return re.sub(r'(href="|url\()#', rf"\g<1>#{name}-", svg)
