"""Eligibilities on the devices: probed, saved, moved from one to the other; the same numbers."""

import numpy as np
import pytest

from host.checkpoint import load_checkpoint, save_checkpoint
from host.cli import main
from host.device import DeviceError, open_device
from host.setup import Setup
from model.compiler import compile_network
from model.program import ELIGIBILITY_FORMATS, Flag
from model.random_network import random_frames, random_network, with_eligibilities
from tests.host.small_network import small_program

STEPS, STOP = 240, 110
KEY, PROBED = 7, 5


@pytest.fixture(scope="module")
def program():
    return compile_network(with_eligibilities(random_network(KEY, 8), KEY), seed=KEY)


def test_what_is_begun_on_one_goes_on_on_the_other(tmp_path, program):
    frames, path, seen = random_frames(program, STEPS, KEY, 9), tmp_path / "a.npz", []
    frames.flags[::3] |= int(Flag.PROBE)
    sizes = {name: len(program.state[name]) for name in ELIGIBILITY_FORMATS}
    entries = [(name, slice(size - PROBED, size)) for name, size in sizes.items()]
    for first, second in (("sim", "model"), ("model", "sim")):
        with open_device(first) as device:
            device.load(program)
            device.probe(entries)
            before = device.run(frames[:STOP])
            save_checkpoint(path, device, Setup.plain(program), steps=STOP)
        with open_device(second) as device:
            load_checkpoint(path, device)
            device.probe(entries)
            after, state = device.run(frames[STOP:]), device.save()
            seen.append([before.probes, before.rates, after.probes, after.rates,
                         *(state[name] for name in state.present())])
    assert all(np.array_equal(one, other) for one, other in zip(*seen, strict=True))
    alive = np.array([len(np.unique(column)) for column in seen[0][2].T])
    assert (alive.reshape(len(entries), PROBED).max(axis=1) >= 3).all()


def test_a_step_takes_no_cycle_more(program):
    plain, cycles = compile_network(random_network(KEY, 8), seed=KEY), []
    frames = random_frames(plain, STEPS, KEY, 9)
    for one in (plain, program):
        with open_device("sim") as device:
            device.load(one)
            device.run(frames)
            cycles.append(device.counters()["cycles"])
    assert plain.eligible < program.eligible
    assert cycles[0] == cycles[1] > 10 * STEPS


def test_a_network_without_them_has_no_such_states():
    with open_device("sim") as device:
        device.load(small_program())
        with pytest.raises(DeviceError, match="has no state 'eligibility': none of its synapses"):
            device.read("eligibility")


def test_verify_compares_networks_that_have_them(capsys):
    assert main(["verify", "--device", "sim", "--eligibility", "--steps", "600"]) == 0
    assert "600 steps" in capsys.readouterr().out
    assert main(["verify", "--device", "micro", "--eligibility", "--steps", "600"]) == 2
    assert "this core was built without them" in capsys.readouterr().err
