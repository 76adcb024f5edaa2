"""Verification: equal devices pass, a single wrong bit is found and named, dead data is told."""

import numpy as np
import pytest

from host import verify as module
from host.device import open_device
from host.verify import Report, compare, verify
from model.compiler import compile_network
from model.frames import FROZEN, LEARNING, Frames
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.program import Flag
from tests.host.stand_ins import Sabotaged

SEED = 5


def _network(noise=2.0**-6) -> Network:
    return Network(dt=0.01, inputs=2, populations=[
        Population(name="low", size=3, tau_m=0.1, tau_r=0.02, noise=noise),
        Population(name="high", size=2, tau_m=0.1, tau_r=0.02, output=True),
    ], projections=[
        Projection(source=INPUT, target="low", weights=np.full((3, 2), 0.5), rate=1.0),
        Projection(source="low", target="high", weights=np.full((2, 3), 0.5), rate=1.0),
    ])


def _compare(device, *, flags=LEARNING, amplitude=1.0, noise=2.0**-6) -> Report:
    """A report on 200 steps of white noise through a 2-3-2 network."""
    rng = np.random.default_rng(SEED)
    program = compile_network(_network(noise))
    inputs, targets = amplitude * rng.uniform(-1, 1, (2, 200, 2))
    frames = Frames.of(inputs, targets, outputs=2, flags=flags)
    report = Report(device=device.name, lanes=device.lanes, seed=SEED)
    with open_device("model") as golden:
        compare(device, golden, program, frames, rng, report)
    return report


def test_equal_devices_pass_and_everything_is_compared():
    with open_device("model") as device, open_device("model") as golden:
        report = verify(device, golden, steps=3000, seed=SEED)
    assert report.passed
    assert (report.networks, report.steps, report.mismatches) == (6, 3000, 0)
    assert report.values_compared > 50 * report.steps
    assert report.first_mismatch is None


def test_the_seed_chooses_what_is_compared():
    with open_device("model") as device, open_device("model") as golden:
        counts = [verify(device, golden, steps=600, seed=seed).values_compared
                  for seed in (1, 1, 2)]
    assert counts[0] == counts[1] != counts[2]


def test_many_lanes_get_networks_that_take_several_rows_of_them(monkeypatch):
    drawn, draw = [], module.random_network
    monkeypatch.setattr(module, "random_network",
                        lambda *key, **scale: drawn.append(draw(*key, **scale)) or drawn[-1])
    widest = {}
    for lanes in (1, 8, 16, 48):
        drawn.clear()
        with open_device("model", lanes=lanes) as device, open_device("model") as golden:
            report = verify(device, golden, steps=3000, seed=SEED)
        assert report.passed and report.networks == len(drawn) == 6
        widest[lanes] = max(p.size for network in drawn for p in network.populations)
    assert widest[1] == widest[8]
    assert widest[16] > 16 and widest[48] > 48


@pytest.mark.parametrize("steps", [1, 7, 499, 1300])
def test_steps_are_the_total_over_all_networks(steps):
    with open_device("model") as device, open_device("model") as golden:
        assert verify(device, golden, steps=steps, seed=SEED).steps == steps


@pytest.mark.parametrize("step", [0, 77, 199])
def test_one_flipped_bit_of_one_weight_is_named_with_its_step(step):
    def flip(device, now):
        if now == step:
            weights = device.read("B")
            weights[6 + 4] ^= 1 << 5
            device.write("B", weights)

    report = _compare(Sabotaged(flip), flags=FROZEN)
    first = report.first_mismatch
    assert not report.passed
    assert (first.step, first.population, first.state) == (step, "high", "B")
    assert first.index == "projection low>high, neuron 1 from source 1"
    assert first.expected ^ first.got == 1 << 5
    assert f"step {step}, population high, state B" in str(first)


def test_a_dropped_update_is_named_with_its_step():
    report = _compare(Sabotaged(lambda device, now: Flag.LEARN if now == 123 else 0))
    assert report.first_mismatch.step == 123
    assert report.mismatches >= 1


def test_a_flipped_neuron_state_is_named_in_its_population():
    def flip(device, now):
        if now == 40:
            state = device.read("v")
            state[2 + 1] += 1 << 20
            device.write("v", state)

    first = _compare(Sabotaged(flip)).first_mismatch
    assert (first.step, first.population, first.index) == (40, "low", "neuron 1")


def test_a_fault_that_does_not_come_back_is_still_reported():
    def flip(device, now):
        if now == 40:
            device.write("bias", device.read("bias") ^ 1)

    report = _compare(Sabotaged(flip, once=True))
    assert report.mismatches > 0
    assert report.first_mismatch.step >= 40


def test_a_dead_stimulus_is_not_alive():
    with open_device("model") as device:
        frozen = _compare(device, flags=FROZEN)
        silent = _compare(device, amplitude=0.0, noise=0.0)
        live = _compare(device)
    assert (frozen.mismatches, frozen.alive, frozen.passed) == (0, False, False)
    assert "no weight moved" in frozen.dead
    assert (silent.alive, silent.passed) == (False, False)
    assert live.alive and live.passed


def test_saturated_outputs_are_not_alive():
    network = _network()
    network.projections[1].weights[:] = 7.9
    network.projections[0].weights[:] = 7.9
    program = compile_network(network)
    rng = np.random.default_rng(SEED)
    frames = Frames.of(np.full((400, 2), 3.9), np.zeros((400, 2)), outputs=2)
    report = Report(device="model", lanes=4, seed=SEED)
    with open_device("model") as device, open_device("model") as golden:
        compare(device, golden, program, frames, rng, report)
    assert not report.alive
    assert "constant or saturated" in report.dead


def test_verify_says_so_when_its_own_stimulus_is_dead(monkeypatch):
    draw = module.random_frames

    def dead(*arguments):
        frames = draw(*arguments)
        frames.flags[:] = FROZEN
        return frames

    monkeypatch.setattr(module, "random_frames", dead)
    with open_device("model") as device, open_device("model") as golden:
        report = verify(device, golden, steps=500, seed=SEED)
    assert (report.mismatches, report.alive, report.passed) == (0, False, False)


def test_too_few_steps_are_refused():
    with open_device("model") as device, pytest.raises(NetworkError, match="steps = 0"):
        verify(device, device, steps=0, seed=0)
