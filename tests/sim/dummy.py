"""A small component with the ports of the core, simple enough to predict.

A frame is one word with its length n, then n words; the result is the n running sums of the words,
each multiplied by ``factor``, and one word more: the frame's length.  The bus, served between
frames, reaches 64 words of memory, and at address 255 the number of frames.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

FRAMES = 255


class Dummy(wiring.Component):
    frame_data: In(32)
    frame_valid: In(1)
    frame_ready: Out(1)
    frame_abort: In(1)
    result_data: Out(32)
    result_valid: Out(1)
    result_ready: In(1)
    bus_request: In(1)
    bus_write: In(1)
    bus_address: In(24)
    bus_write_data: In(32)
    bus_acknowledge: Out(1)
    bus_read_data: Out(32)

    def __init__(self, *, factor: int = 3):
        if factor < 1:
            raise ValueError(f"factor = {factor} must be at least 1")
        self.factor = factor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=32, depth=64, init=[])
        write, read = words.write_port(), words.read_port()
        total, left, size, frames = Signal(32), Signal(32), Signal(32), Signal(32)
        m.d.comb += [
            write.addr.eq(self.bus_address), read.addr.eq(self.bus_address),
            write.data.eq(self.bus_write_data),
            self.bus_read_data.eq(read.data),
        ]
        with m.If(self.bus_address == FRAMES):
            m.d.comb += self.bus_read_data.eq(frames)
        with m.If(self.result_valid & self.result_ready):
            m.d.sync += self.result_valid.eq(0)
        with m.FSM():
            with m.State("Idle"):
                m.d.comb += self.frame_ready.eq(~self.bus_request)
                with m.If(self.bus_request):
                    m.next = "Serve"
                with m.Elif(self.frame_valid):
                    m.d.sync += [size.eq(self.frame_data), left.eq(self.frame_data), total.eq(0)]
                    m.next = "Sum"
            with m.State("Serve"):
                m.d.comb += [self.bus_acknowledge.eq(self.bus_request),
                             write.en.eq(self.bus_request & self.bus_write)]
                m.next = "Idle"
            with m.State("Sum"), m.If(~self.result_valid | self.result_ready):
                with m.If(left == 0):
                    m.d.sync += [self.result_valid.eq(1), self.result_data.eq(size),
                                 frames.eq(frames + 1)]
                    m.next = "Idle"
                with m.Else():
                    m.d.comb += self.frame_ready.eq(1)
                    with m.If(self.frame_valid):
                        m.d.sync += [total.eq(total + self.frame_data), left.eq(left - 1),
                                     self.result_valid.eq(1),
                                     self.result_data.eq((total + self.frame_data)
                                                         * self.factor)]
                    with m.Elif(self.frame_abort):
                        m.next = "Idle"
        return m
