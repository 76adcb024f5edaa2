"""Walks through the projections: one synapse word per clock, the next descriptor fetched meanwhile.

A projection is visited source row by source row, and within one target by target:

    for k in source rows:  for i in targets:  issue word(k, i)

so a lane keeps its source through a whole run of targets, and words follow each other in memory.
Descriptors, and their η m, are fetched ahead: projections follow each other without a gap.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.descriptor import PROJECTION_FIELDS, layout
from hdl.fetch import DescriptorFetch
from hdl.fixed import shift_round
from model.program import Feedback

__all__ = ["Issue", "Sequencer", "Settings", "next_slot"]

Settings = data.StructLayout({
    "rate": signed(18), "prospective": 1, "factor_shift": 6, "mirror_shift": 6, "noise_shift": 4,
    "self_scaling": 1, "change_shift": 4, "decay_shift": 5, "feedback": Feedback, "plastic": 1})
"""What a projection's rows need; ``rate`` is η m."""

Issue = data.StructLayout({
    "valid": 1, "target_slot": 18, "word": 13, "source_row": 12, "trace_row": 12,
    "is_input": 1, "first": 1, "last": 1, "first_row": 1, "settings": Settings})
"""One visit of all lanes: ``first`` and ``last`` target of a source row, first row of sources."""

Descriptor = layout(PROJECTION_FIELDS)


def next_slot(slot, config: Config):
    """The slot after ``slot``: the next lane, or lane 0 of the next row."""
    lane, row = slot[:config.lane_bits], slot[config.lane_bits:]
    if config.lanes == 1 << config.lane_bits:
        return slot + 1
    return Mux(lane == config.lanes - 1, (row + 1) << config.lane_bits, slot + 1)


class Sequencer(wiring.Component):
    """Issues all synapse words of a step.

    start         strobe; ``busy`` until the last word is issued
    number, data  read port of the descriptor table (data one clock later)
    finished, released   strobe after a projection's last word, and the populations complete with it
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "start": In(1), "busy": Out(1), "count": In(range(config.projections + 1)),
            "number": Out(range(config.projections)), "data": In(Descriptor),
            "modulator": In(signed(18)), "input_rows": In(12),
            "issue": Out(Issue), "finished": Out(1), "released": Out(9),
        })

    def _fetch(self, m):
        """The next descriptor and its η m."""
        m.submodules.fetch = fetch = DescriptorFetch(Descriptor, depth=self.config.projections)
        m.d.comb += [
            fetch.start.eq(self.start), fetch.count.eq(self.count), self.number.eq(fetch.number),
            fetch.arrived.eq(self.data), fetch.a.eq(self.data.rate_mantissa[:17]),
            fetch.b.eq(self.modulator)]
        return fetch, shift_round(fetch.product, 14)

    def elaborate(self, platform):
        m = Module()
        fetch, rate = self._fetch(m)
        descriptor, taken = fetch.descriptor, fetch.take

        current, active = Signal(Descriptor), Signal()
        issue, settings = self.issue, Signal(Settings)
        left_rows, left_targets = Signal(12), Signal(16)
        slot, word = Signal(18), Signal(13)
        source_row, trace_row, first_row, first = Signal(12), Signal(12), Signal(), Signal()
        last, finished = Signal(), Signal()
        m.d.comb += [
            last.eq(left_targets == 1), finished.eq(active & last & (left_rows == 1)),
            taken.eq(fetch.valid & (~active | finished)), self.busy.eq(fetch.busy | active),
            self.finished.eq(finished), self.released.eq(current.released),
            issue.valid.eq(active), issue.target_slot.eq(slot), issue.word.eq(word),
            issue.source_row.eq(source_row), issue.trace_row.eq(trace_row),
            issue.is_input.eq(source_row < self.input_rows), issue.first.eq(first),
            issue.last.eq(last), issue.first_row.eq(first_row), issue.settings.eq(settings),
        ]
        with m.If(active):
            m.d.sync += [word.eq(word + 1), first.eq(last)]
            with m.If(last):
                m.d.sync += [
                    slot.eq(current.target_slot), left_targets.eq(current.target_size),
                    left_rows.eq(left_rows - 1), source_row.eq(source_row + 1),
                    trace_row.eq(trace_row + 1), first_row.eq(0)]
            with m.Else():
                m.d.sync += [slot.eq(next_slot(slot, self.config)),
                             left_targets.eq(left_targets - 1)]
        with m.If(taken):
            m.d.sync += [
                active.eq(1), current.eq(descriptor), slot.eq(descriptor.target_slot),
                left_targets.eq(descriptor.target_size), left_rows.eq(descriptor.source_rows),
                word.eq(descriptor.word), source_row.eq(descriptor.source_row),
                trace_row.eq(descriptor.trace_row), first_row.eq(1), first.eq(1)]
            m.d.sync += [settings[name].eq(descriptor[name]) for name in Settings.members
                         if name != "rate"]
            m.d.sync += settings.rate.eq(rate)
        with m.Elif(finished):
            m.d.sync += active.eq(0)
        return m

