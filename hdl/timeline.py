"""When everything happens: the cycles of a step, worked out without a simulation.

The core's parts wait for each other as ``hdl.steps`` says, so times follow from maxima and sums of
constants.  With a frame always waiting and results taken at once,

    word      ≥ the word before + 1;  ≥ neuron of its target, and of its last source, + POSTED
    neuron    ≥ the neuron before + turn;  ≥ the word that completes its sums + pass latency;  at a
              multiple of the turn, which is ``neuron_clocks``
    source    ≥ the source before + 1;  ≥ its neuron + PASSED

and a step takes max(synapse words + GAP, the longest way round from words over neurons to words).
"""

from dataclasses import dataclass

import numpy as np

from hdl.descriptor import Release
from hdl.layout import Layout
from hdl.neuron import NeuronPipeline
from hdl.neurons import READ, SETTLING
from hdl.synapses import pass_latency
from hdl.trace import TracePipeline

__all__ = ["GAP", "StepCycles", "step_cycles"]

GAP = 4
"""Clocks between the last word of a step and the first of the next."""
PASSED = READ + NeuronPipeline.post_stage
"""Clocks from a neuron's slot to the first source of a trace that may read what it left."""
POSTED = PASSED + 1
"""… and to the first word that may."""
FETCHED = 8
"""Clocks from the start of a walk through descriptors to the first that is in force."""
TRACED = READ + TracePipeline.latency + 4
"""Clocks from a source's slot to the end of the traces, if it is the last."""
SETTLED = READ + NeuronPipeline.latency + SETTLING + 1
STEPS = 24


@dataclass(frozen=True, kw_only=True)
class StepCycles:
    """Cycles of a step in the long run: all, those that visit synapses, and the rest."""

    cycles: float
    words: int

    @property
    def overhead(self) -> float:
        return self.cycles - self.words


class _Word:
    """Arrays over the synapse words of a step: which neurons each waits for, which it completes."""

    def __init__(self, layout: Layout):
        config, program, slots = layout.config, layout.program, layout.slots
        needs, gaps, completes, released, single = [], [], [], 0, False
        for p, (first_row, rows), told in zip(
                program.projections, layout.source_rows, layout.releases, strict=True):
            size = int(p["target_size"])
            targets = np.arange(p["target_first"], p["target_first"] + size)
            last = int(p["source_first"] + p["source_size"]) - 1
            alone = size == 1
            for row in range(rows):
                end = ((first_row + row + 1) << config.lane_bits) - 1
                # A place that no neuron takes has passed with the next neuron that there is.
                source = last if row == rows - 1 else min(
                    int(np.searchsorted(slots, end - (1 << config.lane_bits) + config.lanes)),
                    len(slots) - 1)
                needs.append(np.maximum(targets, source))
                gap = np.zeros(size, np.int64)
                gap[0] = (row == 0) and (alone or single)
                gaps.append(gap)
                marks = np.full(size, released)
                if told["release"] == Release.SOURCES:
                    marks[-1] = (first_row + row + 1) << config.lane_bits
                elif told["release"] == Release.TARGETS and row == rows - 1:
                    following = slots[targets] + 1
                    at_end = (slots[targets] & ((1 << config.lane_bits) - 1)) == config.lanes - 1
                    marks[:] = np.where(at_end, ((slots[targets] >> config.lane_bits) + 1)
                                        << config.lane_bits, following)
                marks[marks > told["release_cap"]] = 0
                completes.append(marks)
            completes[-1][-1] = told["released"]
            released, single = 0, alone
        self.needs, self.gaps = np.concatenate(needs), np.concatenate(gaps)
        self.gaps[0] = 0
        marks = np.maximum.accumulate(np.concatenate(completes))
        # The first word after which the mark is beyond a neuron's slot.
        self.completed_by = np.searchsorted(marks, slots, side="right")


def step_cycles(layout: Layout) -> StepCycles:
    """Cycles of a step of this program in this core, neither stream ever waiting."""
    program, word = layout.program, _Word(layout)
    neurons, words, inputs = len(layout.slots), len(word.needs), program.inputs
    spans = [(int(p["source_first"]), layout.span(p)) for p in program.projections]
    latency, turn = pass_latency(layout.config.lanes), layout.config.neuron_clocks
    learns = bool(np.any(program.populations["learns_tau"]))

    # Of each step: when its words were issued, its traces, neurons, measures and result done.
    walked, posts = np.full(neurons, -POSTED), set()
    issued, traced, left, settled, sent = ([-latency - 2] * 3 for _ in range(5))
    loaded = 0
    for _ in range(STEPS):
        loaded = _load(max(loaded, sent[-3], issued[-2] + 2, traced[-2], left[-2]), inputs,
                       posts) + program.outputs
        begin = max(issued[-1] + GAP + 1, traced[-1] + 3, loaded + FETCHED + 1)
        at, before = np.empty(words, np.int64), begin - 1
        ready = walked[word.needs] + POSTED
        for k in range(words):
            before = at[k] = max(before + 1 + word.gaps[k], ready[k])
        known = settled[-1] if learns else 0
        traced.append(_traces(max(issued[-1] + 2, traced[-1], loaded, known), spans,
                              walked + PASSED, neurons))
        completed = at[np.minimum(word.completed_by, words - 1)] + latency
        completed[:inputs] = issued[-1] + latency + 1
        completed[0] = max(completed[0], walked[-1] + turn, loaded + FETCHED,
                           known + FETCHED * learns, sent[-2] + 1)
        turns = -(-completed // turn)
        walked = turn * (np.maximum.accumulate(turns - np.arange(neurons)) + np.arange(neurons))
        posts |= set((walked[inputs:] + PASSED - 2).tolist())
        left.append(int(walked[-1]) + PASSED)
        settled.append(int(walked[-1]) + SETTLED)
        sent.append(max(settled[-1], sent[-1], traced[-1]) + 2 + 2 * program.outputs)
        issued.append(int(at[-1]))
    half = STEPS // 2
    return StepCycles(cycles=(issued[-1] - issued[-1 - half]) / half, words=words)


def _load(begin: int, inputs: int, posts: set[int]) -> int:
    """When header and inputs of a frame are taken: an input waits before a neuron's post."""
    clock = begin + 1
    for _ in range(inputs):
        clock += 1
        while clock in posts:
            clock += 1
    return clock + 1


def _traces(begin: int, spans, passed: np.ndarray, neurons: int) -> int:
    """When the traces of a step are done, if they may begin at ``begin``."""
    # The time constant of a trace's target takes a clock more.
    clock, all_left = begin + FETCHED + 1, int(passed[-1]) + 1
    for first, span in spans:
        for k in range(span):
            # Not knowing ahead that its first source has passed costs a projection a clock.
            known = clock + 1 + (k == 0)
            clock = max(clock + 1, min(
                all_left, max(known, int(passed[min(first + k, neurons - 1)]) + 1)))
    return clock + TRACED
