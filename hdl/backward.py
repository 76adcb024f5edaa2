"""Exact sums Σ B e of one lane's sources: over the targets of a visit, and over projections.

A row of sources is summed in a register while its targets pass, from what the memory holds of it,
and the memory is written when they have.  Every row has the parity of the step that its sum belongs
to: a sum of the other parity counts as zero, so nothing has to be swept between steps.  Parities
are read, and written, a clock before the sums: whether one counts is known by then.
"""

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.primitives.block_ram import BlockRam
from hdl.primitives.local_copy import local_copy
from model.formats import ERROR, SUM

__all__ = ["PRODUCT", "READ_SUM", "UNREAD", "BackwardSums"]

PRODUCT = 2
"""Clocks from a row to the product that joins its sum."""
READ_SUM = 2
"""Clocks from a row to its sum."""
UNREAD = SUM.frac - ERROR.frac - 1
"""Low bits of a sum that rounding it to an error does not look at."""

SHORT = 32
"""Sums of which block RAMs are too good for a copy."""

PIECE = 16
"""Bits of a sum that share registers for its address in memory and for the choice before its adder:
it would take long to reach all."""


class BackwardSums(wiring.Component):
    """``depth`` sums of 48 bits, one product per clock.

    valid, row, parity    a product comes 2 clocks later, for this row and step
    first, last           it is the first, the last of a run of products for one row; ``first``
                          not where the product before, of the same step, was for the same row too
    product               2 clocks later; the sum is in memory 4 clocks after the last ``valid``
    read_row → sum        ``READ_SUM`` clocks later, ``UNREAD`` low bits zero, whatever its step: a
                          row that a program visits at all it visits in every step
    clear                 zero the sum of ``row``, 2 clocks later, while nothing is added; the row
                          has been there for 3 clocks and stays

    Between two runs of the same row two other products, or none, must pass.

    0  row: of which step its sum is      1  that sum, or zero, is read
    2  the product joins it               3  written, where the run ends

    Cost: a distributed memory for the next run to go on from, and a copy for the neurons to read:
    distributed, too, or, if ``block`` or with more than ``SHORT`` sums, in a block RAM (a DP16KD).
    """

    def __init__(self, *, depth: int, block: bool = False):
        self.depth, self.block = depth, block
        row = unsigned(max(1, (depth - 1).bit_length()))
        super().__init__({
            "valid": In(1), "row": In(row), "parity": In(1), "first": In(1), "last": In(1),
            "product": In(signed(36)), "read_row": In(row), "sum": Out(signed(SUM.width)),
            "clear": In(1)})

    def elaborate(self, platform):
        m = Module()
        old, writes = Signal(signed(SUM.width), name="old"), Signal()
        valid, first, last, row, parity = (
            [getattr(self, name), *(Signal.like(getattr(self, name), name=f"{name}_{stage}",
                                                reset_less=True) for stage in range(1, end + 1))]
            for name, end in (("valid", 2), ("first", 0), ("last", 2), ("row", 3), ("parity", 2)))
        for values in (valid, first, last, row, parity):
            m.d.sync += [later.eq(earlier) for earlier, later in pairwise(values)]
        begins, forgets = Signal(), Signal()
        base, total, addend = (Signal(signed(SUM.width), name=name, reset_less=True)
                               for name in ("base", "total", "addend"))
        known = self._memory(m, "parities", 1, row[2], parity[2], valid[2] & last[2])
        m.d.comb += known.addr.eq(row[0])
        m.d.sync += [begins.eq(valid[0] & first[0]),
                     forgets.eq(valid[0] & first[0] & (known.data != parity[0]))]
        for low in range(0, SUM.width, PIECE):
            end = min(low + PIECE, SUM.width)
            read = self._memory(m, f"memory_{low}", end - low, row[3], total[low:end], writes)
            begun = local_copy(m, begins, platform, name=f"begun_{low}")
            m.d.comb += [read.addr.eq(local_copy(m, row[0], platform, name=f"row_{low}")),
                         old[low:end].eq(read.data),
                         addend[low:end].eq(Mux(begun, base[low:end], total[low:end]))]
        m.d.sync += base.eq(old)
        with m.If(forgets):
            m.d.sync += base.eq(0)
        clears = delayed(m, self.clear, 1, "clears")
        with m.If(valid[2]):
            m.d.sync += total.eq(addend + self.product)
        with m.If(clears):
            m.d.sync += total.eq(0)
        m.d.sync += writes.eq((valid[2] & last[2]) | clears)
        m.submodules.copy = copy = BlockRam(
            width=SUM.width - UNREAD, depth=max(2, self.depth), output_register=True,
            block=self.block or self.depth > SHORT)
        m.d.comb += [
            copy.write_address.eq(row[3]), copy.write_data.eq(total[UNREAD:]),
            copy.write.eq(writes), copy.read_address.eq(self.read_row),
            self.sum.eq(Cat(Const(0, UNREAD), copy.read_data).as_signed())]
        return m

    def _memory(self, m, name, width, where, value, writes):
        """A distributed memory of a word per row; returns its reading port."""
        m.submodules[name] = store = memory.Memory(shape=width, depth=max(2, self.depth), init=[])
        port = store.write_port()
        m.d.comb += [port.addr.eq(where), port.data.eq(value), port.en.eq(writes)]
        return store.read_port(domain="comb")
