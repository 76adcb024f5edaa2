"""The pages in docs/ do what they say: their listings run, in order, in one folder each."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from host.cli import main

DOCS = Path(__file__).parents[2] / "docs"
LISTING = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
SHELL = set("|<>();&")


def run_shell(line: str, folder: Path) -> None:
    """A line of a listing; plain commands run here, where what is compiled stays compiled."""
    words = shlex.split(line)
    if words[0] == "vle" and not SHELL & set(shlex.shlex(line, posix=True, punctuation_chars=True)):
        assert main(words[1:]) == 0, line
        return
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "vle"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m host "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    paths = {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
             "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(["sh", "-c", line], check=True, cwd=folder, env=os.environ | paths,
                   capture_output=True)


def run_page(name: str, folder: Path) -> dict:
    """Run all listings of a page; returns the names that its Python defined."""
    names = {}
    for language, text in LISTING.findall((DOCS / name).read_text(encoding="utf-8")):
        if language == "python":
            exec(text, names)
        for line in text.splitlines() if language == "sh" else []:
            run_shell(line, folder)
    return names


def test_your_own_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_page("streaming.md", tmp_path)
    printed = capsys.readouterr().out
    answers = np.loadtxt("answers.csv", skiprows=1)
    wanted = np.loadtxt("unseen.csv", delimiter=",", skiprows=1, usecols=2)
    assert np.mean((answers - wanted)[200:] ** 2) < 0.1 * np.var(wanted)
    live = np.loadtxt("live.csv")
    assert len(live) == len(answers) == 3000 and np.std(live) > 5
    assert printed.count("the same: ") == 2
    assert names["goes_on_from"] == 6000 and np.isfinite(names["answer"]).all()
    assert float(printed.splitlines()[-1].split()[0]) < 0.2


def test_your_own_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_page("networks.md", tmp_path)
    text = (tmp_path / "oven.toml").read_text(encoding="utf-8")
    page = (DOCS / "networks.md").read_text(encoding="utf-8")
    refused = re.findall(r"^    (vle: oven\.toml, .*)$", page, re.MULTILINE)
    for old, new, line in zip(("tau_r = 0.2", "size = 8"), ("tau_r = 5", "size = 0"), refused,
                              strict=True):
        (tmp_path / "oven.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        assert main(["stream", "oven.toml", "--input", "oven.csv"]) == 2
        assert capsys.readouterr().err == line + "\n"


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_linked_files_exist(page):
    links = re.findall(r"\]\(([^)#]+)", (DOCS / page).read_text(encoding="utf-8"))
    assert all((DOCS / link).is_file() for link in links if "://" not in link)
