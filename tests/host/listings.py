"""What README.md and the pages of docs/ tell readers to type, found and checked in one way.

* Fenced listings in sh and python are run, all of a page in order, in a folder of its own, where
  those in toml are saved under the name that their first line says, and those in C are compiled.
* Every other command, in an indented listing or between backquotes, is parsed by whatever would
  run it: a program that is not known, an option or a value that does not exist, is an error.
"""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click

from host.cli import cli, main

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
USED = ("sh", "python", "toml", "c")
"""Languages of fenced listings that are run, saved for those that are, or compiled."""

BOARD = "serial:/dev/ttyUSB0"
"""The device of listings that need a board."""

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SHELL = set("|<>();&")
_PROGRAMS = r"(?:vle|make|python3?|pip|git)"
_INDENTED = re.compile(rf"^ {{4}}({_PROGRAMS} .*(?:\n {{10,}}\S.*)*)", re.MULTILINE)
_QUOTED = re.compile(rf"`({_PROGRAMS} [^`]+)`")

_PLACES = {
    "TASK": "xor", "FILE": "a.npz", "NEW": "b.npz", "NETWORK": "net.toml", "DIR": "out", "A": "a",
    "B": "b", "D": "model", "CSV": "a.csv", "NAME": "slow.u", "R": "gle", "S": "3", "N": "9",
    "J": "2", "K": "5", "L": "2", "PORT": "0", "CLOCKS": "160", "NUMBER": "1", "N,M": "9,16",
    "L,M": "2,4", "serial:URL": BOARD, "BOARD=…": "BOARD=ulx3s",
}
"""What stands for a value, and one that it may stand for; after an option, that option's own."""
_OPTION_PLACES = {("--rules", "A,B"): "vle,gle", ("--networks", "A,B"): "xor,64-64-16"}


def text_of(page: str) -> str:
    """A page of :data:`PAGES`."""
    return (ROOT / page).read_text(encoding="utf-8")


def fences(page: str) -> list[tuple[str, str]]:
    """Language and text of every fenced listing."""
    return _FENCE.findall(text_of(page))


def commands(page: str) -> list[str]:
    """Commands of a page that are not in fenced listings."""
    rest = _FENCE.sub("", text_of(page))
    return [" ".join(found.split("  #")[0].split())
            for pattern in (_INDENTED, _QUOTED) for found in pattern.findall(rest)]


def run_page(page: str, folder: Path, board: str = BOARD) -> dict:
    """Run all fenced listings of a page, in ``folder``; returns the names its Python defined."""
    names = {"__name__": "listing"}
    for language, text in fences(page):
        text = text.replace(BOARD, board)
        if language == "python":
            exec(text, names)
        if language == "c":
            subprocess.run(["g++", "-x", "c", "-std=c11", "-Wall", "-Werror", "-c", "-o",
                            os.devnull, "-"], input=text, text=True, check=True, cwd=folder)
        if language in ("toml", "c"):
            (folder / text.split()[1]).write_text(text, encoding="utf-8")
        for line in text.splitlines() if language == "sh" else []:
            _run_line(line, folder)
    return names


def _run_line(line: str, folder: Path) -> None:
    """Plain commands of ``vle`` run in this process, where what is compiled stays compiled."""
    words = shlex.split(line, comments=True)
    operators = set(shlex.shlex(line, posix=True, punctuation_chars=True))
    if not words:
        return
    if words[0] == "vle" and not _SHELL & operators:
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


def check_command(line: str) -> None:
    """Have ``line`` parsed by what would run it; nothing is run.

    A synopsis says what may be left out in [brackets], and values by names such as FILE: it is
    parsed without that, and with each of it in turn.
    """
    program, *words = shlex.split(line, comments=True)
    if program == "make":
        _check_make(_filled(words))
    elif program == "vle" and words in ([name] for name in cli.commands):
        return  # The name of a command.
    elif program == "vle":
        optional = [part.split("|") for part in re.findall(r"\[([^]]*)\]", line)]
        required = shlex.split(re.sub(r"\[[^]]*\]", "", line), comments=True)[1:]
        for part in [[""], *optional]:
            # [--learn|--no-learn] are two options, [--device model|sim] is one with two values.
            ways = part if all(way.startswith("--") for way in part) else part[:1]
            for way in ways:
                _parse(cli, _filled([*required, *shlex.split(way)]))
    elif program.startswith("python") and words[0] == "-m":
        _check_module(words[1], _filled(words[2:]))
    elif program.startswith("python") and words[0] == "-c":
        exec(compile(words[1], line, "exec"), {})
    else:
        raise AssertionError(f"no way to check '{line}'")


def _filled(words: list[str]) -> list[str]:
    """Words with a value for every name that stands for one."""
    filled: list[str] = []
    for word in words:
        option, first = filled[-1] if filled else "", word.split("|")[0]
        if word != "…":
            filled.append(_OPTION_PLACES.get((option, first)) or _PLACES.get(first, first))
    return filled


def _parse(command: click.Command, words: list[str]) -> None:
    """As click does before it calls a command."""
    if command is cli and not words[0].startswith("-"):
        assert words[0] in cli.commands, f"vle has no command '{words[0]}'"
        command, words = cli.commands[words[0]], words[1:]
    try:
        command.make_context(command.name, list(words)).close()
    except click.exceptions.Exit as done:
        assert done.exit_code == 0, words  # --help and --version have said all there is to say.


def _check_module(name: str, words: list[str]) -> None:
    found = getattr(import_module(name), "main", None)
    if isinstance(found, click.Command):
        _parse(found, words)
    else:
        assert not words, f"python -m {name} takes no arguments"


def _check_make(words: list[str]) -> None:
    """A target that exists; what its recipe would call is checked too."""
    # Targets that install are taken as done: only the recipe of the target itself is wanted.
    done = [f"--old-file=.venv/installed{kind}" for kind in ("", "-fpga", "-bench", "-data",
                                                            "-test")]
    told = subprocess.run(["make", "--dry-run", *done, *words], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout
    for line in told.splitlines():
        if found := re.search(r"\.venv/bin/(vle .*|python -m (?:fpga|hdl|host|sim)\..*)", line):
            check_command(found[1])
