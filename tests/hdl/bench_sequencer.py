"""cocotb bench of the sequencer: which words it issues, when, and what they say is complete."""

import os
import random
from collections import deque

import cocotb
from cocotb.triggers import RisingEdge

from hdl.config import Config
from hdl.descriptor import PROJECTION_FIELDS, READ_DESCRIPTOR, Release
from hdl.sequencer import MARKED
from hdl.settings import Settings
from hdl.timeline import GAP
from model.fixed import shift_round
from model.program import Flag
from tests.hdl.driving import draw, put, start

LANES = int(os.environ["LANES"])
CONFIG = Config(lanes=LANES)
SLOTS = CONFIG.slot(12 * LANES)
"""All neurons of these programs lie below."""
BATCHES, STEPS = 30, 6
BETWEEN_STEPS = GAP + 1
"""Clocks from a step's last word to the next step's first, where nothing is waited for."""


def draw_projection(source):
    """Any descriptor of 1 to about 60 words, small ones as often as large ones."""
    values = {name: source.getrandbits(abs(width)) for name, width in PROJECTION_FIELDS.items()}
    rows, targets = source.choice(((1, 1), (1, 5), (1, 6), (5, 1), (2, 3), (7, 8),
                                   (source.randint(1, 4), source.randint(1, 9))))
    first = source.randrange(12 - rows)
    last = (first + rows - 1) << CONFIG.lane_bits
    return values | {
        "source_row": first, "source_rows": rows, "target_size": targets,
        "source_last": last + source.randrange(LANES),
        "target_slot": CONFIG.slot(source.randrange(12 * LANES - targets)),
        "word": source.randrange(1024), "trace_row": source.randrange(64),
        "single": int(targets == 1), "rate_mantissa": source.randrange(1 << 14),
        "release": source.choice(list(Release)), "release_cap": source.randrange(SLOTS),
        "released": source.randrange(SLOTS)}


def draw_header(source):
    return {"modulator": draw(source, 18), "flags": source.randrange(1 << len(Flag))}


def place(slot):
    """Number of a slot's neuron, counted row by row."""
    row = slot >> CONFIG.lane_bits
    return row * LANES + slot - (row << CONFIG.lane_bits)


def mark_of(p, row, target):
    """The slot below which a projection's word says that all sums are complete, or None."""
    last_row, last = row == p["source_rows"] - 1, target == p["target_size"] - 1
    if last_row and last:
        return p["released"]
    marks = {Release.TARGETS: (last_row, CONFIG.slot(place(p["target_slot"]) + target + 1)),
             Release.SOURCES: (last, (p["source_row"] + row + 1) << CONFIG.lane_bits)}
    told, mark = marks.get(p["release"], (False, 0))
    return mark if told and mark <= p["release_cap"] else None


def words_of(projections, header, parity, input_rows):
    """Every word of a step: (issue, settings, last slot of its sources, mark, pause before it)."""
    row_before, alone_before = None, False
    flags = {"learn": Flag.LEARN, "reset_state": Flag.RESET_STATE,
             "reset_trace": Flag.RESET_TRACE}
    for p in projections:
        settings = {name: p[name] for name in Settings.members if name != "rate"}
        settings["rate"] = shift_round(p["rate_mantissa"] * header["modulator"], 14)
        alone = p["target_size"] == 1
        for k in range(p["source_rows"] * p["target_size"]):
            row, target = divmod(k, p["target_size"])
            source_row, last_row = p["source_row"] + row, row == p["source_rows"] - 1
            issue = {
                "parity": parity, "word": p["word"] + k, "source_row": source_row,
                "target_slot": CONFIG.slot(place(p["target_slot"]) + target),
                "trace_row": p["trace_row"] + row, "is_input": source_row < input_rows,
                "first": target == 0 and row_before != source_row,
                "last": target == p["target_size"] - 1, "first_row": row == 0,
                "fresh": row == 0 and p["fresh"],
            } | {name: bool(header["flags"] & flag) for name, flag in flags.items()}
            end = p["source_last"] if last_row else (source_row << CONFIG.lane_bits) + LANES - 1
            yield issue, settings, end, mark_of(p, row, target), k == 0 and (alone or alone_before)
            row_before = source_row
        alone_before = alone


def issued(dut, issue):
    """What is issued at this clock, by the names of what should be."""
    return {name: int(getattr(dut, f"issue_{name}").value) for name in issue}


def told(dut, settings):
    """The settings of the word that was issued a clock ago."""
    return {name: getattr(dut, f"settings_{name}").value.to_signed() if name == "rate"
            else int(getattr(dut, f"settings_{name}").value) for name in settings}


class Surroundings:
    """The rest of the core: frames come, permissions are given, neurons pass, all at their pace.

    loaded, fetched, issued, left   steps; passed   neurons of step ``left``, as a slot
    """

    def __init__(self, dut, source, projections):
        self.dut, self.source, self.projections = dut, source, projections
        self.loaded = self.fetched = self.issued = self.left = self.passed = self.all_passed = 0
        self.all_left = True
        self.pace = source.choice((0.05, 0.3, 1))
        self.patience = source.choice((0.2, 1))
        self.headers, self.number = [draw_header(source) for _ in range(STEPS)], None
        self.numbers = deque([0] * (READ_DESCRIPTOR - 1))

    def drive(self):
        """Drive what holds for the coming clock."""
        dut, often = self.dut, self.source.random() < self.patience
        if self.loaded < min(STEPS, self.issued + 2) and often:
            put(dut, f"header_{self.loaded & 1}", self.headers[self.loaded])
            self.loaded += 1
        dut.may_fetch.value = often and self.fetched < self.loaded
        dut.may_issue.value = often and self.issued < self.loaded and self.issued - self.left < 2
        for name in ("fetched", "issued", "left", "passed"):
            value = getattr(self, name)
            getattr(dut, name).value = value if name == "passed" else value & 3

    def ready(self, target, end):
        """Whether target and sources of a word had passed, in the step before, a clock ago."""
        return self.all_left or max(target, end) < self.all_passed

    def advance(self):
        """The clock is over: count what is done; the descriptor table answers when it does."""
        dut, source = self.dut, self.source
        self.all_left, self.all_passed = self.left == self.issued, self.passed
        self.numbers.append(int(dut.number.value))
        number = self.numbers.popleft()
        if number != self.number:
            put(dut, "data", self.projections[min(number, len(self.projections) - 1)])
        self.number = number
        if source.random() < self.pace:
            self.passed = min(SLOTS, self.passed + source.randrange(1, 3 * LANES))
            if self.passed == SLOTS and self.left < self.issued:
                self.left, self.passed = self.left + 1, 0
        self.fetched += int(dut.fetched_done.value)
        self.issued += int(dut.issued_done.value)


async def run(dut, source, projections, counts):
    """Some steps of a program, every word held against its clock; adds to ``counts``."""
    input_rows = source.randrange(12)
    dut.input_rows.value, dut.count.value = input_rows, len(projections)
    # The host writes sizes before it sends frames.
    dut.may_fetch.value = dut.may_issue.value = 0
    await RisingEdge(dut.clk)
    # The counters start from zero, as if the host had set them.
    around = Surroundings(dut, source, projections)
    clock, last = 0, -BETWEEN_STEPS
    for step, header in enumerate(around.headers):
        words = list(words_of(projections, header, step & 1, input_rows))
        marks, k, earliest, ends, settings = {}, 0, last + BETWEEN_STEPS, None, {}
        while clock != ends:
            around.drive()
            await RisingEdge(dut.clk)
            assert int(dut.mark_valid.value) == (clock in marks), f"clock {clock}"
            if clock in marks:
                assert int(dut.mark_slot.value) == marks.pop(clock)
            # A step ends a clock after its last word, and its last mark says so.
            assert int(dut.issued_done.value) == (k == len(words) and clock == last + 1)
            assert int(dut.mark_ended.value) == (k == len(words) and clock == last + 1 + MARKED)
            visits = bool(dut.issue_valid.value)
            assert told(dut, settings) == settings, f"step {step}, before word {k}"
            settings = {}
            if k < len(words):
                issue, following, end, mark, _ = words[k]
                ready = around.ready(issue["target_slot"], end)
                # Only before a step's first word there is more to wait for.
                assert visits == (clock >= earliest and ready) or (k == 0 and not visits)
                counts["waits"] += clock >= earliest and not ready
                if visits:
                    assert issued(dut, issue) == issue, f"step {step} word {k}"
                    settings = following
                    counts["ahead"] += around.left < around.issued
                    counts["continued"] += not issue["first"] and k and words[k - 1][0]["last"]
                    counts["marks"] += mark is not None and k + 1 < len(words)
                    if mark is not None:
                        marks[clock + MARKED] = mark
                    counts["adjoining"] += step > 0 == k and clock == earliest
                    k, last = k + 1, clock
                    earliest = clock + 1 + (k < len(words) and words[k][4])
                    ends = clock + MARKED + 2 if k == len(words) else None
            else:
                assert not visits, "more words than there are"
            around.advance()
            clock += 1
        counts["words"] += k
        counts["single"] += sum(pause for *_, pause in words)
    while around.left < STEPS:
        around.drive()
        await RisingEdge(dut.clk)
        assert not dut.issue_valid.value and not dut.mark_valid.value
        around.advance()


@cocotb.test
async def issues_every_word_in_order(dut):
    source = random.Random(15)
    await start(dut)
    counts = dict.fromkeys(
        ("words", "single", "waits", "ahead", "continued", "marks", "adjoining"), 0)
    for _ in range(BATCHES):
        projections = [draw_projection(source) for _ in range(source.randint(1, 7))]
        await run(dut, source, projections, counts)
    assert counts["words"] > 5000 and min(counts.values()) > 25, counts
