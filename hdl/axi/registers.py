"""What the AXI wrapper says of itself and is told: one table, from which come the hardware and
docs/registers.md."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.axi.lite import ACCESS, Response
from hdl.link.commands import INFO_OFFSET, Register
from hdl.link.info import info_words

__all__ = ["AXI_REGISTERS", "AxiRegisters", "COUNTERS", "EVENTS"]

EVENTS = {"overrun": "overruns", "malformed": "malformed_frames", "refused": "refused_accesses"}
"""What can raise the interrupt, from bit 0 up, and the counter of each."""
COUNTERS = ("frames", "results", *EVENTS.values())
COUNT_BITS = 32
_EVENT_BITS = ", ".join(f"bit {bit}: {name}" for bit, name in enumerate(EVENTS))
_READ, _BOTH, _COUNT = "read", "read, write", "; a write makes it zero"

AXI_REGISTERS = {
    "status": Register(0, _READ, "bit 0: a frame or its result is under way in the core; bit 1: a "
                                 "frame waits"),
    "control": Register(1, _BOTH, "bit 0, hold: begin no frame; bit 1, live: a frame that finds no "
                                  "room is dropped and does not wait"),
    "events": Register(2, _BOTH, f"what happened: {_EVENT_BITS}; writing ones clears them"),
    "enable": Register(3, _BOTH, "which events raise the interrupt"),
    "frames": Register(4, _BOTH, f"frames that the core took{_COUNT}"),
    "results": Register(5, _BOTH, f"results that the core gave{_COUNT}"),
    "overruns": Register(6, _BOTH, f"frames dropped because there was no room{_COUNT}"),
    "malformed_frames": Register(7, _BOTH, f"frames dropped for a wrong length{_COUNT}"),
    "refused_accesses": Register(8, _BOTH, f"accesses answered with an error{_COUNT}"),
    "frame_words": Register(9, _READ, "words of a frame of the loaded network; 0: none is loaded"),
    "result_words": Register(10, _READ, "words of a result without probes"),
    "info_words": Register(11, _READ, "words of the description"),
}
"""Registers by name; counters have 32 bits and stay at their largest value."""


class AxiRegisters(wiring.Component):
    """``info`` is the description, bytes; it is padded with zeros to whole words.

    access            with 11 bits of its address; served in 2 clocks
    running, waiting, frame_words, result_words   to be read
    hit_*             strobes of the counters; those of EVENTS are events besides
    hold, live        what was written to ``control``
    interrupt         high while an enabled event has not been cleared
    """

    def __init__(self, *, info: bytes):
        self.info = info
        super().__init__(
            {"access": In(ACCESS), "running": In(1), "waiting": In(1), "frame_words": In(16),
             "result_words": In(16), "hold": Out(1), "live": Out(1), "interrupt": Out(1)}
            | {f"hit_{name}": In(1) for name in COUNTERS})

    def elaborate(self, platform):
        m = Module()
        access = self.access
        words = info_words(self.info)
        m.submodules.text = text = memory.Memory(shape=32, depth=max(2, len(words)), init=words)
        description = text.read_port()
        offset, served = access.address[:(2 * INFO_OFFSET - 1).bit_length()], Signal()
        described = offset[-1]
        written = access.request & access.write & ~served
        mask = Cat(strobe.replicate(8) for strobe in access.strobes)
        m.d.sync += served.eq(access.request & ~served)

        control, events = Signal(2), Signal(len(EVENTS))
        enable, counters = Signal(len(EVENTS)), {}
        values = {"status": Cat(self.running, self.waiting), "control": control, "events": events,
                  "enable": enable, "frame_words": self.frame_words,
                  "result_words": self.result_words, "info_words": len(words)}
        for name in COUNTERS:
            values[name] = counters[name] = Signal(COUNT_BITS, name=name)
        register, response = Signal(32), Signal(Response)
        with m.Switch(offset):
            for name, one in AXI_REGISTERS.items():
                with m.Case(one.offset):
                    refused = access.write & (one.access == _READ)
                    m.d.sync += [register.eq(values[name]),
                                 response.eq(Mux(refused, Response.SLVERR, Response.OKAY))]
            with m.Default():
                m.d.sync += [register.eq(0), response.eq(
                    Mux(described, Mux(access.write, Response.SLVERR, Response.OKAY),
                        Response.DECERR))]
        m.d.comb += [description.addr.eq(offset), access.done.eq(served),
                     access.response.eq(response),
                     access.read_data.eq(Mux(described, description.data, register))]

        # What happens in the clock in which it is cleared is not lost.
        clears = Signal.like(events)
        m.d.sync += events.eq(events & ~clears | Cat(getattr(self, f"hit_{counter}")
                                                     for counter in EVENTS.values()))
        for name, counter in counters.items():
            hit = getattr(self, f"hit_{name}")
            with m.If(written & (offset == AXI_REGISTERS[name].offset) & access.strobes.any()):
                m.d.sync += counter.eq(hit)
            with m.Elif(hit & ~counter.all()):
                m.d.sync += counter.eq(counter + 1)
        with m.If(written), m.Switch(offset):
            for name, target in (("control", control), ("enable", enable)):
                with m.Case(AXI_REGISTERS[name].offset):
                    m.d.sync += target.eq(target & ~mask | access.data & mask)
            with m.Case(AXI_REGISTERS["events"].offset):
                m.d.comb += clears.eq(access.data & mask)
        m.d.comb += Cat(self.hold, self.live).eq(control)
        m.d.sync += self.interrupt.eq((events & enable).any())
        return m
