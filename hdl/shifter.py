"""A barrel shifter that several stages of a pipeline share, as they share multipliers."""

from amaranth import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Shifter"]

WIDTH = 2 * 18 + 3
"""A product, and what it may be shifted left before."""


class Shifter(wiring.Component):
    """``shifted = ⌊value / 2**shift⌋``, by multiples of 8, then by less.

    Latency 2 clocks, one value per clock.

    Members
    -------
    value : In(signed(39));  shift : In(6)
    shifted : Out(signed(39))
    """

    value: In(signed(WIDTH))
    shift: In(6)
    shifted: Out(signed(WIDTH))

    latency = 2

    def elaborate(self, platform):
        m = Module()
        coarse, rest = Signal(signed(WIDTH), reset_less=True), Signal(3, reset_less=True)
        m.d.sync += [coarse.eq(self.value >> Cat(Const(0, 3), self.shift[3:])),
                     rest.eq(self.shift[:3]), self.shifted.eq(coarse >> rest)]
        return m
