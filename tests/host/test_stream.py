"""``vle stream``: one's own data in and out, in files and through a pipe, the same numbers."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from host.checkpoint import read_checkpoint
from host.cli import main
from host.deadlines import Deadlines
from host.device import open_device
from host.network_file import parse_network
from host.network_template import TEMPLATE
from model.program import State

STEPS = 600
HALF = 250


@pytest.fixture(scope="module")
def data():
    """A heater in watts, and a temperature that lags behind; some of it unknown."""
    time = np.arange(STEPS) / 10
    heater = 50 + 40 * np.sin(0.5 * time) * np.sign(np.sin(0.31 * time))
    temperature = 60 + 15 * np.sin(0.5 * time - 0.9)
    temperature[100:130] = np.nan
    return np.stack([heater, temperature], axis=1)


@pytest.fixture
def folder(tmp_path, monkeypatch, data):
    """A folder with a network and its data in every form."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(TEMPLATE, encoding="utf-8")
    write_csv(tmp_path / "all.csv", data)
    write_csv(tmp_path / "first.csv", data[:HALF])
    write_csv(tmp_path / "rest.csv", data[HALF:])
    write_csv(tmp_path / "bare.csv", data, header=False)
    np.save(tmp_path / "x.npy", data[:, 0])
    np.save(tmp_path / "y.npy", data[:, 1:])
    return tmp_path


def write_csv(path, data, *, header=True):
    lines = ["time,heater,temperature"] if header else []
    for k, (heater, temperature) in enumerate(data.tolist()):
        told = "" if np.isnan(temperature) else f"{temperature!r}"
        lines.append(f"{k},{heater!r},{told}" if header else f"{heater!r},{told}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def expected(data):
    """Outputs of the whole stream and the state after it, by the device itself."""
    setup = parse_network(TEMPLATE)
    with open_device("model") as device:
        device.load(setup)
        rates = device.stream(setup.input.rates(data[:, :1]), setup.output.rates(data[:, 1:]))
        return setup.output.values(rates), device.save()


def stream(capsys, *arguments: str) -> dict:
    """The object that ``vle stream`` prints."""
    assert main(["stream", *arguments, "--json"]) == 0
    seen = capsys.readouterr()
    assert seen.err == ""
    return json.loads(seen.out)


@pytest.mark.parametrize("sources", [
    ["--input", "all.csv", "--target", "all.csv"],
    ["--input", "bare.csv", "--target", "bare.csv"],
    ["--input", "x.npy", "--target", "y.npy"],
    ["--input", "x.npy", "--target", "all.csv", "--modulator", "1"],
])
def test_files_of_any_kind_give_what_the_device_gives(folder, capsys, expected, sources):
    result = stream(capsys, "net.toml", *sources, "--out", "out.npy", "--save", "end.npz")
    assert np.array_equal(np.load("out.npy"), expected[0])
    saved = read_checkpoint("end.npz")
    assert all(np.array_equal(saved.setup.program.state[name], expected[1][name])
               for name in State.names())
    assert (result["samples"], result["steps"], saved.steps) == (STEPS, STEPS, STEPS)
    assert result["samples_per_second"] > 0
    assert result["times_real_time"] == pytest.approx(result["samples_per_second"] / 10, rel=1e-3)
    assert result["limited"] == {"inputs": 0, "targets": 0, "modulator": 0}
    assert np.std(expected[0]) > 3


def test_the_error_is_that_of_the_outputs(folder, capsys, expected, data):
    result = stream(capsys, "net.toml", "--input", "all.csv", "--target", "all.csv")
    misses, given = expected[0] - data[:, 1:], data[:, 1:][~np.isnan(data[:, 1])]
    error = np.nanmean(np.square(misses)) / np.var(given)
    assert result["error"] == pytest.approx(error, rel=1e-6)
    assert result["recent_error"] == pytest.approx(error, rel=1e-6)
    untaught = stream(capsys, "net.toml", "--input", "all.csv")
    assert untaught["error"] is untaught["recent_error"] is None


@pytest.mark.parametrize("devices", [("model", "sim"), ("sim", "model")])
def test_a_stream_goes_on_from_a_checkpoint_on_another_device(folder, capsys, expected, devices):
    stream(capsys, "net.toml", "--input", "first.csv", "--target", "first.csv", "--device",
           devices[0], "--save", "half.npz", "--out", "first.npy")
    result = stream(capsys, "half.npz", "--input", "rest.csv", "--target", "rest.csv", "--device",
                    devices[1], "--save", "half.npz", "--out", "rest.npy")
    assert (result["samples"], result["steps"], result["device"]) == (350, 600, devices[1])
    joined = np.concatenate([np.load("first.npy"), np.load("rest.npy")])
    assert np.array_equal(joined, expected[0])
    state = read_checkpoint("half.npz").setup.program.state
    assert all(np.array_equal(state[name], expected[1][name]) for name in State.names())


def test_text_has_a_header_and_sound_is_sound(folder, capsys, expected):
    stream(capsys, "net.toml", "--input", "all.csv", "--target", "all.csv", "--out", "out.csv")
    lines = (folder / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "temperature"
    assert np.array_equal(np.float32(lines[1:]), np.float32(expected[0][:, 0]))
    fast = TEMPLATE.replace("dt = 0.1 ", "dt = 0.000125 ")
    (folder / "fast.toml").write_text(
        fast.replace("offset", "# offset").replace("scale", "# scale"), encoding="utf-8")
    wave = np.sin(np.arange(500) / 9)
    soundfile.write("x.wav", wave, 8000, subtype="DOUBLE")
    np.save("wave.npy", wave)
    np.save("later.npy", np.roll(wave, 3))
    for name in ("x.wav", "wave.npy"):
        for kind in ("npy", "wav"):
            stream(capsys, "fast.toml", "--input", name, "--target", "later.npy",
                   "--out", f"{name}.out.{kind}")
    answers = np.load("x.wav.out.npy")
    assert np.array_equal(answers, np.load("wave.npy.out.npy")) and np.std(answers) > 0
    sound, rate = soundfile.read("x.wav.out.wav")
    assert rate == 8000 and np.array_equal(sound, answers[:, 0])


def test_frozen_streams_teach_nothing(folder, capsys):
    stream(capsys, "net.toml", "--input", "first.csv", "--target", "first.csv", "--save", "a.npz")
    for name, more in (("judged", ["--target", "rest.csv"]), ("alone", [])):
        result = stream(capsys, "a.npz", "--input", "rest.csv", *more, "--no-learn",
                        "--save", f"{name}.npz", "--out", f"{name}.npy")
        assert (result["error"] is None) == (name == "alone")
    before, judged, alone = (read_checkpoint(f"{name}.npz").setup.program.state
                             for name in ("a", "judged", "alone"))
    assert np.array_equal(before["W"], judged["W"]) and np.array_equal(before["B"], judged["B"])
    assert all(np.array_equal(judged[name], alone[name]) for name in State.names())
    assert np.array_equal(np.load("judged.npy"), np.load("alone.npy"))
    assert not np.array_equal(before["u"], judged["u"])


def test_the_modulator_gates_learning(folder, capsys, data):
    start = parse_network(TEMPLATE).program.state
    gate = (np.arange(STEPS) >= 300).astype(float)
    np.save("gate.npy", gate)
    three = np.column_stack([data[:, 0], np.nan_to_num(data[:, 1], nan=60), gate])
    np.savetxt("three.csv", three, delimiter=";", fmt="%.17g")
    np.save("target.npy", three[:, 1])
    moved = {}
    for name, arguments in {
        "zero": ["--modulator", "0"], "file": ["--modulator", "gate.npy", "--target", "target.npy"],
        "column": ["--input", "three.csv", "--target", "three.csv", "--modulator", "three.csv"],
        "mixed": ["--input", "three.csv", "--target", "target.npy", "--modulator", "gate.npy"],
    }.items():
        stream(capsys, "net.toml", "--input", "x.npy", "--target", "y.npy", *arguments,
               "--save", f"{name}.npz")
        moved[name] = read_checkpoint(f"{name}.npz").setup.program.state["W"]
    assert np.mean(moved["zero"] != start["W"]) < 0.9
    assert np.array_equal(moved["file"], moved["column"])
    assert np.array_equal(moved["file"], moved["mixed"])
    assert np.mean(moved["file"] != start["W"]) > 0.5


def test_values_beyond_the_core_are_limited_and_counted(folder, capsys):
    np.save("x.npy", [50.0, 150.0, 151.0, -1e300, 50.0])
    np.save("y.npy", [60.0, 60.0, 140.0, -1e9, np.nan])
    result = stream(capsys, "net.toml", "--input", "x.npy", "--target", "y.npy", "--modulator", "9")
    assert result["limited"] == {"inputs": 3, "targets": 2, "modulator": 1}
    assert main(["stream", "net.toml", "--input", "x.npy"]) == 0
    assert "limited      inputs 3" in capsys.readouterr().out


def test_checkpoints_are_written_on_the_way(folder, capsys, monkeypatch):
    told = []
    monkeypatch.setattr("host.stream_session.save_checkpoint",
                        lambda path, device, setup, steps: told.append((str(path), steps)))
    stream(capsys, "net.toml", "--input", "all.csv", "--save", "a.npz", "--save-every", "250")
    assert told == [("a.npz", 250), ("a.npz", 500), ("a.npz", 600)]


@pytest.mark.parametrize(("content", "more", "message"), [
    ("heater\n1\nx\n", [], "bad.csv, line 3: 'x' in column 1 (heater) is not a number"),
    ("1,2\n3\n", [], "bad.csv, line 2: 1 fields; the lines before have 2"),
    ("power\n1\n", [], "bad.csv has no column 'heater' for the input; there are: power"),
    ("heater,b\n1,2\n\n,3\n", [], "sample 2: input heater is missing"),
    ("1\n2\n", ["--target", "bad.csv"], "bad.csv has 1 columns; the target needs 1 from column 2"),
    ("1\n2\n", ["--target", "y.npy"], "bad.csv ends after 2 samples, before the others do"),
    ("1\n2\n", ["--modulator", "nan"], "the modulator is missing in samples 1 … 2"),
    ("1\n2\n", ["--target", "-"], "give - for all of th"),
    ("1\n2\n", ["--out", "bad.csv"], "--out bad.csv is one of the files that are read"),
    ("1\n2\n", ["--out", "y.xls"], "cannot write y.xls: its name must end in .csv, .npy or .wav"),
    ("1\n2\n", ["--out", "no/y.csv"], "cannot write no/y.csv: No such file"),
    ("1\n2\n", ["--save-every", "3"], "--save-every needs --save FILE"),
    ("1\n2\n", ["--out", "-", "--json"], "--json takes standard output: give --out a file"),
    ("1\n2\n", ["--input", "none.csv"], "cannot read none.csv: No such file"),
    ("1\n2\n", ["--input", "net.toml"], "cannot read net.toml: its name must end in .csv, .npy or"),
    ("1\n2\n", ["--input", "cube.npy"], "cube.npy holds float64 of shape (2, 2, 2); it must hold"),
    ("1\n2\n", ["--input", "x.wav"], "x.wav has 8000 samples a second, the network 10: set dt ="),
    ("1\n2\n", ["--input", "text.wav"], "cannot read text.wav: "),
    ("1\n2\n", ["--input", "text.npy"], "cannot read text.npy: "),
    ("\udcff", [], "bad.csv is not a text file: byte 0 is not UTF-8"),
])
def test_bad_data_get_one_line(folder, capsys, content, more, message):
    (folder / "bad.csv").write_text(content, encoding="utf-8", errors="surrogateescape")
    np.save("cube.npy", np.zeros((2, 2, 2)))
    soundfile.write("x.wav", np.zeros(9), 8000)
    for name in ("text.wav", "text.npy"):
        (folder / name).write_text("text", encoding="utf-8")
    assert main(["stream", "net.toml", "--input", "bad.csv", *more]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_bad_data_leave_what_was_learned(folder, capsys):
    lines = (folder / "first.csv").read_text(encoding="utf-8")
    (folder / "bad.csv").write_text(lines + "7,x,7\n", encoding="utf-8")
    for target in ("bad.csv", "y.npy"):
        assert main(["stream", "net.toml", "--input", "bad.csv", "--target", target,
                     "--save", f"{target}.npz", "--out", f"{target}.npy"]) == 2
        seen = capsys.readouterr()
        assert seen.err == "vle: bad.csv, line 252: 'x' in column 2 (heater) is not a number\n"
        assert "250 in " in seen.out
        assert read_checkpoint(f"{target}.npz").steps == len(np.load(f"{target}.npy")) == 250


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
