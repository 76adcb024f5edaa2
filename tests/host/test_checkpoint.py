"""Checkpoints: going on equals never having stopped, damage is refused, kills leave whole files."""

import io
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

from host.atomic import replace_file
from host.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from host.cli import main
from host.device import open_device
from host.network_file import parse_network
from host.network_template import TEMPLATE
from host.setup import Setup
from model.compiler import compile_network
from model.network import NetworkError
from model.program import State
from model.random_network import random_frames, random_network
from tests.host.served import served

STEPS, STOP = 400, 170


@pytest.fixture
def learned(tmp_path):
    """A checkpoint of the template's network after some learning, and what it holds."""
    setup, path = parse_network(TEMPLATE), tmp_path / "a.npz"
    wave = np.sin(np.arange(300) / 15)[:, None]
    with open_device("model") as device:
        device.load(setup)
        device.stream(wave, np.roll(wave, 5))
        save_checkpoint(path, device, setup, steps=300)
        return path, setup, device.save()


@contextmanager
def opened(name: str, lanes: int):
    """A device by name, the serial one by a link that is served on this machine."""
    with ExitStack() as stack:
        name = stack.enter_context(served()) if name == "serial" else name
        yield stack.enter_context(open_device(name, lanes=lanes))


def same(one: State, other: State) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in State.names())


@pytest.mark.parametrize("back_ends", [
    [("model", 4), ("model", 4)], [("sim", 4), ("sim", 4)], [("model", 4), ("sim", 1)],
    [("sim", 2), ("model", 4)], [("sim", 1), ("sim", 8)], [("serial", 4), ("model", 4)],
    [("sim", 4), ("serial", 4)],
])
@pytest.mark.parametrize("key", [3, 4])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, back_ends, key):
    program = compile_network(random_network(key, 8), seed=key)
    frames, path = random_frames(program, STEPS, key, 9), tmp_path / "a.npz"
    (first, lanes), (second, other_lanes) = back_ends
    with opened(first, lanes) as device:
        device.load(program)
        before = device.run(frames[:STOP])
        save_checkpoint(path, device, Setup.plain(program), steps=STOP)
        stopped = device.save()
        after = device.run(frames[STOP:])
        unbroken = device.save()
    with opened(second, other_lanes) as device:
        assert load_checkpoint(path, device).steps == STOP
        assert same(device.save(), stopped)
        resumed = device.run(frames[STOP:])
        assert np.array_equal(resumed.rates, after.rates)
        assert np.array_equal(resumed.errors, after.errors)
        assert same(device.save(), unbroken)
    assert not np.array_equal(stopped["W"], unbroken["W"])
    assert np.std(before.rates) > 0 and np.std(after.rates) > 0


def test_everything_is_in_the_file(learned):
    path, setup, state = learned
    checkpoint = read_checkpoint(path)
    found, program = checkpoint.setup, setup.program
    assert (checkpoint.steps, found.text) == (300, TEMPLATE)
    assert (found.input_columns, found.output_columns) == (("heater",), ("temperature",))
    assert found.output.values([[1.0]]).tolist() == [[80.0]]
    assert same(found.program.state, state) and not same(program.state, state)
    for name in ("populations", "projections", "tables"):
        assert np.array_equal(getattr(found.program, name), getattr(program, name))
    for name in ("name", "dt", "inputs", "outputs", "population_names", "projection_names"):
        assert getattr(found.program, name) == getattr(program, name)
    assert np.array_equal(np.load(path)["state W"], state["W"])


def test_every_damaged_byte_is_refused(learned):
    path, data = learned[0], learned[0].read_bytes()
    for place in np.random.default_rng(0).integers(0, len(data), 200):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(place) % 8
        path.write_bytes(damaged)
        with pytest.raises(NetworkError, match=r"is (corrupt|truncated|.*not a check)") as error:
            read_checkpoint(path)
        assert "\n" not in str(error.value)
    path.write_bytes(data)
    assert read_checkpoint(path).steps == 300


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_truncated_files_are_refused(learned, share):
    path, data = learned[0], learned[0].read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(NetworkError, match=r"a.npz is (truncated|not a checkpoint)"):
        read_checkpoint(path)


def test_foreign_files_are_refused(tmp_path):
    archive = io.BytesIO()
    np.savez(archive, W=np.zeros(3))
    path = tmp_path / "a.npz"
    for data, message in ((b"hello", "is not a checkpoint"), (b"", "is not a checkpoint: it is em"),
                          (archive.getvalue(), "is an archive, but not a checkpoint: it")):
        path.write_bytes(data)
        with pytest.raises(NetworkError, match=message):
            read_checkpoint(path)
    with pytest.raises(NetworkError, match=r"cannot read the checkpoint .*: No such file"):
        read_checkpoint(tmp_path / "none.npz")
    with pytest.raises(NetworkError, match=r"cannot read the checkpoint .*: Is a directory"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(("name", "value", "message"), [
    ("VERSION", 2, "a.npz is a checkpoint of version 1; this program reads version 2"),
    ("RECORDS", {"populations": {"first": 16}, "projections": {}}, "was written by vle .*, whose"),
])
def test_other_versions_are_refused(learned, monkeypatch, name, value, message):
    monkeypatch.setattr(f"host.checkpoint.{name}", value)
    with pytest.raises(NetworkError, match=message):
        read_checkpoint(learned[0])


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace_file(path, b"old")

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from host.checkpoint import read_checkpoint, save_checkpoint
from host.device import open_device
from host.network_file import parse_network
from host.network_template import TEMPLATE

path, setup = Path(sys.argv[1]), parse_network(TEMPLATE)
device = open_device("model")
device.load(setup)
save_checkpoint(path, device, setup, steps=0)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def child(case, steps):
    if case == "before the contents are on disk":
        os.fsync = die
    if case == "before the name changes":
        os.replace = die
    if case == "after the name changed":
        replace = os.replace
        os.replace = lambda *names: (replace(*names), die())
    while True:
        save_checkpoint(path, device, setup, steps=steps)
        steps += 1

cases = ["before the contents are on disk", "before the name changes", "after the name changed"]
for number, case in enumerate(cases + ["at any time"] * 40):
    before = read_checkpoint(path).steps
    pid = os.fork()
    if pid == 0:
        child(case, before + 1)
    if case == "at any time":
        time.sleep(random.Random(number).uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    print(case, "|", read_checkpoint(path).steps - before)
"""


def test_a_kill_amid_a_save_leaves_the_old_or_the_new_file(tmp_path):
    run = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.npz")], check=True,
                         capture_output=True, text=True)
    rows = [line.split(" | ") for line in run.stdout.splitlines()]
    assert [int(saved) for _, saved in rows[:3]] == [0, 0, 1]
    assert len(rows) == 43 and all(int(saved) >= 0 for _, saved in rows)
    assert read_checkpoint(tmp_path / "a.npz").setup.text == TEMPLATE


def test_the_command_line_saves_and_restores(tmp_path, capsys):
    network, file = tmp_path / "net.toml", str(tmp_path / "a.npz")
    network.write_text(TEMPLATE, encoding="utf-8")
    assert main(["save", str(network), file]) == 0
    assert main(["restore", file, "--device", "sim"]) == 0
    seen = capsys.readouterr().out.splitlines()
    assert seen[0] == (f"oven: 1 inputs, 29 neurons, 220 synapses, 1 outputs, after 0 steps; "
                       f"written: {file}")
    assert seen[1].endswith("restored on sim and read back")
    assert main(["restore", str(network)]) == 2
    assert capsys.readouterr().err == f"vle: {network} is not a checkpoint\n"
    assert main(["save", str(network), str(tmp_path / "no" / "a.npz")]) == 2
    assert "cannot write the checkpoint" in capsys.readouterr().err


def test_what_a_board_goes_on_with_can_be_adopted_and_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(TEMPLATE, encoding="utf-8")
    wave = np.sin(np.arange(300) / 15)
    both = np.column_stack([50 + 25 * wave, 60 + 20 * np.roll(wave, 5)])
    for name, part in (("all", both), ("first", both[:120]), ("rest", both[120:])):
        np.save(f"{name}.npy", part)

    def stream(network: str, data: str, *more: str) -> None:
        assert main(["stream", network, "--input", data, "--target", data, *more]) == 0

    stream("net.toml", "all.npy", "--save", "unbroken.npz")
    with served() as url:
        board = ["--device", url]
        stream("net.toml", "first.npy", *board)
        assert main(["save", "net.toml", "half.npz", *board]) == 0
        stream("net.toml", "rest.npy", "--adopt", *board, "--save", "end.npz")
        assert main(["restore", "half.npz", *board]) == 0
        stream("half.npz", "rest.npy", "--adopt", *board, "--save", "again.npz")
    unbroken, half, end, again = (read_checkpoint(f"{name}.npz")
                                  for name in ("unbroken", "half", "end", "again"))
    assert (half.steps, end.steps, again.steps) == (120, 300, 300)
    for other in (end, again):
        assert same(unbroken.setup.program.state, other.setup.program.state)
    assert not same(half.setup.program.state, end.setup.program.state)
    capsys.readouterr()
    assert main(["save", "net.toml", "no.npz", "--device", "sim"]) == 2
    assert capsys.readouterr().err == "vle: device 'sim' runs nothing before a network is loaded\n"
