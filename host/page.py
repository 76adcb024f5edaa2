"""report.html: sections of numbers, tables and plots, set as one page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from host.atomic import replace_file
from host.plots import Plot

__all__ = ["Number", "Page", "Section", "Table", "numbers_of", "saturation_section", "write_page"]


@dataclass(frozen=True)
class Number:
    """A number of result.json, by its path there, with dots, and as people read it.

    share   0 … 1: how strongly a table shades it
    """

    name: str
    value: float | int | None
    text: str
    share: float | None = None


Cell = str | Number


@dataclass(frozen=True)
class Table:
    """Rows below a head, the first of each being its name; ``about`` names what is in a matrix."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One thing that the page tells.

    facts    names and what stands beside them
    plots    side by side where there is room; ``small`` ones as many as go in
    broad    plots to take the place of ``plots`` on a wide screen
    whole    takes the whole width of a wide screen
    """

    title: str
    text: str = ""
    facts: Sequence[tuple[str, Cell]] = ()
    plots: Sequence[Plot] = ()
    small: bool = False
    broad: Sequence[Plot] = ()
    tables: Sequence[Table] = ()
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """A title, the few numbers that matter, and sections."""

    title: str
    about: str
    headline: Sequence[tuple[str, Number]]
    sections: Sequence[Section]


def numbers_of(result: dict):
    """A function number(name, form) that makes a :class:`Number` of ``result[name]``.

    ``name`` may be a path with slashes; ``form`` is a format specification.  None reads as a dash.
    """
    def number(name: str, form: str = "", after: str = "") -> Number:
        value = result
        for part in name.split("/"):
            value = value[int(part) if isinstance(value, list) else part]
        return Number(name, value, "–" if value is None else f"{value:{form}}{after}")

    return number


def saturation_section(result: dict) -> Section:
    """How often each format was limited."""
    number = numbers_of(result)
    rows = [(name, number(f"saturations/{name}", ",")) for name in result["saturations"]]
    return Section(
        title="Saturations", tables=[Table(("format", "limited"), rows)],
        text="How often a value was limited, while learning, instead of running over.")


def write_page(path: Path, page: Page) -> None:
    """Write the page; the file is replaced as a whole."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("host", ""), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, autoescape=select_autoescape())
    environment.tests["number"] = lambda cell: isinstance(cell, Number)
    text = environment.get_template("page.html").render(
        page=page, version=version("vle-core"),
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"))
    replace_file(path, text.encode())
