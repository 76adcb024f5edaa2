"""Releases: no synapse touches a neuron any more once a mark is beyond it, and marks come early."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from hdl.config import Config
from hdl.descriptor import Release
from hdl.layout import Layout
from model.compiler import compile_network
from model.network import INPUT, Network, Population, Projection
from model.random_network import random_network

LANES = [1, 3, 4, 8]
KEYS = range(30)


class Replay:
    """The words of a step, as the sequencer issues them.

    touches   slots of all neurons that a word adds to: its target, and its row of sources
    marks     the slot below which it says that all sums are complete, 0 if it says nothing
    ends      number of the last word of every projection
    """

    def __init__(self, layout):
        self.layout, config, program = layout, layout.config, layout.program
        self.slots = layout.slots[program.inputs:]
        self.touches, self.marks, self.ends = [], [], []
        for p, (first_row, rows), told in zip(
                program.projections, layout.source_rows, layout.releases, strict=True):
            targets = layout.slots[p["target_first"]:][:p["target_size"]].tolist()
            for row in range(first_row, first_row + rows):
                sources = self.slots[self.slots >> config.lane_bits == row].tolist()
                last_row = row == first_row + rows - 1
                for target in targets:
                    self.touches.append({target, *sources})
                    last = target == targets[-1]
                    self.marks.append(told["released"] if last and last_row else self._mark(
                        told, row, target, last_row=last_row, last=last))
            self.ends.append(len(self.marks) - 1)

    def _mark(self, told, row, target, *, last_row, last):
        bits, lanes = self.layout.config.lane_bits, self.layout.config.lanes
        mark = 0
        if told["release"] == Release.TARGETS and last_row:
            lane = target & ((1 << bits) - 1)
            mark = target + 1 if lane < lanes - 1 else (target >> bits) + 1 << bits
        elif told["release"] == Release.SOURCES and last:
            mark = (row + 1) << bits
        return mark if mark <= told["release_cap"] else 0

    @property
    def released(self):
        """The word with which each neuron, inputs aside, is released first."""
        beyond = np.maximum.accumulate(self.marks)
        return np.searchsorted(beyond, self.slots, side="right")

    @property
    def earliest(self):
        """The last word that touches each neuron or one before it; the step's where none does."""
        last = {slot: word for word, touched in enumerate(self.touches) for slot in touched}
        words = [last.get(slot, len(self.marks) - 1) for slot in self.slots.tolist()]
        return np.maximum.accumulate(words)


def layered(*sizes):
    populations, projections, source = [], [], INPUT
    for number, (before, size) in enumerate(pairwise(sizes), 1):
        populations.append(Population(name=f"layer {number}", size=size, tau_m=0.1, tau_r=0.05,
                                      output=number == len(sizes) - 1))
        projections.append(Projection(source=source, target=f"layer {number}",
                                      weights=np.ones((size, before))))
        source = f"layer {number}"
    return Network(name="layered", dt=0.01, inputs=sizes[0], populations=populations,
                   projections=projections)


def replay(network, lanes):
    config = Config(lanes=lanes, rows=256, trace_rows=1024, words=8192)
    return Replay(Layout(config, compile_network(network)))


@pytest.fixture(scope="module", params=LANES, ids=lambda lanes: f"{lanes}-lanes")
def replays(request):
    return [replay(random_network(31, key), request.param) for key in KEYS]


def test_what_is_released_is_touched_no_more(replays):
    touches = 0
    for step in replays:
        highest, later = 0, set()
        for mark, touched in zip(reversed(step.marks), reversed(step.touches), strict=True):
            # ``later``: all that the words behind this one touch.
            assert all(slot >= mark for slot in later)
            later |= touched
            highest = max(highest, mark)
        assert highest > step.slots[-1]
        touches += len(later)
    assert touches > sum(len(step.slots) for step in replays) // 2


def test_every_neuron_is_released_in_its_projection_or_before(replays):
    early = within = neurons = 0
    for step in replays:
        released, earliest, ends = step.released, step.earliest, np.array(step.ends)
        assert (released >= earliest).all()
        assert (released <= ends[np.searchsorted(ends, earliest)]).all()
        early += (released < ends[-1]).sum()
        within += (~np.isin(released, ends)).sum()
        neurons += len(released)
    assert early > neurons // 20 and within > neurons // 40


def test_projections_release_in_every_way(replays):
    ways = Counter(Release(told["release"]) for step in replays for told in step.layout.releases)
    assert min(ways[release] for release in Release) > len(replays) // 4, ways


@pytest.mark.parametrize("lanes", LANES)
def test_layers_are_released_row_by_row(lanes):
    step = replay(layered(5, 9, 12, 16, 3), lanes)
    program, bits = step.layout.program, step.layout.config.lane_bits
    firsts = np.concatenate([program.populations["first"], [program.inputs + len(step.slots)]])
    layers = [slice(a, b) for a, b in zip(firsts[1:-1] - program.inputs,
                                          firsts[2:] - program.inputs, strict=True)]
    released = step.released
    for number, layer in enumerate(layers[:-1], 1):
        # All are done with the projection that they are sources of; but for those that share a row
        # with the layer after, each row is with its last target.
        assert released[layer].max() <= step.ends[min(number + 1, len(step.ends) - 1)]
        rows = np.unique(step.slots[layer] >> bits)
        assert len(np.unique(released[layer])) >= len(rows) - 1
    assert (np.diff(released) >= 0).all()


@pytest.mark.parametrize("lanes", LANES)
def test_targets_of_inputs_are_released_one_by_one(lanes):
    step = replay(layered(6, 11), lanes)
    assert np.array_equal(step.released, np.arange(11) + len(step.marks) - 11)
