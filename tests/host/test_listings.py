"""README.md and docs/ do what they say: their listings run, their commands exist, links lead on."""

import ctypes
import re
import subprocess
from contextlib import ExitStack

import click
import numpy as np
import pytest
import soundfile

from host.cli import cli
from host.device import open_device
from host.run import run_task
from model.network import NetworkError
from sim.tools import compiler
from tests.host.listings import (
    BOARD,
    PAGES,
    ROOT,
    USED,
    check_command,
    commands,
    fences,
    run_page,
    text_of,
)
from tests.host.served import served


def _readme(names, folder, printed):
    error = ((names["late"] - names["y"][-2000:]) ** 2).mean() / names["y"].var()
    assert error < 0.05 and names["late"].std() > 0.1
    told, answers = (np.loadtxt(name, delimiter=",", skiprows=1, usecols=column)
                     for name, column in (("oven.csv", 2), ("answers.csv", 0)))
    assert np.mean((told - answers)[200:] ** 2) < 0.1 * np.var(told)


def _own_data(names, folder, printed):
    answers = np.loadtxt("answers.csv", skiprows=1)
    wanted = np.loadtxt("unseen.csv", delimiter=",", skiprows=1, usecols=2)
    assert np.mean((answers - wanted)[200:] ** 2) < 0.1 * np.var(wanted)
    live = np.loadtxt("live.csv")
    assert len(live) == len(answers) == 3000 and np.std(live) > 5
    assert printed.count("the same: ") == 2
    assert re.search(r"43\.\d a sample: real time for a core clocked at 2\.0\d MHz", printed)
    copy, wanted = (soundfile.read(f"{name}.wav")[0][480:] for name in ("copy", "amplified"))
    assert np.mean((copy - wanted) ** 2) < 0.01 * np.var(wanted)
    assert names["goes_on_from"] == 6000 and np.isfinite(names["answer"]).all()
    assert float(printed.splitlines()[-1].split()[0]) < 0.2


def _own_network(names, folder, printed):
    text = (folder / "oven.toml").read_text(encoding="utf-8")
    refused = re.findall(r"^    (vle: oven\.toml, .*)$", text_of("docs/networks.md"), re.MULTILINE)
    for old, new, line in zip(("tau_r = 0.2", "size = 8"), ("tau_r = 5", "size = 0"), refused,
                              strict=True):
        (folder / "oven.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(NetworkError, match=re.escape(line.removeprefix("vle: "))):
            cli.main(["stream", "oven.toml", "--input", "oven.csv"], standalone_mode=False)


def _quick_start(names, folder, printed):
    errors = [float(error) for error in re.findall(r"error +(\S+) of the target", printed)]
    assert len(errors) == 3 and errors[-1] < 0.1
    assert "clocked at 840 Hz or more" in printed
    assert np.std(np.loadtxt("answers.csv", skiprows=1)) > 0.5


def _board(names, folder, printed):
    assert (folder / "board.csv").read_bytes() == (folder / "model.csv").read_bytes()
    assert np.std(np.loadtxt("board.csv", skiprows=1)) > 5
    assert re.search(r"^lanes +4$", printed, re.MULTILINE)


def _own_system(names, folder, printed):
    """The driver in C, on a memory in the place of a core."""
    subprocess.run([compiler(), "-x", "c", "-Wall", "-Werror", "-shared", "-fPIC", "driver.c",
                    "-o", "driver.so"], check=True, cwd=folder)
    driver, memory = ctypes.CDLL(str(folder / "driver.so")), np.zeros(1 << 24, np.uint32)
    core = ctypes.c_void_p(memory.ctypes.data)
    driver.vle_load(core)
    expected, weights = np.zeros_like(memory), names["program"].state["W"]
    for place, word in zip(*names["layout"].image(), strict=True):
        expected[place] = word
    assert np.array_equal(memory, expected) and np.count_nonzero(memory) > 1000
    found = np.zeros_like(weights, np.int32)
    driver.vle_read_weights(core, found.ctypes.data_as(ctypes.c_void_p))
    assert np.array_equal(found, weights) and len(set(found)) > 10


def _new_task(names, folder, printed):
    with open_device("model") as device:
        result = run_task(names["LINGER"], device).result
    assert result["frozen_error"] < 0.3


def _speed(names, folder, printed):
    """The table of cycles is what its listing prints."""
    rows = printed.splitlines()
    assert len(rows) == len(names["NETWORKS"]) == 5
    assert all(f"\n{row}\n" in text_of("docs/bench.md") for row in rows)


CHECKS = {"README.md": _readme, "docs/streaming.md": _own_data, "docs/networks.md": _own_network,
          "docs/tasks.md": _new_task, "docs/quickstart.md": _quick_start, "docs/board.md": _board,
          "docs/soc.md": _own_system, "docs/bench.md": _speed}
"""What must have come of a page's listings, beyond that none fails."""


@pytest.mark.parametrize("page", [page for page in PAGES if fences(page)])
def test_listings_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert {language for language, _ in fences(page)} <= set(USED), "a listing that nothing runs"
    with ExitStack() as stack:
        board = stack.enter_context(served()) if BOARD in text_of(page) else BOARD
        names = run_page(page, tmp_path, board)
    CHECKS.get(page, lambda *_: None)(names, tmp_path, capsys.readouterr().out)


@pytest.mark.parametrize(("page", "line"), [(page, line) for page in PAGES
                                            for line in dict.fromkeys(commands(page))])
def test_commands_are_those_there_are(page, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_command(line)


@pytest.mark.parametrize("line", [
    "vle rum xor", "vle run xor --stepz 3", "vle run xor --steps none", "vle run yor",
    "vle bench [--networks C]", "make bitstreams", "make bitstream BOARD=none", "pip install vle",
    "python -m fpga.qor --updates", "python -m hdl.nothing", "python -c 'import nothing'"])
def test_commands_that_do_not_exist_are_found(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((click.UsageError, ImportError, AssertionError, NetworkError,
                        subprocess.CalledProcessError)):
        check_command(line)


def test_the_command_line_is_shown_whole():
    shown = {}
    for line in commands("README.md"):
        words = line.split()
        if words[0] == "vle" and words[1] in cli.commands:
            shown.setdefault(words[1], set()).update(re.findall(r"--[\w-]+", line))
    assert shown == {name: {option for parameter in command.params
                            for option in (*parameter.opts, *parameter.secondary_opts)
                            if option.startswith("--")}
                     for name, command in cli.commands.items()}


@pytest.mark.parametrize("page", PAGES)
def test_linked_files_exist(page):
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#]+)", text_of(page))
    assert all((folder / link).is_file() for link in links if "://" not in link)


def test_every_page_is_found_from_the_readme():
    linked = set(re.findall(r"\]\(([^)#]+)", text_of("README.md")))
    assert {page for page in PAGES if page.startswith("docs/")} <= linked
