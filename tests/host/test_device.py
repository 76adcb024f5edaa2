"""The device seam, on all back ends: what it checks, and that a saved run goes on unbroken."""

import numpy as np
import pytest

from host.device import BLOCK, DEVICES, DeviceError, open_device, state_range
from host.sim_device import pack, unpack
from model.formats import RATE, WEIGHT
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.network import NetworkError
from model.program import State
from tests.host.small_network import small_program


def samples(steps: int, seed: int = 1):
    """Inputs (steps, 2) and targets (steps, 1), some of them absent."""
    random = np.random.default_rng(seed)
    inputs = np.sin(np.arange(steps)[:, None] * [0.05, 0.11]) + random.normal(0, 0.1, (steps, 2))
    targets = inputs[:, :1] * inputs[:, 1:]
    targets[random.random(steps) < 0.2] = np.nan
    return inputs, targets


def state_of(device) -> dict:
    return {name: device.read(name) for name in State.names()}


def equal(one: dict, other: dict) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_runs_as_the_golden_model_does(device):
    golden = Golden(small_program())
    inputs, targets = samples(BLOCK + 100)
    told = []
    before = state_of(device)
    rates = device.stream(inputs, targets, progress=told.append)
    expected = golden.run(Frames.of(inputs, targets, outputs=1))
    assert np.array_equal(rates, RATE.real(expected.rates))
    assert equal(state_of(device), {name: golden.state[name] for name in State.names()})
    assert np.std(rates) > 0.05
    assert not np.array_equal(before["W"], device.read("W"))
    assert told == [BLOCK, 100]
    counters = device.counters()
    assert counters["steps"] == BLOCK + 100
    assert (counters["cycles"] is None) == (device.name == "model")
    assert sum(counters["saturations"].values()) == golden.saturations.sum()


def test_a_restored_run_equals_an_unbroken_one(device):
    inputs, targets = samples(600)
    device.stream(inputs[:250], targets[:250])
    saved = device.save()
    unbroken = device.stream(inputs[250:], targets[250:]), state_of(device)
    device.load(small_program(seed=5))
    device.restore(saved)
    resumed = device.stream(inputs[250:], targets[250:]), state_of(device)
    assert np.array_equal(unbroken[0], resumed[0])
    assert equal(unbroken[1], resumed[1])
    assert not np.array_equal(saved["W"], unbroken[1]["W"])
    assert saved["generator"] != unbroken[1]["generator"]


def test_loading_again_starts_afresh(device):
    inputs, targets = samples(200)
    first = device.stream(inputs, targets)
    device.load(small_program())
    assert device.counters()["steps"] == 0
    assert np.array_equal(device.stream(inputs, targets), first)


def test_an_empty_block_changes_nothing(device):
    before = state_of(device)
    assert device.stream(np.zeros((0, 2))).shape == (0, 1)
    assert equal(before, state_of(device))


def test_writes_are_read_back_and_copies_are_independent(device):
    weights = np.arange(len(device.read("W"))) - 7
    device.write("W", weights)
    read = device.read("W")
    assert read.dtype == np.int64
    assert np.array_equal(read, weights)
    read[:] = 0
    assert np.array_equal(device.read("W"), weights)


def test_every_state_takes_its_limits_and_nothing_beyond(device):
    for name in State.names():
        low, high = state_range(name)
        shape = device.read(name).shape
        for value in (low, high):
            device.write(name, np.full(shape, value))
            assert (device.read(name) == value).all()
        for value in (low - 1, high + 1):
            with pytest.raises(DeviceError, match=rf"state '{name}' \[0\] is {value}; .* {low} … "):
                device.write(name, np.full(shape, value))


@pytest.mark.parametrize("name, values, message", [
    ("W", np.zeros(3, int), r"state 'W' has shape \(40,\), not \(3,\)"),
    ("W", np.zeros(40), r"state 'W' takes integers, not float64"),
    ("W", np.full(40, WEIGHT.max + 1), r"state 'W' \[0\] is 131072; the limits are -131072 … "),
    ("Z", np.zeros(3, int), r"unknown state 'Z'; there are: u, drive, s, "),
])
def test_bad_writes_are_refused_in_one_line(device, name, values, message):
    with pytest.raises(NetworkError, match=message) as error:
        device.write(name, values)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("field, value, message", [
    ("inputs", RATE.max + 1, r"frames: inputs \[3, 0\] is 131072; the limits are -131072 … 131071"),
    ("teach", RATE.min - 1, r"frames: teach \[3, 0\] is -131073"),
    ("kind", 3, r"frames: kind \[3, 0\] is 3; the limits are 0 … 2"),
    ("modulator", 1 << 17, r"frames: modulator \[3\] is 131072"),
    ("flags", 64, r"frames: flags \[3\] is 64; the limits are 0 … 63"),
])
def test_frames_out_of_range_are_refused(device, field, value, message):
    frames = Frames.of(*samples(5), outputs=1)
    getattr(frames, field)[3] = value
    with pytest.raises(NetworkError, match=message):
        device.run(frames)


def test_streams_are_checked(device):
    with pytest.raises(NetworkError, match="input at step 1 is nan"):
        device.stream([[0.0, 0.0], [np.nan, 0.0]])
    with pytest.raises(NetworkError, match=r"inputs has shape \(2, 3\)"):
        device.stream(np.zeros((2, 3)))


def test_frozen_frames_leave_weights(device):
    before = device.read("W"), device.read("B")
    inputs, _ = samples(100)
    assert np.std(device.stream(inputs, flags=FROZEN)) > 0
    assert np.array_equal(before[0], device.read("W"))
    assert np.array_equal(before[1], device.read("B"))


def test_a_device_without_a_program_says_so():
    with open_device("model") as device:
        for call in (lambda: device.stream([[0.0]]), lambda: device.read("W"), device.save,
                     device.counters):
            with pytest.raises(DeviceError, match="device 'model' has no program; load one first"):
                call()


def test_devices_are_opened_by_name():
    assert {"model", "sim", "micro", "serial"} <= DEVICES.keys()
    assert all(kind.about for kind in DEVICES.values())
    with open_device("model", lanes=8) as device:
        assert (device.name, device.lanes) == ("model", 8)
    with pytest.raises(DeviceError, match="'board'; there are: model, sim, micro, netlist, "):
        open_device("board")
    with pytest.raises(DeviceError, match="unknown device 'model:x'; there are"):
        open_device("model:x")
    with pytest.raises(DeviceError, match="device 'serial' needs an address: serial:URL"):
        open_device("serial")
    with pytest.raises(DeviceError, match="cannot open 'nowhere'"):
        open_device("serial:nowhere")
    with pytest.raises(DeviceError, match="lanes = 0"):
        open_device("sim", lanes=0)


def test_frame_words_hold_every_field():
    frames = Frames(inputs=np.array([[1, -1], [RATE.max, RATE.min]]), teach=np.array([[-3], [4]]),
                    kind=np.array([[1], [2]]), modulator=np.array([-2, 7]),
                    flags=np.array([63, 19]))
    ones = 2**18
    assert pack(frames).tolist() == [
        (ones - 2) + 63 * ones, 1, ones - 1, (ones - 3) + ones,
        7 + 19 * ones, 2**17 - 1, 2**17, 4 + 2 * ones]


def test_result_words_are_rates_then_errors():
    words = np.array([1, 2, -3, -4, 5, 6, 7, -8]).astype(np.uint32)
    outputs = unpack(words, 2)
    assert outputs.rates.tolist() == [[1, 2], [5, 6]]
    assert outputs.errors.tolist() == [[-3, -4], [7, -8]]
