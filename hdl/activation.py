"""Activation functions as interpolated tables in block RAM, the twin of ``model/activation.py``."""

from amaranth import Array, Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.fixed import narrow, shift_round
from hdl.pipeline import Pipeline, Staged
from hdl.primitives.block_ram import BlockRam
from model.activation import SEGMENT_BITS, SEGMENTS
from model.formats import ARGUMENT, RATE
from model.program import TABLE_SLOTS

__all__ = ["ENTRY_WIDTH", "Activation", "TablePort", "interpolate"]

ENTRY_WIDTH = RATE.width
"""Bits of one entry, φ, Δφ, φ' or Δφ'."""
COLUMNS = 4
SLOT_BITS = (TABLE_SLOTS - 1).bit_length()
ROW_BITS = SLOT_BITS + (SEGMENTS - 1).bit_length()
ADDRESS_BITS = ROW_BITS + (COLUMNS - 1).bit_length()


class TablePort(wiring.Signature):
    """How the host reads and writes the tables, entry by entry, while no neuron is in flight.

    Members
    -------
    address : Out(12), slot (2 bits), segment (8), column (2; φ, Δφ, φ', Δφ'), the last one lowest
    write_enable : Out(1);  write_data : Out(signed(18))
    read_data : In(signed(18)), valid ``Activation.read_latency`` clocks after the address
    """

    def __init__(self):
        super().__init__({
            "address": Out(ADDRESS_BITS),
            "write_enable": Out(1),
            "write_data": Out(signed(ENTRY_WIDTH)),
            "read_data": In(signed(ENTRY_WIDTH)),
        })


class Activation(wiring.Component):
    """The tables of φ and φ': the knots around an argument, and where it lies between them.

    The top 8 bits of s choose the segment, the low 12 are the position in it.

    Latency 2 clocks, one argument per clock; cost: 4 block RAMs of 1024 × 18 bits.

    Members
    -------
    valid : In(1), an argument enters, which then has the tables; else the host has
    slot : In(2);  s : In(signed(20))
    entry_0 … entry_3 : Out(signed(18)), φ, Δφ, φ', Δφ'
    position : Out(12)
    host : In(TablePort)
    """

    latency = 2
    read_latency = 3

    def __init__(self):
        super().__init__({
            "valid": In(1), "slot": In(SLOT_BITS), "s": In(signed(ARGUMENT.width)),
            **{f"entry_{number}": Out(signed(ENTRY_WIDTH)) for number in range(COLUMNS)},
            "position": Out(unsigned(SEGMENT_BITS)), "host": In(TablePort())})

    def elaborate(self, platform):
        m = Module()
        # s is signed and segments count from −8: flip the sign bit.
        row = Signal(ROW_BITS)
        m.d.comb += row.eq(Mux(self.valid, Cat(self.s[SEGMENT_BITS:] ^ SEGMENTS // 2, self.slot),
                               self.host.address[2:]))
        column = delayed(m, self.host.address[:2], 2, "column")
        entries = [self._column(m, row, number) for number in range(COLUMNS)]
        m.d.comb += [getattr(self, f"entry_{number}").eq(entry)
                     for number, entry in enumerate(entries)]
        m.d.comb += self.position.eq(
            delayed(m, self.s[:SEGMENT_BITS], self.latency, "position"))
        m.d.sync += self.host.read_data.eq(Array(entries)[column])
        return m

    def _column(self, m, row, number):
        """One column in a block RAM of its own: two clocks after ``row``."""
        m.submodules[f"column_{number}"] = table = BlockRam(
            width=ENTRY_WIDTH, depth=TABLE_SLOTS * SEGMENTS, output_register=True)
        mine = self.host.write_enable & ~self.valid & (self.host.address[:2] == number)
        m.d.comb += [
            table.read_address.eq(row), table.write.eq(delayed(m, mine, 1, "mine")),
            table.write_address.eq(delayed(m, self.host.address[2:], 1, "write_address")),
            table.write_data.eq(delayed(m, self.host.write_data, 1, "write_data"))]
        return table.read_data.as_signed()


def interpolate(pipe: Pipeline, activation: Activation, stage: int) -> tuple[Staged, Staged]:
    """(φ(s), φ'(s)) of what :class:`Activation` tells at this ``stage``.

    ``φ(s) = φ_k + (Δφ_k · position) / 4096``, rounded half up; the slope likewise.  The sum of a
    knot and its difference must fit 18 bits, as in every table of ``model.activation.table``.

    3 stages, 2 products; the slope, for which nobody waits before the error is there, may be told
    up to 3 stages later where multipliers are shared.
    """
    position = pipe.enter(Cat(activation.position, Const(0, 1)).as_signed(), stage)
    values = []
    for first, slack in ((0, 0), (2, 3)):
        knot, difference = (pipe.enter(getattr(activation, f"entry_{number}"), stage)
                            for number in (first, first + 1))
        product = pipe.product(difference, position, slack=slack)
        values.append(pipe.then(
            lambda knot, product: narrow(knot + shift_round(product, SEGMENT_BITS), ENTRY_WIDTH),
            knot, product))
    return tuple(values)
