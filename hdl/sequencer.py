"""Walks through the projections: one synapse word per clock, the next descriptor fetched meanwhile.

A projection is visited source row by source row, and within one target by target:

    for k in source rows:  for i in targets:  issue word(k, i)

so a lane keeps its source through a whole run of targets, and words follow each other in memory.
Descriptors, and their η m, are fetched ahead: projections follow each other without a gap, save for
those with a single target, whose rows would follow each other too fast: a clock before and after.

A step begins while the last neurons of the one before are still under way: a word waits until its
target and its row of sources have passed.  The words tell in turn up to which slot the sums of this
step are complete, so that the neurons can follow one by one (``hdl.layout`` works out how).
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.descriptor import PROJECTION_FIELDS, Release, layout
from hdl.fetch import DescriptorFetch
from hdl.fixed import shift_round
from hdl.steps import STEP_BITS
from model.program import Feedback, Flag

__all__ = ["Header", "Issue", "Mark", "Sequencer", "Settings", "next_slot"]

Header = data.StructLayout({"modulator": signed(18), "flags": 6})
"""What a frame says of its step."""

Settings = data.StructLayout({
    "rate": signed(18), "prospective": 1, "factor_shift": 6, "mirror_shift": 6, "noise_shift": 4,
    "self_scaling": 1, "change_shift": 4, "decay_shift": 5, "feedback": Feedback, "plastic": 1})
"""What a projection's rows need; ``rate`` is η m."""

Issue = data.StructLayout({
    "valid": 1, "parity": 1, "target_slot": 18, "word": 13, "source_row": 12, "trace_row": 12,
    "is_input": 1, "first": 1, "last": 1, "first_row": 1, "fresh": 1, "learn": 1, "reset_state": 1,
    "reset_trace": 1, "settings": Settings})
"""One visit of all lanes.

first, last   target of a run of visits to one source row;  first_row   first row of sources
fresh         the first visit to this target in the step
"""

Mark = data.StructLayout({"valid": 1, "slot": 18, "ended": 1})
"""With a word: the sums of all slots below ``slot`` are complete; the step has ``ended``."""

Descriptor = layout(PROJECTION_FIELDS)


def next_slot(slot, config: Config):
    """The slot after ``slot``: the next lane, or lane 0 of the next row."""
    lane, row = slot[:config.lane_bits], slot[config.lane_bits:]
    if config.lanes == 1 << config.lane_bits:
        return slot + 1
    return Mux(lane == config.lanes - 1, (row + 1) << config.lane_bits, slot + 1)


class Sequencer(wiring.Component):
    """Issues all synapse words, step after step.

    may_fetch, may_issue      permissions; ``fetched_done``, ``issued_done`` when used up
    fetched, issued           numbers of these steps; ``header_*`` of the step in either half
    left, passed              neurons of the step before: all are done, or those below this slot
    number, data              read port of the descriptor table (data one clock later)
    issue, mark               the word of this clock; what is complete with the word before
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "count": In(range(config.projections + 1)),
            "number": Out(range(config.projections)), "data": In(Descriptor),
            "header_0": In(Header), "header_1": In(Header), "input_rows": In(12),
            "may_fetch": In(1), "fetched": In(STEP_BITS), "fetched_done": Out(1),
            "may_issue": In(1), "issued": In(STEP_BITS), "issued_done": Out(1),
            "left": In(STEP_BITS), "passed": In(18),
            "issue": Out(Issue), "mark": Out(Mark),
        })

    def _fetch(self, m):
        """The next descriptor and its η m."""
        m.submodules.fetch = fetch = DescriptorFetch(Descriptor, depth=self.config.projections)
        modulator = Signal(signed(18))
        m.d.comb += [
            fetch.start.eq(self.may_fetch & fetch.ready), self.fetched_done.eq(fetch.start),
            fetch.count.eq(self.count), self.number.eq(fetch.number),
            fetch.arrived.eq(self.data), fetch.a.eq(self.data.rate_mantissa[:17]),
            fetch.b.eq(modulator)]
        with m.If(fetch.start):
            m.d.sync += modulator.eq(
                Mux(self.fetched[0], self.header_1.modulator, self.header_0.modulator))
        return fetch, shift_round(fetch.product, 14)

    def elaborate(self, platform):
        m = Module()
        fetch, rate = self._fetch(m)
        descriptor, taken = fetch.descriptor, fetch.take
        running, to_take, parity = Signal(), Signal(self.count.shape()), Signal()
        ended, flags = Signal(), Signal(6)

        current, active = Signal(Descriptor), Signal()
        issue, settings = self.issue, Signal(Settings)
        left_rows, left_targets = Signal(12), Signal(16)
        slot, word = Signal(18), Signal(13)
        source_row, trace_row, first_row, first = Signal(12), Signal(12), Signal(), Signal()
        last, last_row, finished, visits = Signal(), Signal(), Signal(), Signal()
        alone = (current.target_size == 1) | (descriptor.target_size == 1)
        m.d.comb += [
            visits.eq(active & self._ready(m, current, slot, source_row, last_row)),
            last.eq(left_targets == 1), last_row.eq(left_rows == 1),
            finished.eq(visits & last & last_row), ended.eq(running & ~active & (to_take == 0)),
            taken.eq(fetch.valid & running & (to_take != 0) & (~active | (finished & ~alone))),
            self.issued_done.eq(ended),
            issue.valid.eq(visits), issue.parity.eq(parity), issue.target_slot.eq(slot),
            issue.word.eq(word), issue.source_row.eq(source_row), issue.trace_row.eq(trace_row),
            issue.is_input.eq(source_row < self.input_rows),
            issue.last.eq(last), issue.first_row.eq(first_row), issue.settings.eq(settings),
            issue.fresh.eq(first_row & current.fresh), issue.learn.eq((flags & Flag.LEARN).any()),
            issue.reset_state.eq((flags & Flag.RESET_STATE).any()),
            issue.reset_trace.eq((flags & Flag.RESET_TRACE).any()),
        ]
        following = next_slot(slot, self.config)
        with m.If(visits):
            m.d.sync += [word.eq(word + 1), first.eq(last)]
            with m.If(last):
                m.d.sync += [
                    slot.eq(current.target_slot), left_targets.eq(current.target_size),
                    left_rows.eq(left_rows - 1), source_row.eq(source_row + 1),
                    trace_row.eq(trace_row + 1), first_row.eq(0)]
            with m.Else():
                m.d.sync += [slot.eq(following), left_targets.eq(left_targets - 1)]
        with m.If(taken):
            m.d.sync += [
                active.eq(1), current.eq(descriptor), slot.eq(descriptor.target_slot),
                left_targets.eq(descriptor.target_size), left_rows.eq(descriptor.source_rows),
                word.eq(descriptor.word), source_row.eq(descriptor.source_row),
                trace_row.eq(descriptor.trace_row), first_row.eq(1), first.eq(1),
                to_take.eq(to_take - 1)]
            m.d.sync += [settings[name].eq(descriptor[name]) for name in Settings.members
                         if name != "rate"]
            m.d.sync += settings.rate.eq(rate)
        with m.Elif(finished):
            m.d.sync += active.eq(0)

        with m.If(ended):
            m.d.sync += running.eq(0)
        with m.Elif(~running & self.may_issue):
            m.d.sync += [
                running.eq(1), to_take.eq(self.count), parity.eq(self.issued[0]),
                flags.eq(Mux(self.issued[0], self.header_1.flags, self.header_0.flags))]

        # A run of visits to a row goes on where the projection before ended with the same row.
        row_before, in_step = Signal(12), Signal()
        m.d.comb += issue.first.eq(first & ~(in_step & (row_before == source_row)))
        with m.If(visits):
            m.d.sync += [row_before.eq(source_row), in_step.eq(1)]
        with m.If(ended):
            m.d.sync += in_step.eq(0)

        self._mark(m, current, visits, last, last_row, finished, following, source_row, ended)
        return m

    def _ready(self, m, current, slot, source_row, last_row):
        """Target and sources of this word have passed in the step before."""
        row_end = Signal(18)
        row_start = source_row << self.config.lane_bits
        m.d.comb += row_end.eq(
            Mux(last_row, current.source_last, row_start | (self.config.lanes - 1)))
        return (self.left == self.issued) | ((slot < self.passed) & (row_end < self.passed))

    def _mark(self, m, current, visits, last, last_row, finished, following, source_row, ended):
        """Which sums are complete after the word of this clock, told a clock later."""
        mark, slot, told = self.mark, Signal(18), Signal()
        bits = self.config.lane_bits
        with m.Switch(current.release):
            with m.Case(Release.TARGETS):
                m.d.comb += [slot.eq(following), told.eq(last_row & (slot <= current.release_cap))]
            with m.Case(Release.SOURCES):
                m.d.comb += [slot.eq((source_row + 1) << bits),
                             told.eq(last & (slot <= current.release_cap))]
        with m.If(finished):
            m.d.comb += [slot.eq(current.released), told.eq(1)]
        m.d.sync += [mark.valid.eq(visits & told), mark.slot.eq(slot), mark.ended.eq(ended)]
