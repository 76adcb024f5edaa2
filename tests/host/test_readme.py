"""What the README promises: its Python runs and learns, its commands and files exist."""

import re
import shlex
from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize("command", ["run", "verify", "new", "stream", "save", "restore", "diff",
                                     "bench", "growth"])
def test_the_options_shown_are_those_there_are(command, capsys):
    shown = re.search(rf"    vle {command} (.*?)\n    vle", README, re.DOTALL)[1]
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out.split("\nOptions:")[1]
    offered = set(re.findall(r"--\w+", told)) - {"--help"}
    assert set(re.findall(r"--\w+", shown)) == offered


def test_the_listing_of_your_own_data_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in re.search(r"```sh\n(vle new .*?)```", README, re.DOTALL)[1].splitlines():
        assert main(shlex.split(line, comments=True)[1:]) == 0
    told, answers = (np.loadtxt(name, delimiter=",", skiprows=1, usecols=column)
                     for name, column in (("oven.csv", 2), ("answers.csv", 0)))
    assert np.mean((told - answers)[200:] ** 2) < 0.1 * np.var(told)


def test_linked_files_exist():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert all((ROOT / link).is_file() for link in links)


def test_make_targets_exist():
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"`make (\w+)`|^ {4}make (\w+)", README, re.MULTILINE)
    assert named
    assert all(f"\n{one or other}:" in rules for one, other in named)
