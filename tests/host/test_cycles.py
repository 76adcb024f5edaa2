"""Cycles of a step: the formula against the counter of the simulated core."""

import numpy as np
import pytest

from hdl.config import Config
from hdl.layout import Layout
from hdl.timeline import step_cycles
from host.capacity import fitting
from host.device import open_device
from model.compiler import compile_network
from model.network import INPUT, Network, Population, Projection
from model.random_network import random_network
from model.tasks import TASKS

SIZES = {"chain": (1, 1, 1), "narrow": (1, 8, 10, 1), "wide": (24, 40, 16), "lines": (5, 1, 1, 1)}
RECURRENT = {"loop": (6, 21), "two loops": (3, 17, 5)}
RANDOM = 8
WARM, LONG = 20, 80


def layered(name, sizes, *, recurrent):
    """Populations one after the other, each upon itself too where ``recurrent``."""
    populations, projections, source, count = [], [], INPUT, sizes[0]
    rng = np.random.default_rng(5)

    def connect(source, target, shape):
        projections.append(Projection(source=source, target=target,
                                      weights=rng.normal(scale=0.3, size=shape)))

    for number, size in enumerate(sizes[1:], 2):
        target = f"layer {number}"
        populations.append(Population(name=target, size=size, tau_m=0.1, tau_r=0.05,
                                      output=number == len(sizes)))
        connect(source, target, (size, count))
        if recurrent:
            connect(target, target, (size, size))
        source, count = target, size
    return compile_network(Network(name=name, dt=0.01, inputs=sizes[0], populations=populations,
                                   projections=projections))


def programs():
    yield from (layered(name, sizes, recurrent=False) for name, sizes in SIZES.items())
    yield from (layered(name, sizes, recurrent=True) for name, sizes in RECURRENT.items())
    yield from (compile_network(random_network(6, key)) for key in range(RANDOM))


def counted(device, program):
    """Cycles of a step in the long run, by the core's own counter."""
    device.load(program)
    rng, cycles = np.random.default_rng(6), []
    for steps in (WARM, WARM + LONG):
        before = device.counters()["cycles"]
        device.stream(rng.normal(size=(steps, program.inputs)),
                      rng.normal(size=(steps, program.outputs)))
        cycles.append(device.counters()["cycles"] - before)
    return (cycles[1] - cycles[0]) / LONG


@pytest.mark.parametrize(("lanes", "neuron_clocks"), [(1, 1), (4, 1), (12, 1), (4, 3), (4, 4)])
def test_a_step_takes_what_the_timeline_says(lanes, neuron_clocks):
    found, smallest = [], Config(lanes=lanes, neuron_clocks=neuron_clocks)
    for program in programs():
        core = fitting(smallest, program)
        expected = step_cycles(Layout(core, program))
        with open_device("sim", config=core) as device:
            cycles = counted(device, program)
        # A run begins anywhere in a neuron's turn, and ends anywhere.
        assert cycles == pytest.approx(expected.cycles, abs=neuron_clocks / LONG), program.name
        assert cycles >= expected.words
        found.append(cycles)
    assert len(set(found)) > len(found) // 2


def task_layout(name, **capacity):
    return Layout(Config(**capacity), compile_network(TASKS[name].network()))


@pytest.mark.parametrize(("name", "lanes", "limit"), [("xor", 4, 60)])
def test_a_task_takes_few_cycles(name, lanes, limit):
    assert step_cycles(task_layout(name, lanes=lanes)).cycles <= limit


@pytest.mark.parametrize("lanes", [1, 2, 4, 6, 8, 16, 32, 48])
@pytest.mark.parametrize("sizes", [*SIZES.values(), (64, 64, 16), (1, 53, 53, 53, 10)])
def test_overhead_of_a_step_is_small_whatever_the_network(lanes, sizes):
    config = Config(lanes=lanes, rows=512, trace_rows=1024, words=8192)
    program = layered("any", sizes, recurrent=False)
    cycles = step_cycles(Layout(config, program))
    # With many lanes and narrow layers, neurons and traces, one a clock, are more than the words.
    busiest = max(cycles.words, program.neurons, program.traces)
    assert 0 < cycles.cycles - busiest <= 40


@pytest.mark.parametrize(("lanes", "sizes", "recurrent", "least"), [
    (16, (128, 128, 32), False, 0.95), (32, (128, 128, 32), False, 0.95),
    (16, (256, 256), True, 0.95), (32, (256, 256), True, 0.95),
    (16, (64, 64, 16), False, 0.90), (16, (1, *[53] * 6, 10), False, 0.75)])
def test_lanes_are_busy(lanes, sizes, recurrent, least):
    config = Config(lanes=lanes, rows=128, trace_rows=512, words=8192, inputs=256, outputs=256)
    program = layered("wide", sizes, recurrent=recurrent)
    cycles = step_cycles(Layout(config, program)).cycles
    assert program.synapses / (lanes * cycles) >= least
