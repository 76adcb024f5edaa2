"""A design with some of everything that a tile of logic can hold, for the tests of placements."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.backward import BackwardSums

__all__ = ["Stirred"]

ROUNDS = 24


class Stirred(wiring.Component):
    """Rounds of xorshift, half of them on demand, then sums: tables and registers with and without
    an enable, carry chains, distributed memory and a block RAM."""

    value: In(32)
    stir: In(1)
    mixed: Out(48)

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = sums = BackwardSums(depth=16, block=True)
        word = self.value
        for number in range(ROUNDS):
            following = Signal(32, name=f"word_{number}")
            stirred = word ^ word.rotate_left(5 + number) ^ (word & word.rotate_left(13))
            if number % 2:
                m.d.sync += following.eq(stirred)
            else:
                with m.If(self.stir):
                    m.d.sync += following.eq(stirred)
            word = following
        m.d.comb += [sums.valid.eq(1), sums.first.eq(word[31]), sums.last.eq(word[30]),
                     sums.row.eq(word[:4]), sums.read_row.eq(word[4:8]), sums.product.eq(word),
                     sums.parity.eq(word[29]), self.mixed.eq(sums.sum)]
        return m
