"""Exact sums of products, one accumulator per slot, cleared by the step itself.

Every word carries the parity of the step it belongs to: a sum of the other parity counts as zero,
so nothing has to be swept between steps.
"""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.memory import HOST
from model.formats import SUM

__all__ = ["Accumulator"]

Word = data.StructLayout({"sum": signed(SUM.width), "parity": unsigned(1)})


class Accumulator(wiring.Component):
    """``depth`` sums of 48 bits; adds one addend per clock, any address at any time.

    add, add_address, addend   at stage 0; the sum is in memory at the end of that clock
    read_address → total       combinational read of one sum (0 if this step has not touched it)
    parity                     parity of the current step
    host                       writes zero to a sum (the host's data are ignored)

    Cost: two copies of a distributed memory (one read by the adder, one by the neurons).
    """

    def __init__(self, *, depth: int):
        self.depth = depth
        address = unsigned(max(1, (depth - 1).bit_length()))
        super().__init__({
            "add": In(1), "add_address": In(address), "addend": In(signed(SUM.width)),
            "read_address": In(address), "total": Out(signed(SUM.width)),
            "parity": In(1), "host": In(HOST),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = store = memory.Memory(shape=Word, depth=max(2, self.depth), init=[])
        old, out = store.read_port(domain="comb"), store.read_port(domain="comb")
        write = store.write_port()
        base = Signal(signed(SUM.width))
        m.d.comb += [
            old.addr.eq(self.add_address),
            base.eq(Mux(old.data.parity == self.parity, old.data.sum, 0)),
            write.addr.eq(Mux(self.host.active, self.host.offset, self.add_address)),
            write.data.sum.eq(Mux(self.host.active, 0, base + self.addend)),
            write.data.parity.eq(self.parity),
            write.en.eq(Mux(self.host.active, self.host.write, self.add)),
            out.addr.eq(self.read_address),
            self.total.eq(Mux(out.data.parity == self.parity, out.data.sum, 0)),
        ]
        return m
