"""What the README promises: its Python runs and learns, its commands and files exist."""

import re
from pathlib import Path

import pytest

from host.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_learns():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    names = {}
    exec(code, names)
    error = ((names["late"] - names["y"][-2000:]) ** 2).mean() / names["y"].var()
    assert error < 0.05
    assert names["late"].std() > 0.1


@pytest.mark.parametrize("command", ["run", "verify"])
def test_the_options_shown_are_those_there_are(command, capsys):
    shown = re.search(rf"    vle {command} (.*?)\n    vle", README, re.DOTALL)[1]
    assert main([command, "--help"]) == 0
    offered = set(re.findall(r"--\w+", capsys.readouterr().out)) - {"--help"}
    assert set(re.findall(r"--\w+", shown)) == offered


def test_linked_files_exist():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert all((ROOT / link).is_file() for link in links)


def test_make_targets_exist():
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"`make (\w+)`|^ {4}make (\w+)", README, re.MULTILINE)
    assert named
    assert all(f"\n{one or other}:" in rules for one, other in named)
