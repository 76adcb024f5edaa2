"""report.html: one page that needs nothing else, whose numbers are those of result.json."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from host.cli import main
from host.page import Number, Page, Section, Table, write_page
from host.plots import draw_plot
from model.tasks import SAMPLE_TASKS, TASKS
from tests.host.stand_ins import ECHO
from tests.model.orders import ORDERS

VOID = {"meta", "br", "link", "img", "input"}
SECTIONS = {
    "echo": ["Learning curve", "Cycles and rates", "Output against target", "Backward alignment",
             "Learned taps", "Weights before and after", "Saturations", "What was run",
             "The network"],
    "orders": ["Learning curve", "Confusion matrix", "Weights before and after", "Saturations",
               "What was run"],
    "reward": ["What it did", "Numbers", "What was run"],
}


class Reader(HTMLParser):
    """Checks that elements are closed in turn; collects titles, numbers, identifiers and links."""

    def __init__(self, path: Path):
        super().__init__()
        self.open, self.titles, self.numbers, self.names = [], [], {}, []
        self.used, self.plots, self.text = set(), 0, []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "data":
            self.numbers[given["data-name"]] = json.loads(given["value"])
        self.plots += tag == "svg"
        self.names += [given["id"]] if "id" in given else []
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "action", "srcset"):
                assert value.startswith(("#", "data:")), value
                self.used |= {value[1:]} if value.startswith("#") else set()
            self.used |= set(re.findall(r"url\(#([^)]+)\)", value or ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)


def flat(result, path: str = "") -> dict:
    """Every plain value of a result, by its path."""
    if not isinstance(result, dict | list):
        return {path: result}
    items = result.items() if isinstance(result, dict) else enumerate(result)
    return {name: value for key, one in items
            for name, value in flat(one, f"{path}/{key}" if path else str(key)).items()}


@pytest.mark.parametrize("task", SECTIONS)
def test_a_run_leaves_a_page_that_agrees_with_its_numbers(task, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(SAMPLE_TASKS, "orders", ORDERS)
    monkeypatch.setitem(TASKS, "echo", ECHO)
    assert main(["run", task, "--steps", "2000", "--seed", "3", "--out", str(tmp_path)]) == 0
    assert "report.html" in capsys.readouterr().out
    page = Reader(tmp_path / "report.html")
    result = flat(json.loads((tmp_path / "result.json").read_text(encoding="utf-8")))
    assert page.titles == SECTIONS[task]
    assert page.plots >= 2
    assert page.numbers == {name: result[name] for name in page.numbers}
    numbers = {name for name, value in result.items() if isinstance(value, int | float)}
    assert numbers <= set(page.numbers) and len(numbers) >= 6
    assert f"vle run {task} --device model --seed 3" in " ".join(page.text)
    assert len(set(page.names)) == len(page.names) and page.used <= set(page.names)


def test_a_page_says_what_it_is_given_and_nothing_of_it_is_markup(tmp_path):
    plot = draw_plot("one", lambda axes: axes.plot([1, 2], [3, 5], "--", label="a <b> & c"))
    write_page(tmp_path / "page.html", Page(
        title="<script>", about="1 < 2", headline=[("half", Number("a/b", 0.1 + 0.2, "0.3"))],
        sections=[Section(title="x & y", plots=[plot], broad=[plot], facts=[("none", Number(
            "none", None, "–"))], tables=[Table(("", "n"), [("row", Number("n", 3, "3", 0.5))])])]))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>" not in text and "a <b>" not in text
    assert 'value="0.30000000000000004"' in text and 'value="null"' in text
    assert "--share: 0.500" in text


def test_plots_follow_the_pages_colours():
    svg = draw_plot("lines", lambda axes: axes.plot([1, 2], [3, 5], label="line")).svg
    style = (Path(__file__).parents[2] / "host" / "page.html").read_text(encoding="utf-8")
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", svg))
    assert {"ink", "rule", "curve-1"} <= used
    light, dark = style.split("prefers-color-scheme: dark")
    assert all(f"--{name}:" in light and f"--{name}:" in dark for name in used)
    # What no property stands for would not follow into the dark.
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) == set()
