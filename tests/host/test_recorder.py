"""Internal values by name, recorded on the way, in files, and compared."""

import json
from dataclasses import replace

import numpy as np
import pytest

from host.checks import DeviceError
from host.cli import main
from host.device import DEVICES, DeviceKind, open_device
from host.diff import diff_devices, diff_traces
from host.network_file import parse_network
from host.network_template import TEMPLATE
from host.recorder import Recorder
from host.selection import ALIASES, places, select
from host.trace_file import Trace, read_trace
from model.compiler import compile_network
from model.formats import MEMBRANE, WEIGHT
from model.frames import Frames
from model.network import Eligibility, NetworkError
from tests.host.stand_ins import Broken

STEPS = 100
FEW = ["slow.u", "out.taps", "hidden>out.W[0,2:5]", "hidden.ē[3]", "slow+fast>hidden.ψ[9]",
       "hidden.energy", "generator"]
MANY = [*FEW, "slow+fast>hidden.B", "fast.*"]


@pytest.fixture(scope="module")
def setup():
    return parse_network(TEMPLATE)


@pytest.fixture
def device(opened, setup):
    """Every back end, at the start of the template's network."""
    opened.load(setup)
    return opened


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a network and some data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(TEMPLATE, encoding="utf-8")
    wave = np.sin(np.arange(STEPS) / 7)
    np.save("x.npy", 50 + 25 * wave)
    np.save("y.npy", 60 + 20 * np.roll(wave, 4))
    return tmp_path


def frames(steps: int = STEPS) -> Frames:
    wave = np.sin(np.arange(steps) / 7)[:, None]
    return Frames.of(wave, np.roll(wave, 4), outputs=1)


def test_names_stand_for_the_values_of_their_place(setup):
    program = setup.program
    state = {name: np.arange(len(program.state[name])) for name in ("W", "u", "c0", "psi", "alpha")}
    chosen = select(program, ["fast.u[2:4]", "slow+fast>hidden.W[1,3]", "out.c0",
                              "input>fast.psi", "hidden.alpha", "hidden>out.W[:,1:3]"])
    found = {one.name: state[one.state][one.indices].tolist() for one in chosen}
    numbers = {name: int(p["synapse_first"]) for name, p in
               zip(program.projection_names, program.projections, strict=True)}
    assert found == {
        "fast.u[2:4]": [11, 12], "slow+fast>hidden.W[1,3]": [numbers["slow+fast>hidden"] + 19],
        "out.c0": [29], "input>fast.psi": [1], "hidden.alpha": [3],
        "hidden>out.W[:,1:3]": [numbers["hidden>out"] + 1, numbers["hidden>out"] + 2]}
    assert chosen[0].place == ("[2]", "[3]") and chosen[5].place == ("[0,1]", "[0,2]")
    assert chosen[0].real(np.array([MEMBRANE.one])).tolist() == [1.0]


@pytest.mark.parametrize("eligibility", [None, Eligibility()])
def test_a_star_is_every_value_once(setup, eligibility):
    first, *others = setup.network.projections
    program = compile_network(replace(setup.network, projections=[
        replace(first, eligibility=eligibility), *others]))
    chosen = select(program, ["*"])
    seen = {(one.state, int(k)) for one in chosen for k in one.indices}
    total = sum(len(program.state[name]) for name in program.state.present())
    assert (("eligibility", 0) in seen) == program.eligible == (eligibility is not None)
    assert len(seen) == sum(len(one.indices) for one in chosen) == total
    assert {state for states in ALIASES.values() for state in states} <= {one.state
                                                                         for one in chosen}


def test_parallel_projections_have_names_of_their_own(setup):
    text = TEMPLATE + '[[projection]]\nsource = "hidden"\ntarget = "out"\n'
    program = parse_network(text).program
    assert list(places(program))[-3:-1] == ["hidden>out", "hidden>out#2"]
    one, other = select(program, ["hidden>out.W", "hidden>out#2.W"])
    assert one.indices[-1] + 1 == other.indices[0]


@pytest.mark.parametrize(("name", "message"), [
    ("slow", "probe 'slow' is not PLACE.STATE or PLACE.STATE[INDEX], such as out.u[0]"),
    ("slo.u", "probe 'slo.u': no population or projection 'slo'; there are: input, slow, "),
    ("slow.W", "probe 'slow.W': slow has no state 'W'; it has: u, drive, "),
    ("slow.u[8]", "probe 'slow.u[8]': '8' is outside 0 … 7"),
    ("slow.u[3:3]", "probe 'slow.u[3:3]': '3:3' is outside 0 … 7"),
    ("slow.u[-1]", "probe 'slow.u[-1]': '-1' is neither an index nor first:end"),
    ("slow.u[1,2]", "probe 'slow.u[1,2]': 2 indices; u has 1"),
    ("slow.energy[0]", "probe 'slow.energy[0]': energy is one value, without an index"),
])
def test_names_that_stand_for_nothing_are_refused(setup, name, message):
    with pytest.raises(DeviceError) as error:
        select(setup.program, [name])
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("names", [FEW, MANY])
@pytest.mark.parametrize("every", [1, 7])
def test_what_is_recorded_is_what_reading_shows(device, setup, names, every):
    recorder, given, answers = Recorder(device, names, every=every, first=3), frames(40), []
    for part in (slice(0, 20), slice(20, 23), slice(23, 40)):
        answers.append(recorder.run(given[part]).rates)
    trace = recorder.trace()
    device.load(setup)
    plain, rows = [], []
    for k in range(40):
        plain.append(device.run(given[k : k + 1]).rates)
        if (k + 4) % every == 0:
            rows.append([one.real(device.read(one.state)[one.indices])
                         for one in recorder.selections])
    assert np.array_equal(np.concatenate(answers), np.concatenate(plain))
    assert trace.steps.tolist() == [k + 4 for k in range(40) if (k + 4) % every == 0]
    assert np.array_equal(trace.values, [np.concatenate(row) for row in rows])
    assert trace["slow.u"].shape == (len(rows), 8)
    assert np.array_equal(trace["slow.u"][:, 2], trace["slow.u[2]"])
    assert (np.std(trace["slow.u"], axis=0) > 0).all() and np.std(trace["generator"]) > 0


@pytest.mark.parametrize("kind", ["npz", "csv"])
def test_files_hold_the_numbers_exactly(device, folder, kind):
    path = folder / f"trace.{kind}"
    filed, given = Recorder(device, MANY, every=4, path=path), frames()
    filed.run(given[:90])
    filed.run(given[90:])
    filed.close()
    device.load(parse_network(TEMPLATE))
    kept = Recorder(device, MANY, every=4)
    kept.run(given)
    expected, found = kept.trace(), read_trace(path)
    assert sorted(found.names) == sorted(expected.names)
    assert diff_traces(found, expected).difference is None
    assert found["slow+fast>hidden.B"].shape == (STEPS // 4, 12 * 16)
    assert (found["hidden>out.W[0,3]"] * WEIGHT.one % 1 == 0).all()


def test_traces_that_differ_are_told_apart(folder):
    one = Trace(np.array([4, 8]), ["a.u[0]", "a.u[1]"], np.array([[1.0, 2.0], [3.0, 4.0]]))
    other = Trace(one.steps, ["a.u[1]", "a.u[0]"], np.array([[2.0, 1.0], [4.5, 3.5]]))
    found = diff_traces(one, other)
    assert str(found.difference) == "step 8: a.u[0] is 3 and 3.5"
    assert (found.differing, found.steps, found.values, found.moved) == (2, 2, 4, True)
    with pytest.raises(NetworkError, match=r"only the second trace has a.v\[0\]"):
        diff_traces(one, Trace(one.steps, [*one.names, "a.v[0]"], np.zeros((2, 3))))
    with pytest.raises(NetworkError, match="other steps: 2 rows, 4 to 8, and 1 rows, 4 to 4"):
        diff_traces(one, Trace(one.steps[:1], one.names, one.values[:1]))


def test_devices_that_agree_are_the_same(setup):
    with open_device("model") as model, open_device("sim", lanes=2) as sim:
        found = diff_devices((model, sim), setup, [frames(150), frames(70)])
    program = setup.program
    values = sum(len(program.state[name]) for name in program.state.names())
    assert found.difference is None and found.moved
    # Blocks of 64, 64, 22, 64 and 6 steps.
    assert (found.steps, found.values) == (220, 5 * values + 2 * 220)


def test_the_first_difference_of_two_devices_is_named(setup):
    with open_device("model") as model, Broken() as broken:
        found = diff_devices((model, broken), setup, [frames()])
    # An update lost in the step after the 30th shows as a weight at once.
    assert found.difference.step == 31
    assert found.differing > 10 and found.steps == 0


def test_the_command_line_records_and_compares(folder, capsys, monkeypatch):
    stream = ["stream", "net.toml", "--input", "x.npy", "--target", "y.npy"]
    probes = ["--probe", "slow.u", "--probe", "hidden>out.*", "--every", "5"]
    assert main([*stream, *probes, "--trace", "a.npz"]) == 0
    assert main([*stream, *probes, "--trace", "b.csv", "--device", "sim"]) == 0
    capsys.readouterr()
    assert main(["diff", "a.npz", "b.csv"]) == 0
    assert capsys.readouterr().out == "the same: 1,360 values in 20 steps\n"
    network = ["--network", "net.toml", "--input", "x.npy", "--target", "y.npy", "--json"]
    assert main(["diff", "model", "sim", *network, "--steps", "70", "--probe", "*.u"]) == 2
    assert "no population or projection '*'" in capsys.readouterr().err
    assert main(["diff", "model", "sim", *network, "--steps", "70"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["steps"], found["difference"], found["moved"]) == (70, None, True)
    monkeypatch.setitem(DEVICES, "broken", DeviceKind("loses an update", "tests.host.stand_ins",
                                                      "Broken"))
    assert main(["diff", "model", "broken", *network, "--probe", "slow+fast>hidden.W"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["difference"]["step"] == 31
    assert found["difference"]["name"].startswith("slow+fast>hidden.W[")
    assert main(["diff", "model", "broken", *network[:-1]]) == 1
    assert "values differ in that step, none before" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (["stream", "net.toml", "--input", "x.npy", "--probe", "slow.u"], "--probe NAME and --trace"),
    (["stream", "net.toml", "--input", "x.npy", "--probe", "slow.z", "--trace", "a.npz"],
     "slow has no state 'z'"),
    (["stream", "net.toml", "--input", "x.npy", "--probe", "slow.u", "--trace", "a.txt"],
     "cannot write a.txt: its name must end in .npz or .csv"),
    (["stream", "net.toml", "--input", "x.npy", "--probe", "slow.u", "--trace", "no/a.npz"],
     "cannot write no/a.npz: No such file"),
    (["diff", "a.npz", "net.csv"], "cannot read a.npz: No such file"),
    (["diff", "x.csv", "x.csv"], "x.csv is not a trace, or damaged: its first column is 'a', not"),
    (["diff", "x.csv", "x.csv", "--input", "x.npy"], "are for devices, not for trace files"),
    (["diff", "model", "sim"], "two devices need --network FILE and --input FILE"),
    (["diff", "model", "abacus", "--network", "net.toml", "--input", "x.npy"], "device 'abacus'"),
    (["diff", "model", "sim", "--network", "net.toml", "--input", "-"], "not from a pipe"),
])
def test_bad_input_gets_one_line(folder, capsys, arguments, message):
    (folder / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_damaged_trace_is_refused(folder, device):
    recorder = Recorder(device, FEW, path=folder / "a.npz")
    recorder.run(frames())
    recorder.close()
    data = (folder / "a.npz").read_bytes()
    (folder / "a.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(NetworkError, match=r"a.npz is not a trace, or damaged: "):
        read_trace(folder / "a.npz")
    with pytest.raises(DeviceError, match="every = 0 must be at least 1"):
        Recorder(device, FEW, every=0)
    with pytest.raises(DeviceError, match="nothing to record"):
        Recorder(device, [])
