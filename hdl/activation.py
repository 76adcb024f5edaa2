"""Activation functions as interpolated tables in block RAM, the twin of ``model/activation.py``."""

from amaranth import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.fixed import narrow, shift_round
from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam
from model.activation import SEGMENT_BITS, SEGMENTS
from model.formats import ARGUMENT, RATE, SLOPE
from model.program import TABLE_SLOTS

__all__ = ["ENTRY_WIDTH", "Activation", "TablePort"]

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
    """Rate φ(s) and slope φ'(s), each interpolated linearly between the knots of a table.

    ``φ(s) = φ_k + (Δφ_k · position) / 4096``, rounded half up, where the top 8 bits of s choose the
    segment k and the low 12 are the position; the slope likewise.  The sum of a knot and its
    difference must fit 18 bits, as in every table of ``model.activation.table``.

    Latency 5 clocks, one argument per clock; cost: 2 multipliers, 4 block RAMs of 1024 × 18 bits.

    Members
    -------
    valid : In(1), an argument enters, which then has the tables; else the host has
    slot : In(2);  s : In(signed(20))
    rate, slope : Out(signed(18))
    host : In(TablePort)
    """

    valid: In(1)
    slot: In(SLOT_BITS)
    s: In(signed(ARGUMENT.width))
    rate: Out(signed(RATE.width))
    slope: Out(signed(SLOPE.width))
    host: In(TablePort())

    latency = 5
    read_latency = 3

    def elaborate(self, platform):
        m = Module()
        # s is signed and segments count from −8: flip the sign bit.
        row = Signal(ROW_BITS)
        m.d.comb += row.eq(Mux(self.valid, Cat(self.s[SEGMENT_BITS:] ^ SEGMENTS // 2, self.slot),
                               self.host.address[2:]))
        position, held_position = (Signal(SEGMENT_BITS, reset_less=True) for _ in range(2))
        column, held_column = (Signal(2, reset_less=True) for _ in range(2))
        m.d.sync += [
            position.eq(self.s[:SEGMENT_BITS]), held_position.eq(position),
            column.eq(self.host.address[:2]), held_column.eq(column),
        ]
        entries = [self._column(m, row, number) for number in range(COLUMNS)]
        for name, (knot, difference), result in (("rate", entries[:2], self.rate),
                                                 ("slope", entries[2:], self.slope)):
            m.submodules[f"{name}_multiplier"] = multiplier = Multiplier()
            m.d.comb += [multiplier.a.eq(difference), multiplier.b.eq(Cat(held_position, 0))]
            held, again = (Signal(signed(ENTRY_WIDTH), reset_less=True) for _ in range(2))
            interpolated = Signal(signed(ENTRY_WIDTH), reset_less=True)
            m.d.sync += [
                held.eq(knot), again.eq(held),
                interpolated.eq(narrow(again + shift_round(multiplier.product, SEGMENT_BITS),
                                       ENTRY_WIDTH)),
            ]
            m.d.comb += result.eq(interpolated)
        m.d.sync += self.host.read_data.eq(Array(entries)[held_column])
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
