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
from hdl.primitives.local_copy import local_copy
from model.formats import ERROR, SUM

__all__ = ["READ_SUM", "UNREAD", "BackwardSums"]

READ_SUM = 2
"""Clocks from a row to its sum."""
UNREAD = SUM.frac - ERROR.frac - 1
"""Low bits of a sum that rounding it to an error does not look at."""

PIECE = 16
"""Bits of a sum in memory that share an address register: it would take long to reach all."""

Word = data.StructLayout({"sum": signed(SUM.width), "parity": unsigned(1)})


class BackwardSums(wiring.Component):
    """``depth`` sums of 48 bits, one product per clock.

    valid, row, parity    a product comes 2 clocks later, for this row and step
    first, last           it is the first, the last of a run of products for one row; ``first``
                          not where the product before, of the same step, was for the same row too
    product               2 clocks later; the sum is in memory 4 clocks after the last ``valid``
    read_row → sum        ``READ_SUM`` clocks later, ``UNREAD`` low bits zero, whatever its step: a
                          row that a program visits at all it visits in every step
    clear                 zero the sum of ``row``, a clock later, while nothing is added; the row
                          has been there for 3 clocks and stays

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
        write, old = Signal(Word, name="written_word"), Signal(Word, name="old")
        writes, written_row = Signal(), Signal(self.row.shape(), name="written_row")
        for low in range(0, Word.size, PIECE):
            m.submodules[f"memory_{low}"] = store = memory.Memory(
                shape=min(PIECE, Word.size - low), depth=max(2, self.depth), init=[])
            read, port = store.read_port(domain="comb"), store.write_port()
            m.d.comb += [
                read.addr.eq(local_copy(m, self.row, platform, name=f"row_{low}")),
                old.as_value()[low:low + PIECE].eq(read.data), port.addr.eq(written_row),
                port.data.eq(write.as_value()[low:low + PIECE]), port.en.eq(writes)]
        m.submodules.copy = copy = BlockRam(
            width=SUM.width - UNREAD, depth=max(2, self.depth), output_register=True, block=True)
        base, running = (Signal(signed(SUM.width), name=name, reset_less=True)
                         for name in ("base", "running"))
        valid, first, last, row, parity = (
            delayed(m, getattr(self, name), 2, name)
            for name in ("valid", "first", "last", "row", "parity"))
        m.d.sync += base.eq(old.sum)
        with m.If(old.parity != delayed(m, self.parity, 1, "parity_then")):
            m.d.sync += base.eq(0)
        with m.If(valid):
            m.d.sync += running.eq(self.product + Mux(first, base, running))
        with m.Elif(self.clear):
            m.d.sync += running.eq(0)
        m.d.comb += [
            written_row.eq(delayed(m, row, 1, "row_then")), write.sum.eq(running),
            write.parity.eq(delayed(m, parity, 1, "written_parity")),
            writes.eq(delayed(m, Mux(valid, last, self.clear), 1, "writes")),
            copy.write_address.eq(written_row), copy.write_data.eq(running[UNREAD:]),
            copy.write.eq(writes), copy.read_address.eq(self.read_row),
            self.sum.eq(Cat(Const(0, UNREAD), copy.read_data).as_signed())]
        return m
