"""AXI4-Stream to frames: a packet is a frame, and only a whole one of the right length counts."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.link.executor import FLAGS_AT
from model.program import Flag

__all__ = ["FrameGate"]

FRAME_BITS = 24
"""Bits of a word that the core looks at."""


class FrameGate(wiring.Component):
    """Two buffers of a frame each: one is filled while the other one is given to the core.

    A frame is given on when its last word has come, so that a source that stops in the middle stops
    nobody else, and a packet of a wrong length leaves no trace in the core.

    words              of a frame; 0: none is right
    live               a packet that finds no buffer is dropped instead of waiting
    hold, room         whether another frame may begin
    frame_*            the core's stream; ``running`` while a frame is being given to it
    waiting            a whole frame waits
    begun, probing     strobe: the core took a frame's first word, which says whether it probes
    taken, overrun, malformed   strobes: the core has it all; a packet was dropped

    Latency: the frame, and 3 clocks.  Throughput: a word per clock, and a clock between frames.
    Cost: a memory of 2 × 24 bits for each word of the largest frame.
    """

    def __init__(self, config: Config):
        self.most = 1 + config.inputs + config.outputs
        super().__init__({
            "s_axis_tdata": In(32), "s_axis_tvalid": In(1), "s_axis_tready": Out(1),
            "s_axis_tlast": In(1), "words": In(16), "live": In(1), "hold": In(1), "room": In(1),
            "frame_data": Out(32), "frame_valid": Out(1), "frame_ready": In(1),
            "running": Out(1), "waiting": Out(1), "begun": Out(1), "probing": Out(1),
            "taken": Out(1), "overrun": Out(1), "malformed": Out(1)})

    def elaborate(self, platform):
        m = Module()
        bits = (self.most - 1).bit_length()
        m.submodules.store = store = memory.Memory(shape=FRAME_BITS, depth=2 << bits, init=[])
        read, write = store.read_port(), store.write_port()
        full, lengths = Signal(2), [Signal(range(self.most + 2), name=f"length_{buffer}")
                                    for buffer in (0, 1)]
        filled, emptied = Signal(2), Signal(2)
        m.d.sync += full.eq(full & ~emptied | filled)
        m.d.comb += self.waiting.eq(full.any())
        self._fill(m, write, bits, full, filled, lengths)
        self._empty(m, read, bits, full, emptied, lengths)
        return m

    def _fill(self, m, write, bits, full, filled, lengths):
        """Packets into the buffers, by turns; one that is too long has the length ``most`` + 1."""
        buffer, place, dropping, awake = Signal(), Signal(range(self.most + 1)), Signal(), Signal()
        free, last = Signal(), self.s_axis_tlast
        moved = self.s_axis_tvalid & self.s_axis_tready
        m.d.sync += awake.eq(1)
        m.d.comb += [
            # A buffer that is being filled is free until the packet's end.
            free.eq(~full.bit_select(buffer, 1)),
            self.s_axis_tready.eq(awake & (free | dropping | self.live)),
            write.addr.eq(Cat(place[:bits], buffer)), write.data.eq(self.s_axis_tdata),
            write.en.eq(moved & ~dropping & free)]
        with m.If(moved):
            with m.If(dropping):
                m.d.sync += dropping.eq(~last)
            with m.Elif(~free):
                m.d.comb += self.overrun.eq(1)
                m.d.sync += dropping.eq(~last)
            with m.Else():
                m.d.sync += place.eq(place + (place != self.most))
                with m.If(last):
                    m.d.sync += [place.eq(0), buffer.eq(~buffer)]
                    m.d.comb += filled.bit_select(buffer, 1).eq(1)
                    for number, length in enumerate(lengths):
                        with m.If(buffer == number):
                            m.d.sync += length.eq(place + 1)

    def _empty(self, m, read, bits, full, emptied, lengths):
        """Buffers to the core, by turns."""
        buffer, place, following = Signal(), Signal(bits), Signal(bits)
        length = Signal.like(lengths[0])
        ends, there = Signal(), full.bit_select(buffer, 1)
        m.d.comb += [
            length.eq(lengths[0]), following.eq(place), read.addr.eq(Cat(following, buffer)),
            self.frame_data.eq(read.data), ends.eq(place + 1 == length),
            self.probing.eq((read.data[FLAGS_AT:] & Flag.PROBE).any())]
        with m.If(buffer):
            m.d.comb += length.eq(lengths[1])
        m.d.sync += place.eq(following)

        def done():
            m.d.comb += emptied.bit_select(buffer, 1).eq(1)
            m.d.sync += [place.eq(0), buffer.eq(~buffer)]

        with m.FSM():
            with m.State("WAIT"):
                with m.If(there & (length != self.words)):
                    m.d.comb += self.malformed.eq(1)
                    done()
                with m.Elif(there & self.room & ~self.hold):
                    m.next = "GIVE"
            with m.State("GIVE"):
                # What is offered stays: the core may look a clock late.
                m.d.comb += [self.running.eq(1), self.frame_valid.eq(1)]
                with m.If(self.frame_ready):
                    m.d.comb += [following.eq(place + 1), self.begun.eq(place == 0)]
                    with m.If(ends):
                        m.d.comb += self.taken.eq(1)
                        done()
                        m.next = "WAIT"
