"""Walks through the projections: one synapse word per clock, the next descriptor fetched meanwhile.

A projection is visited source row by source row, and within one target by target:

    for k in source rows:  for i in targets:  issue word(k, i)

so a lane keeps its source through a whole run of targets, and words follow each other in memory.
Descriptors, and their η m, are fetched ahead: projections follow each other without a gap, save for
those with a single target, whose rows would follow each other too fast: a clock before and after.

The walk is a word ahead of the one that waits to be issued, so that whether a word may go is known,
from a register, when its turn comes; and where that one must wait on, the walk's word steps aside,
so that the walk need not know in the same clock.

A step begins while the last neurons of the one before are still under way: a word waits until its
target and its row of sources have passed.  The words tell in turn up to which slot the sums of this
step are complete, so that the neurons can follow one by one (``hdl.layout`` works out how).
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import (
    READ_DESCRIPTOR,
    Release,
    held_layout,
    projection_fields,
)
from hdl.eligibility import extended
from hdl.fetch import DescriptorFetch
from hdl.fixed import shift_round
from hdl.settings import PLACE_BITS, SettingsStore, settings_layout
from hdl.steps import STEP_BITS
from model.program import Flag

__all__ = ["MARKED", "Header", "Sequencer", "issue_layout", "mark_layout", "next_slot",
           "walk_ports"]

Header = data.StructLayout({"modulator": signed(18), "flags": 6})
"""What a frame says of its step."""

MARKED = 2
"""Clocks from a word to its mark."""


def _visit(config: Config) -> dict[str, int]:
    """What a word is, and where it is in its projection."""
    return {"valid": 1, "target_slot": config.slot_bits, "word": config.words.bit_length(),
            "source_row": config.row_bits, "trace_row": config.trace_rows.bit_length(),
            "is_input": 1, "first": 1, "last": 1, "first_row": 1, "fresh": 1}


def issue_layout(config: Config) -> data.StructLayout:
    """One visit of all lanes.

    first, last   target of a run of visits to one source row;  first_row   first row of sources
    fresh         the first visit to this target in the step

    Eligibilities want to know whether the step integrates, and m itself.
    """
    issue = data.StructLayout(_visit(config) | {
        "parity": 1, "learn": 1, "reset_state": 1, "reset_trace": 1})
    return extended(issue, config, {"integrate": 1, "modulator": signed(18)})


def mark_layout(config: Config) -> data.StructLayout:
    """With a word: the sums of all slots below ``slot`` are complete; the step has ``ended``."""
    return data.StructLayout({"valid": 1, "slot": config.slot_bits, "ended": 1})


def _word_layout(config: Config) -> data.StructLayout:
    """A word that waits: its issue, the last slot of its row of sources, whether the clock before
    must be idle, the slot up to which sums are complete after it, if it is the one to tell and the
    slot is within a limit, and the place of its projection's settings."""
    slot = config.slot_bits
    return data.StructLayout(_visit(config) | {
        "row_end": slot, "apart": 1, "marks": 1, "mark": slot, "mark_limit": slot,
        "place": PLACE_BITS})


def next_slot(slot, config: Config):
    """The slot after ``slot``: the next lane, or lane 0 of the next row."""
    lane, row = slot[:config.lane_bits], slot[config.lane_bits:]
    if config.lanes == 1 << config.lane_bits:
        return slot + 1
    return Mux(lane == config.lanes - 1, (row + 1) << config.lane_bits, slot + 1)


def walk_ports(config: Config) -> dict:
    """Ports of whoever walks through the projections, step after step."""
    return {
        "count": In(range(config.projections + 1)),
        "number": Out(range(config.projections)),
        "data": In(held_layout(projection_fields(config), config)),
        "header_0": In(Header), "header_1": In(Header), "input_rows": In(config.row_bits),
        "may_fetch": In(1), "fetched": In(STEP_BITS), "fetched_done": Out(1),
        "may_issue": In(1), "issued": In(STEP_BITS), "issued_done": Out(1),
        "left": In(STEP_BITS), "passed": In(config.slot_bits),
    }


class Sequencer(wiring.Component):
    """Issues all synapse words, step after step.

    may_fetch, may_issue      permissions; ``fetched_done``, ``issued_done`` when used up
    fetched, issued           numbers of these steps; ``header_*`` of the step in either half
    left, passed              neurons of the step before: all are done, or those below this slot
    number, data              read port of the descriptor table
    issue, settings           the word of this clock; its projection's settings at the next one
    mark                      what was complete with the word ``MARKED`` before
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__(walk_ports(config) | {
            "issue": Out(issue_layout(config)), "settings": Out(settings_layout(config)),
            "mark": Out(mark_layout(config)),
        })

    def _fetch(self, m):
        """The next descriptor and its η m."""
        m.submodules.fetch = fetch = DescriptorFetch(
            self.data.shape(), depth=self.config.projections)
        modulator = Signal(signed(18))
        m.d.comb += [
            fetch.start.eq(self.may_fetch & fetch.ready), self.fetched_done.eq(fetch.start),
            fetch.count.eq(self.count), self.number.eq(fetch.number),
            fetch.arrived.eq(self.data), fetch.a.eq(self.data.rate_mantissa[:17]),
            # The last of a walk arrive when the next may have begun.
            fetch.b.eq(delayed(m, modulator, READ_DESCRIPTOR - 1, "modulator"))]
        with m.If(fetch.start):
            m.d.sync += modulator.eq(
                Mux(self.fetched[0], self.header_1.modulator, self.header_0.modulator))
        return fetch, shift_round(fetch.product, 14)

    def elaborate(self, platform):
        m = Module()
        fetch, rate = self._fetch(m)
        running, to_take, flags, ended = Signal(), Signal(self.count.shape()), Signal(6), Signal()
        parity, goes, some_left, starts = Signal(), Signal(), Signal(), Signal()
        # Whether a descriptor of this step waits, known from a register.
        offered, counted = Signal(), Signal()
        m.d.sync += [counted.eq(self.count != 0),
                     offered.eq(fetch.coming & Mux(starts, counted, some_left))]
        word = self._walk(m, fetch, offered, goes, ended)
        waiting, ready, aside = self._wait(m, word, goes)
        m.submodules.settings = store = SettingsStore(self.config)
        m.d.comb += [store.written[name].eq(rate if name == "rate" else fetch.descriptor[name])
                     for name in store.written.shape().members]
        m.d.comb += [
            # A descriptor is there still at the clock after it was taken.
            store.written_place.eq(word.place + 1),
            store.place.eq(waiting.place), self.settings.eq(store.settings),
            self.issued_done.eq(ended),
            ended.eq(running & ~(word.valid | aside | waiting.valid | some_left))]
        with m.If(fetch.take):
            m.d.sync += [to_take.eq(to_take - 1), some_left.eq(to_take != 1)]
        with m.If(ended):
            m.d.sync += running.eq(0)
        m.d.comb += starts.eq(~running & self.may_issue)
        with m.If(starts):
            m.d.sync += [
                running.eq(1), to_take.eq(self.count), some_left.eq(counted),
                parity.eq(self.issued[0]),
                flags.eq(Mux(self.issued[0], self.header_1.flags, self.header_0.flags))]

        if self.config.eligibility:
            modulator = Signal(signed(18), name="issued_modulator")
            m.d.comb += [self.issue.integrate.eq((flags & Flag.INTEGRATE).any()),
                         self.issue.modulator.eq(modulator)]
            with m.If(starts):
                m.d.sync += modulator.eq(
                    Mux(self.issued[0], self.header_1.modulator, self.header_0.modulator))

        issue, mark = self.issue, self.mark
        m.d.comb += [issue[name].eq(waiting[name]) for name in _visit(self.config)
                     if name != "valid"]
        m.d.comb += [
            issue.valid.eq(ready), issue.parity.eq(parity),
            issue.learn.eq((flags & Flag.LEARN).any()),
            issue.reset_state.eq((flags & Flag.RESET_STATE).any()),
            issue.reset_trace.eq((flags & Flag.RESET_TRACE).any())]
        limit = delayed(m, waiting.mark_limit, 1, "mark_limit")
        marks, slot = delayed(m, ready & waiting.marks, 1, "marks"), delayed(
            m, waiting.mark, 1, "mark_slot")
        m.d.sync += [mark.valid.eq(marks & (slot <= limit)), mark.slot.eq(slot),
                     mark.ended.eq(delayed(m, ended, 1, "ended"))]
        return m

    def _wait(self, m, word, goes):
        """The word that waits, whether it goes now, and whether another has stepped aside."""
        waiting, aside = (
            Signal(_word_layout(self.config), name=name) for name in ("waiting", "aside"))
        ready = Signal()
        # Another register than ``aside.valid``, for the walk: many hang on that one.
        moves, room, all_left = Signal(), Signal(init=1), self.left == self.issued
        m.d.comb += [goes.eq(word.valid & room), moves.eq(~waiting.valid | ready)]
        following = Mux(aside.valid, aside, word)
        with m.If(moves):
            m.d.sync += [waiting.eq(following), aside.valid.eq(0), room.eq(1)]
        with m.Elif(goes):
            m.d.sync += [aside.eq(word), room.eq(0)]

        def may_go(word):
            return word.valid & (self._passed(word) | all_left)

        m.d.sync += ready.eq(Mux(
            moves, Mux(aside.valid, may_go(aside) & ~(aside.apart & ready),
                       may_go(word) & ~(word.apart & ready)), may_go(waiting)))
        return waiting, ready, aside.valid

    def _passed(self, word):
        """Target and sources of a word have passed in the step before."""
        return (word.target_slot < self.passed) & (word.row_end < self.passed)

    def _walk(self, m, fetch, offered, goes, ended):
        """The word after the one that waits."""
        descriptor, taken, bits = fetch.descriptor, fetch.take, self.config.lane_bits
        current = Signal(fetch.descriptor.shape(), reset_less=True)
        word = Signal(_word_layout(self.config), name="word")
        following, left_targets = (Signal(self.config.slot_bits, name=name)
                                   for name in ("following", "left_targets"))
        left_rows, next_row = (Signal(self.config.row_bits, name=name)
                               for name in ("left_rows", "next_row"))
        last_row, closes, finished, in_step = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            following.eq(next_slot(word.target_slot, self.config)),
            next_row.eq(word.source_row + 1),
            finished.eq(goes & closes),
            taken.eq(offered & (~word.valid | finished)),
            word.is_input.eq(word.source_row < self.input_rows),
            word.fresh.eq(word.first_row & current.fresh)]
        with m.If(goes):
            m.d.sync += [word.word.eq(word.word + 1), word.first.eq(word.last), word.apart.eq(0)]
            with m.If(word.last):
                m.d.sync += [
                    word.target_slot.eq(current.target_slot), word.first_row.eq(0),
                    left_targets.eq(current.target_size), word.last.eq(current.single),
                    left_rows.eq(left_rows - 1), last_row.eq(left_rows == 2),
                    closes.eq(current.single & (left_rows == 2)),
                    # The projection that follows, now or later, compares its first row to the last.
                    word.source_row.eq(Mux(closes, word.source_row, next_row)),
                    word.trace_row.eq(word.trace_row + 1),
                    word.row_end.eq(Mux(left_rows == 2, current.source_last,
                                        (next_row << bits) | (self.config.lanes - 1)))]
            with m.Else():
                m.d.sync += [word.target_slot.eq(following), left_targets.eq(left_targets - 1),
                             word.last.eq(left_targets == 2),
                             closes.eq((left_targets == 2) & last_row)]
        with m.If(taken):
            first_row = descriptor.source_row
            m.d.sync += [
                word.valid.eq(1), current.eq(descriptor), in_step.eq(1),
                word.target_slot.eq(descriptor.target_slot), word.word.eq(descriptor.word),
                word.source_row.eq(first_row), word.trace_row.eq(descriptor.trace_row),
                word.first_row.eq(1), word.last.eq(descriptor.single),
                # A run of visits goes on where the projection before ended with the same row.
                word.first.eq(~(in_step & (word.source_row == first_row))),
                word.apart.eq(descriptor.single | (in_step & current.single)),
                left_targets.eq(descriptor.target_size), left_rows.eq(descriptor.source_rows),
                last_row.eq(descriptor.source_rows == 1),
                closes.eq(descriptor.single & (descriptor.source_rows == 1)),
                word.row_end.eq(Mux(descriptor.source_rows == 1, descriptor.source_last,
                                    (first_row << bits) | (self.config.lanes - 1))),
                word.place.eq(word.place + 1)]
        with m.Elif(finished):
            m.d.sync += word.valid.eq(0)
        with m.If(ended):
            m.d.sync += in_step.eq(0)
        self._mark(m, current, word, last_row, closes, following, next_row)
        return word

    def _mark(self, m, current, word, last_row, closes, following, next_row):
        """Which sums are complete after the word; it ``closes`` its projection or does not."""
        bits = self.config.lane_bits
        with m.Switch(current.release):
            with m.Case(Release.TARGETS):
                m.d.comb += [word.mark.eq(following), word.marks.eq(last_row)]
            with m.Case(Release.SOURCES):
                m.d.comb += [word.mark.eq(next_row << bits), word.marks.eq(word.last)]
        m.d.comb += word.mark_limit.eq(current.release_cap)
        with m.If(closes):
            m.d.comb += [word.mark.eq(current.released), word.marks.eq(1),
                         word.mark_limit.eq(~0)]
