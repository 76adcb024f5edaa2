"""``vle stream`` on files: one's own data in and out, the same numbers."""

import numpy as np
import pytest
import soundfile

from host.checkpoint import read_checkpoint
from host.cli import main
from host.network_file import parse_network
from host.network_template import TEMPLATE
from model.program import State
from tests.host.oven import STEPS, stream


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
    cycles = result["cycles_per_sample"]
    if devices[1] == "sim":
        assert 29 < cycles < 200 and result["real_time_hertz"] == pytest.approx(10 * cycles)
    else:
        assert cycles is result["real_time_hertz"] is None
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
