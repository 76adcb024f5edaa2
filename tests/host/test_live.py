"""``vle stream`` through a pipe: line in, line out, and answers that come too late."""

import os
import signal
import subprocess
import sys

import numpy as np

from host.checkpoint import read_checkpoint
from host.deadlines import Deadlines
from tests.host.oven import HALF


class _Live:
    """``vle stream --input -`` in a process of its own."""

    def __init__(self, folder, *arguments: str):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "host", "stream", *arguments, "--input", "-",
             "--device", "sim"], cwd=folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})

    def ask(self, line: str) -> str:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def end(self) -> tuple[int, str]:
        rest, errors = self.process.communicate()
        assert rest == ""
        return self.process.returncode, errors


def test_a_pipe_answers_line_by_line_and_an_interrupt_saves(folder, data, expected):
    live = _Live(folder, "net.toml", "--target", "-", "--save", "half.npz")
    lines = [f"{x!r},{'' if np.isnan(y) else repr(y)}" for x, y in data.tolist()]
    answers = [live.ask(line) for line in lines[:HALF]]
    live.process.send_signal(signal.SIGINT)
    code, errors = live.end()
    assert code == 130
    assert errors.endswith("vle: interrupted\n") and f"{HALF} in " in errors
    assert read_checkpoint(folder / "half.npz").steps == HALF
    live = _Live(folder, "half.npz", "--target", "-")
    answers += [live.ask(line) for line in lines[HALF:]]
    code, errors = live.end()
    assert code == 0 and "overruns" in errors
    assert answers == [f"{value:.9g}" for value in expected[0][:, 0]]


def test_a_pipe_that_breaks_ends_the_stream(folder):
    live = _Live(folder, "net.toml")
    assert live.ask("time,heater\n0,50") == "temperature"
    live.process.stdout.close()
    live.process.stdin.write("1,51\n" * 2000)
    live.process.stdin.close()
    errors = live.process.stderr.read()
    live.process.stderr.close()
    assert live.process.wait() == 0
    assert "Traceback" not in errors and "frozen" not in errors and "learning" in errors


def test_deadlines_follow_arrivals_but_ask_for_one_answer_a_step():
    now = [0.0]
    deadlines = Deadlines(1.0, clock=lambda: now[0])
    for arrival, answered, overruns in [
        (10.0, 10.9, 0), (11.0, 12.5, 1), (12.0, 12.6, 1),  # late once, then in time again
        (20.0, 20.1, 1), (20.1, 20.2, 1), (20.2, 20.3, 1),  # ahead of time: due at 21, 22, 23
        (20.3, 25.0, 2),
    ]:
        now[0] = answered
        deadlines.answered([arrival])
        assert deadlines.overruns == overruns
    now[0] = 104.0
    deadlines.answered_block(100.0, 5)
    assert deadlines.overruns == 2
    now[0] = 111.0
    deadlines.answered_block(104.0, 5)
    assert deadlines.overruns == 7
