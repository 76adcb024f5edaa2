"""Probes: single values of the state, after the steps that ask for them, on every back end."""

import numpy as np
import pytest

from hdl.config import Config
from host.device import BLOCK, DeviceError, open_device
from host.sim_device import unpack
from model.frames import LEARNING, Frames
from model.program import Flag, State
from tests.host.small_network import small_program

PROBE = int(Flag.PROBE)
ENTRIES = [
    ("W", 13), ("u", 4), ("c0", slice(2, 5)), ("generator", 0), ("psi", 9), ("B", 21), ("e", 7),
    ("u", 2), ("word", slice(5, 7)), ("r", 0), ("xi", 3), ("W", slice(30, 36, 3)), ("bias", 6),
    ("psi_xi", 4), ("change_mean", 3), ("low", 3), ("error", 7), ("v", 3), ("x", 3),
]
COLUMNS = 23


def stream(steps: int, probed) -> Frames:
    """Learning frames, those of ``probed`` (bool, (steps,)) with their probes."""
    inputs = np.sin(np.arange(steps)[:, None] * [0.05, 0.11])
    targets = inputs[:, :1] * inputs[:, 1:]
    return Frames.of(inputs, targets, outputs=1, flags=LEARNING | PROBE * np.asarray(probed, int))


def read_entries(device) -> list[int]:
    """What a probed frame should bring, by reading."""
    return np.concatenate([np.atleast_1d(device.read(name)[k]) for name, k in ENTRIES]).tolist()


def test_probes_are_what_reading_after_each_step_shows(device):
    frames = stream(300, np.random.default_rng(3).random(300) < 0.4)
    device.probe(ENTRIES)
    together = device.run(frames)
    device.load(small_program())
    read, rates, errors = [], [], []
    for k in range(len(frames)):
        single = device.run(frames[k : k + 1])
        assert single.probes.shape == (bool(frames.flags[k] & PROBE), 0)
        rates.append(single.rates[0])
        errors.append(single.errors[0])
        if frames.flags[k] & PROBE:
            read.append(read_entries(device))
    assert together.probes.shape == (len(read), COLUMNS)
    assert together.probes.dtype == np.int64
    assert together.probes.tolist() == read
    assert np.array_equal(together.rates, rates)
    assert np.array_equal(together.errors, errors)
    assert 80 < len(read) < 160
    alive = [len(np.unique(column)) for column in together.probes.T]
    assert min(alive) >= 2 and sum(count > 20 for count in alive) >= COLUMNS - 4


def test_both_back_ends_probe_the_same():
    frames, seen = stream(BLOCK + 40, np.arange(BLOCK + 40) % 7 == 3), []
    for name in ("model", "sim"):
        with open_device(name) as device:
            device.load(small_program())
            device.probe(ENTRIES)
            seen.append(device.run(frames))
    assert seen[0].probes.shape == (591, COLUMNS)
    for name in ("rates", "errors", "probes"):
        assert np.array_equal(getattr(seen[0], name), getattr(seen[1], name))
    assert (seen[0].probes < 0).any() and (seen[0].probes >= 2**31).any()


def test_probing_disturbs_nothing(device):
    frames = stream(200, np.arange(200) % 3 > 0)
    plain = device.run(frames)
    states = device.save()
    device.load(small_program())
    device.probe(ENTRIES)
    probed = device.run(frames)
    assert np.array_equal(plain.rates, probed.rates)
    assert all(np.array_equal(states[name], device.read(name)) for name in State.names())
    assert len(np.unique(plain.rates)) > 100


def test_every_state_can_be_probed(device):
    for name in State.names():
        device.probe([(name, slice(0, min(32, len(device.read(name)))))])
        seen = device.run(stream(2, [False, True])).probes
        assert np.array_equal(seen[0], device.read(name)[:32])


def test_without_a_list_or_a_probed_frame_there_is_an_empty_array(device):
    assert device.run(stream(5, np.ones(5))).probes.shape == (5, 0)
    device.probe([("u", 2), ("u", 3)])
    assert device.run(stream(5, np.zeros(5))).probes.shape == (0, 2)
    assert device.run(stream(0, [])).probes.shape == (0, 2)
    device.probe([])
    assert device.run(stream(5, np.ones(5))).probes.shape == (5, 0)


def test_loading_ends_probing_and_restoring_does_not(device):
    device.probe([("u", slice(2, 7))])
    saved = device.save()
    first = device.run(stream(9, np.ones(9))).probes
    device.restore(saved)
    assert np.array_equal(device.run(stream(9, np.ones(9))).probes, first)
    assert len(np.unique(first)) > 20
    device.load(small_program())
    assert device.run(stream(9, np.ones(9))).probes.shape == (9, 0)


@pytest.mark.parametrize("entries, message", [
    ([("Z", 0)], r"unknown state 'Z'; there are: u, drive, s, "),
    ([("u", 8)], r"probe of state 'u': index 8 is outside 0 … 7"),
    ([("u", -1)], r"probe of state 'u': index -1 is outside 0 … 7"),
    ([("W", slice(3, 41))], r"probe of state 'W': index 41 is outside 0 … 40"),
    ([("W", slice(0, 9, 0))], r"probe of state 'W': step 0 is outside 1 … 40"),
    ([("W", slice(4, 4))], r"probe of state 'W': slice 4:4 is empty"),
    ([("u", 1.0)], r"probe of state 'u': index 1\.0 is not an integer"),
    ([("u", True)], r"probe of state 'u': index True is not an integer"),
    (["u"], r"probe 'u' is not a pair of a state's name and an index"),
    ([("W", slice(0, 30)), ("u", slice(0, 3))], r"33 probes; the limit is 32"),
])
def test_bad_lists_are_refused_and_the_old_one_stays(device, entries, message):
    device.probe([("u", 3)])
    with pytest.raises(DeviceError, match=message) as error:
        device.probe(entries)
    assert "\n" not in str(error.value)
    frames = stream(20, np.ones(20))
    seen = device.run(frames).probes
    assert seen.shape == (20, 1)
    assert seen[-1, 0] == device.read("u")[3] != 0


def test_a_full_list_is_served(device):
    device.probe([("W", slice(8, 40))])
    assert device.most_probes == 32
    seen = device.run(stream(60, np.arange(60) == 59)).probes
    assert np.array_equal(seen[0], device.read("W")[8:40])
    assert not np.array_equal(seen[0], small_program().state["W"][8:40])


@pytest.mark.parametrize("name", ["model", "sim"])
def test_the_limit_is_that_of_the_configuration(name):
    with open_device(name, config=Config(probes=3)) as device:
        assert device.most_probes == 3
        with pytest.raises(DeviceError, match=f"device '{name}' has no program; load one first"):
            device.probe([("u", 0)])
    with open_device("model", config=Config(probes=3)) as device:
        device.load(small_program())
        with pytest.raises(DeviceError, match="4 probes; the limit is 3"):
            device.probe([("u", slice(0, 4))])


def test_result_words_of_probed_frames_are_longer():
    words = np.array([1, -2, 30, 31, 3, -4, 5, -6, 32, 33]).astype(np.uint32)
    outputs = unpack(words, 1, probed=np.array([True, False, True]), probes=2)
    assert outputs.rates.tolist() == [[1], [3], [5]]
    assert outputs.errors.tolist() == [[-2], [-4], [-6]]
    assert outputs.probes.tolist() == [[30, 31], [32, 33]]
