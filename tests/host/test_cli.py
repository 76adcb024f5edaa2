"""The command line: one object or one line, the right exit code, never a traceback."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from host import verify as verify_module
from host.cli import main
from host.device import DEVICES, DeviceKind
from model.frames import FROZEN
from model.tasks import EXPERIMENTS, RECORDED, SAMPLE_TASKS, TASKS
from tests.host.stand_ins import ECHO

RUN_FIELDS = {"task", "device", "rule", "seed", "lanes", "steps", "seconds", "steps_per_second",
              "cycles_per_step", "online_error", "frozen_error", "frozen_mse",
              "frozen_accuracy", "backward_alignment", "learned", "saturations"}
VERIFY_FIELDS = {"networks", "steps", "values_compared", "mismatches", "alive"}


def _json(capsys, *arguments: str, code: int = 0) -> dict:
    """The one object that a command prints."""
    assert main([*arguments, "--json"]) == code
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


def _refused(capsys, *arguments: str) -> str:
    """The one line on standard error with which bad input is refused."""
    assert main(list(arguments)) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert re.fullmatch(r"vle: [^\n]+\n", seen.err)
    return seen.err


def test_run_prints_one_object(capsys):
    result = _json(capsys, "run", "xor", "--steps", "400", "--seed", "3", "--lanes", "2",
                   "--rule", "feedback")
    assert result.keys() >= RUN_FIELDS
    assert (result["task"], result["device"], result["rule"]) == ("xor", "model", "feedback")
    assert (result["seed"], result["lanes"], result["steps"]) == (3, 2, 400)
    assert result["frozen_error"] > 0 and 0 <= result["frozen_accuracy"] <= 1
    assert result["backward_alignment"]


def test_run_says_the_same_to_a_person_and_leaves_files(capsys, tmp_path):
    assert main(["run", "xor", "--steps", "200", "--out", str(tmp_path / "out")]) == 0
    seen = capsys.readouterr()
    assert seen.err == ""
    assert "frozen accuracy" in seen.out and "learning.png" in seen.out
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert f"{result['frozen_error']:.3g}" in seen.out


def test_lanes_change_no_number(capsys):
    ones, eights = (_json(capsys, "run", "xor", "--steps", "300", "--lanes", lanes)
                    for lanes in ("1", "8"))
    clock = {"lanes", "seconds", "steps_per_second"}
    assert all(ones[name] == eights[name] for name in ones.keys() - clock)


@pytest.mark.parametrize(("arguments", "words"), [
    (["run", "nonsense"], ["nonsense", "xor"]),
    (["run", "xor", "--device", "abacus"], ["abacus", "model"]),
    (["run", "xor", "--rule", "bptt"], ["bptt", "vle, gle, instant, feedback"]),
    (["run", "xor", "--steps", "-5"], ["--steps", "-5", "1<=x"]),
    (["run", "xor", "--steps", "0"], ["--steps", "0"]),
    (["run", "xor", "--steps", "nan"], ["--steps", "nan"]),
    (["run", "xor", "--steps", "1000000000000"], ["--steps", "10000000"]),
    (["run", "xor", "--lanes", "0"], ["--lanes", "0", "1<=x<=64"]),
    (["run", "xor", "--lanes", "65"], ["--lanes", "65", "1<=x<=64"]),
    (["run", "xor", "--seed", "-1"], ["--seed", "-1"]),
    (["run"], ["TASK"]),
    (["verify", "--steps", "0"], ["--steps", "0"]),
    (["verify", "--device", "abacus"], ["abacus"]),
    (["learn"], ["learn"]),
    (["--frob"], ["--frob"]),
])
def test_bad_input_gets_one_line(capsys, arguments, words):
    line = _refused(capsys, *arguments)
    assert all(word in line for word in words)


def test_a_folder_that_cannot_be_made_is_refused_before_the_run(capsys, tmp_path):
    (tmp_path / "file").touch()
    line = _refused(capsys, "run", "xor", "--out", str(tmp_path / "file" / "out"))
    assert "--out" in line and "file" in line


@pytest.mark.parametrize(("change", "words"), [
    ({"tau_m": -1.0}, ["τm = -1", "positive"]),
    ({"tau_m": 0.001, "tau_r": 0.001}, ["0.001", "below dt = 0.01"]),
    ({"tau_m": float("nan")}, ["τm = nan"]),
    ({"size": 0}, ["size = 0"]),
])
def test_a_bad_network_gets_one_line(capsys, monkeypatch, change, words):
    def build(rule, seed):
        network = ECHO.network(rule, seed)
        return replace(network, populations=[replace(network.populations[0], **change),
                                             network.populations[1]])

    monkeypatch.setitem(TASKS, "bad", replace(ECHO, name="bad", build=build))
    line = _refused(capsys, "run", "bad")
    assert all(word in line for word in words)


def test_a_nan_in_the_stream_gets_one_line(capsys, monkeypatch):
    def draw(seed, steps, part):
        stream = ECHO.streams(seed, steps, part)
        return replace(stream, inputs=np.full_like(stream.inputs, np.nan))

    monkeypatch.setitem(TASKS, "bad", replace(ECHO, name="bad", draw=draw))
    line = _refused(capsys, "run", "bad")
    assert "step 0" in line and "nan" in line and "±4" in line


def test_verify_prints_one_object(capsys):
    found = _json(capsys, "verify", "--device", "model", "--steps", "1000", "--seed", "11")
    assert found.keys() >= VERIFY_FIELDS
    assert (found["networks"], found["steps"], found["mismatches"]) == (2, 1000, 0)
    assert found["alive"] is True and found["values_compared"] > 10_000


def test_verify_of_a_broken_device_fails_and_names_the_first_mismatch(capsys, monkeypatch):
    monkeypatch.setitem(DEVICES, "broken", DeviceKind("loses an update", "tests.host.stand_ins",
                                                      "Broken"))
    assert main(["verify", "--device", "broken", "--steps", "600"]) == 1
    seen = capsys.readouterr()
    assert re.fullmatch(r"vle: first mismatch: network 0, step 30, population \w+, state \w+, .+: "
                        r"expected -?\d+, got -?\d+\n", seen.err)
    found = _json(capsys, "verify", "--device", "broken", "--steps", "600", code=1)
    assert found["mismatches"] > 0
    assert found["first_mismatch"]["step"] == 30


def test_verify_of_dead_data_fails(capsys, monkeypatch):
    draw = verify_module.random_frames

    def dead(*arguments):
        frames = draw(*arguments)
        frames.flags[:] = FROZEN
        return frames

    monkeypatch.setattr(verify_module, "random_frames", dead)
    found = _json(capsys, "verify", "--device", "model", "--steps", "200", code=1)
    assert (found["alive"], found["mismatches"]) == (False, 0)
    assert main(["verify", "--device", "model", "--steps", "200"]) == 1
    assert "not alive: network 0: no weight moved" in capsys.readouterr().err


def test_tasks_and_devices_are_listed(capsys):
    assert {"xor", "chain", "notes", "mnist1d", "songbird"} <= _json(capsys, "tasks").keys()
    assert {"model", "sim"} <= _json(capsys, "devices").keys()
    assert main(["tasks"]) == 0 and main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *TASKS, *RECORDED, *SAMPLE_TASKS, *EXPERIMENTS, *DEVICES]


def test_an_interrupt_ends_quietly(capsys, monkeypatch):
    def draw(seed, steps, part):
        raise KeyboardInterrupt

    monkeypatch.setitem(TASKS, "endless", replace(ECHO, name="endless", draw=draw))
    assert main(["run", "endless"]) == 130
    assert capsys.readouterr().err.strip() == "vle: interrupted"


def test_help_is_shown_without_a_command(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("run", "verify", "tasks", "devices", "--version"))


@pytest.mark.parametrize("arguments", [["--version"], ["tasks"], ["run", "--help"]])
def test_python_m_host_is_vle_and_answers_without_heavy_imports(arguments):
    watched = ("import sys; from host.cli import main; code = main(sys.argv[1:]); "
               "heavy = {'numba', 'amaranth', 'matplotlib'} & set(sys.modules); "
               "sys.exit(code or sorted(heavy) or 0)")
    module = subprocess.run([sys.executable, "-m", "host", *arguments], capture_output=True,
                            text=True, check=False)
    direct = subprocess.run([sys.executable, "-c", watched, *arguments], capture_output=True,
                            text=True, check=False)
    assert (module.returncode, module.stderr) == (0, "")
    assert (direct.returncode, direct.stderr, direct.stdout) == (0, "", module.stdout)
