"""The sequential core and the golden model: the same numbers, from ordinary and wild states."""

import numpy as np
import pytest

from hdl.config import MICRO
from host.device import open_device
from host.verify import verify
from model.compiler import compile_network
from model.frames import FROZEN, LEARNING
from model.program import Feedback
from model.random_network import random_frames
from model.tasks import TASKS
from sim.build import build_core
from sim.library import SimulatedCore
from tests.sim.cases import Case, small_networks

NETWORKS, STEPS = 8, 200


@pytest.fixture(scope="module")
def device():
    with open_device("micro") as opened:
        yield opened


@pytest.fixture(scope="module")
def golden():
    with open_device("model") as opened:
        yield opened


def test_random_networks_agree_in_every_value(device, golden):
    report = verify(device, golden, steps=STEPS, seed=4)
    assert report.passed, report
    assert (report.lanes, report.networks, report.steps) == (1, 1, STEPS)
    assert report.values_compared > 2000


@pytest.mark.parametrize("number", range(NETWORKS))
def test_any_state_leads_to_the_same_one(number):
    """States at the ends of their formats, every flag, streams that pause, probes."""
    case = Case(MICRO, small_networks(NETWORKS)[number], key=number, steps=9, length=3, wild=True,
                probes=5)
    with SimulatedCore(build_core(MICRO)) as core:
        core.write(*case.image)
        core.stall(0.2, seed=number)
        before = None
        for block in case.blocks:
            if block.restored is not None:
                core.write(case.state_places, block.restored)
            assert np.array_equal(core.run(block.words, len(block.results)), block.results)
            states = core.read(case.addresses)
            wrong = np.flatnonzero(states != block.states)
            assert not len(wrong), [case.place(k) for k in wrong[:5]]
            assert before is None or (states != before).mean() > 0.2
            before = states


def test_temporal_xor_is_learned_alike(device, golden):
    task = TASKS["xor"]
    program = compile_network(task.network(), seed=3)
    stream = task.streams(3, 150, "train")
    learned = []
    for one in (device, golden):
        one.load(program)
        outputs = one.stream(stream.inputs, stream.targets)
        learned.append({name: one.read(name) for name in ("W", "B", "psi", "c0", "word")}
                       | {"outputs": outputs})
    for name, values in learned[0].items():
        assert np.array_equal(values, learned[1][name]), name
    assert (learned[0]["W"] != program.state["W"]).mean() > 0.9
    assert len(np.unique(learned[0]["outputs"])) > 100


def clocks(program, learns: bool) -> float:
    """Clocks of a step, as docs/micro.md has them."""
    p, q = program.projections, program.populations[1:]
    targets, sources = p["target_size"], p["source_size"]
    synapses, mirrored = targets * sources, p["feedback"] == Feedback.MIRROR
    total = 220 + 23 * program.inputs + 38 * program.outputs
    total += 225 * len(p) + (15 * targets + 20 * sources + 24 * synapses).sum()
    total += 240 * len(q) + 226 * q["size"].sum() + 38 * (q["size"] * q["is_output"]).sum()
    if learns:
        plastic = 16 * p["plastic"] + 10 * p["plastic"] * (p["feedback"] == Feedback.KOLEN_POLLACK)
        total += ((32 + 47 * mirrored) * targets).sum() + 88 * q["size"].sum()
        total += ((5 + plastic + 12 * mirrored) * synapses).sum()
    return float(total)


@pytest.mark.parametrize("flags", [LEARNING, FROZEN])
def test_a_step_takes_the_clocks_that_are_documented(device, flags):
    for number, network in enumerate(small_networks(5, neurons=60, synapses=600)[2:]):
        program = compile_network(network, seed=number)
        frames = random_frames(program, 4, number)
        frames.flags[:] = flags
        device.load(program)
        device.run(frames)
        found = device.counters()["cycles"] / len(frames)
        assert found == pytest.approx(clocks(program, flags == LEARNING), rel=0.1)
