"""The link's own region of the address map: counters, the shape of frames, the description."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.link.commands import INFO_OFFSET, LINK_REGISTERS
from hdl.link.info import info_words

__all__ = ["COUNTERS", "LinkRegisters"]

COUNTERS = ("bad_packets", "overruns", "repeats", "gaps")
COUNT_BITS = 16
SIZES = ("frame_words", "result_words", "probe_words")


class LinkRegisters(wiring.Component):
    """``info`` is the description, bytes; it is padded with zeros to whole words.

    request, acknowledge   as the core's bus, 2 clocks a word; ``offset`` within the region
    hit_*                  strobes of the counters
    reset                  strobe: the core is to be reset
    head … probe_words     what the host wrote; ``clear`` makes the sizes zero
    """

    def __init__(self, *, info: bytes):
        self.info = info
        super().__init__(
            {"request": In(1), "write": In(1), "offset": In(11), "write_data": In(32),
             "acknowledge": Out(1), "read_data": Out(32), "clear": In(1), "reset": Out(1),
             "head": Out(24), "shared_head": Out(1)}
            | {name: Out(16) for name in SIZES} | {f"hit_{name}": In(1) for name in COUNTERS})

    def elaborate(self, platform):
        m = Module()
        words = info_words(self.info)
        m.submodules.text = text = memory.Memory(shape=32, depth=max(2, len(words)), init=words)
        description = text.read_port()
        register, served = Signal(32), Signal()
        written = self.request & self.write & ~served
        m.d.sync += served.eq(self.request & ~served)
        m.d.comb += [
            description.addr.eq(self.offset), self.acknowledge.eq(served),
            self.read_data.eq(Mux(self.offset[INFO_OFFSET.bit_length() - 1], description.data,
                                  register))]

        network = Signal(32)
        values = {"info_words": len(words), "network": network}
        for name in COUNTERS:
            values[name] = count = Signal(COUNT_BITS, name=name)
            with m.If(getattr(self, f"hit_{name}") & ~count.all()):
                m.d.sync += count.eq(count + 1)
        with m.Switch(self.offset):
            for name, value in values.items():
                with m.Case(LINK_REGISTERS[name].offset):
                    m.d.sync += register.eq(value)
            with m.Default():
                m.d.sync += register.eq(0)
        targets = {name: getattr(self, name) for name in SIZES}
        targets |= {"head": Cat(self.head, self.shared_head), "network": network}
        with m.If(written), m.Switch(self.offset):
            for name, target in targets.items():
                with m.Case(LINK_REGISTERS[name].offset):
                    m.d.sync += target.eq(self.write_data)
        with m.If(self.clear):
            m.d.sync += [getattr(self, name).eq(0) for name in SIZES]
        m.d.comb += self.reset.eq(written & (self.offset == LINK_REGISTERS["reset"].offset))
        with m.If(self.reset):
            m.d.sync += network.eq(0)
        return m
