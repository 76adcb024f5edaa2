"""Exact sums Σ B e of one lane's sources: over the targets of a visit, and over projections.

A row of sources is summed in a register while its targets pass; only its first clock reads the
memory and only its last one writes it.  Every word carries the parity of the step it belongs to: a
sum of the other parity counts as zero, so nothing has to be swept between steps.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.primitives.block_ram import BlockRam
from model.formats import ERROR, SUM

__all__ = ["READ_SUM", "UNREAD", "BackwardSums"]

READ_SUM = 2
"""Clocks from a row to its sum."""
UNREAD = SUM.frac - ERROR.frac - 1
"""Low bits of a sum that rounding it to an error does not look at."""

Word = data.StructLayout({"sum": signed(SUM.width), "parity": unsigned(1)})


class BackwardSums(wiring.Component):
    """``depth`` sums of 48 bits, one product per clock.

    valid, row, parity    a product comes at the next clock, for this row and step
    first, last           it is the first, the last of a run of products for one row; ``first``
                          not where the product before, of the same step, was for the same row too
    product               one clock later; the sum is in memory 3 clocks after the last ``valid``
    read_row → sum        ``READ_SUM`` clocks later, ``UNREAD`` low bits zero, whatever its step: a
                          row that a program visits at all it visits in every step
    clear                 zero the sum of ``row``, a clock later, while nothing is added; the row
                          has been there for 2 clocks and stays

    Between two runs of the same row two other products, or none, must pass.  Cost: a distributed
    memory for the next run to go on from, a block RAM (one DP16KD) for the neurons to read.
    """

    def __init__(self, *, depth: int):
        self.depth = depth
        row = unsigned(max(1, (depth - 1).bit_length()))
        super().__init__({
            "valid": In(1), "row": In(row), "parity": In(1), "first": In(1), "last": In(1),
            "product": In(signed(36)), "read_row": In(row), "sum": Out(signed(SUM.width)),
            "clear": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = store = memory.Memory(shape=Word, depth=max(2, self.depth), init=[])
        old, write = store.read_port(domain="comb"), store.write_port()
        m.submodules.copy = copy = BlockRam(
            width=SUM.width - UNREAD, depth=max(2, self.depth), output_register=True, block=True)
        base, running = (Signal(signed(SUM.width), name=name, reset_less=True)
                         for name in ("base", "running"))
        m.d.comb += old.addr.eq(self.row)
        stale = Signal(reset_less=True)
        m.d.sync += [base.eq(old.data.sum), stale.eq(old.data.parity != self.parity)]
        valid, first, last, row, parity = (
            delayed(m, getattr(self, name), 1, name)
            for name in ("valid", "first", "last", "row", "parity"))
        with m.If(valid):
            m.d.sync += running.eq(self.product + Mux(first, Mux(stale, 0, base), running))
        with m.Elif(self.clear):
            m.d.sync += running.eq(0)
        m.d.comb += [
            write.addr.eq(delayed(m, row, 1, "written_row")),
            write.data.sum.eq(running),
            write.data.parity.eq(delayed(m, parity, 1, "written_parity")),
            write.en.eq(delayed(m, Mux(valid, last, self.clear), 1, "written")),
            copy.write_address.eq(write.addr), copy.write_data.eq(running[UNREAD:]),
            copy.write.eq(write.en), copy.read_address.eq(self.read_row),
            self.sum.eq(Cat(Const(0, UNREAD), copy.read_data).as_signed())]
        return m
