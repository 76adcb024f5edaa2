"""Results to AXI4-Stream: TLAST marks the last word of each."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ResultGate"]

AHEAD = 4
"""Frames that may have begun and not been answered: more than a core ever holds."""


class ResultGate(wiring.Component):
    """A register of a word behind the core's results, which wait in the core while it is taken.

    words, probes      of a result, and those that one adds whose frame probes
    begun, probing     strobe: the core took the first word of a frame
    room, running      whether another frame may begin; whether a result is still in the core
    result_*           the core's stream
    given              strobe: a result is complete

    Latency: 1 clock.  Throughput: a word per clock.
    """

    def __init__(self):
        super().__init__({
            "result_data": In(32), "result_valid": In(1), "result_ready": Out(1),
            "words": In(16), "probes": In(16), "begun": In(1), "probing": In(1),
            "room": Out(1), "running": Out(1), "given": Out(1),
            "m_axis_tdata": Out(32), "m_axis_tvalid": Out(1), "m_axis_tready": In(1),
            "m_axis_tlast": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.begun = begun = fifo.SyncFIFO(width=1, depth=AHEAD)
        place, last, moved = Signal(17), Signal(), Signal()
        m.d.comb += [
            begun.w_data.eq(self.probing), begun.w_en.eq(self.begun), begun.r_en.eq(self.given),
            self.room.eq(begun.w_rdy), self.running.eq(begun.r_rdy),
            last.eq(place + 1 == self.words + Mux(begun.r_data, self.probes, 0)),
            self.result_ready.eq(~self.m_axis_tvalid | self.m_axis_tready),
            moved.eq(self.result_valid & self.result_ready), self.given.eq(moved & last)]
        with m.If(self.result_ready):
            m.d.sync += [self.m_axis_tvalid.eq(self.result_valid), self.m_axis_tlast.eq(last),
                         self.m_axis_tdata.eq(self.result_data)]
        with m.If(moved):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
        return m
