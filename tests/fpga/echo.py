"""A design for a board that is quickly routed, with the pins of a core behind its link."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam

__all__ = ["Echo"]


class Echo(wiring.Component):
    """What comes in goes out, by way of a multiplier and a block RAM."""

    rx: In(1)
    tx: Out(1)
    heartbeat: Out(1)
    learning: Out(1)
    error: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier()
        m.submodules.ram = ram = BlockRam(width=36, depth=100, output_register=True)
        count = Signal(24)
        m.d.sync += count.eq(count + 1)
        m.d.comb += [
            multiplier.a.eq(count[:18]), multiplier.b.eq(count[6:]),
            ram.write_data.eq(multiplier.product), ram.write.eq(self.rx),
            ram.write_address.eq(count), ram.read_address.eq(count[8:]),
            self.tx.eq(ram.read_data.xor()), self.heartbeat.eq(count[-1]),
            self.learning.eq(ram.read_data[3]), self.error.eq(self.rx)]
        return m
