"""The one multiplier through which all products of the core go."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["OPERAND_WIDTH", "Multiplier"]

OPERAND_WIDTH = 18
"""Widest operand: one multiplier block of an ECP5."""


class Multiplier(wiring.Component):
    """``product = a × b``, signed 18 × 18 → 36 bits, with registers at its inputs and its output.

    Latency 2 clocks, one product per clock; cost: one multiplier block.

    Members
    -------
    a, b : In(signed(18))
    product : Out(signed(36))
    """

    a: In(signed(OPERAND_WIDTH))
    b: In(signed(OPERAND_WIDTH))
    product: Out(signed(2 * OPERAND_WIDTH))

    latency = 2

    def elaborate(self, platform):
        m = Module()
        a = Signal(signed(OPERAND_WIDTH), reset_less=True)
        b = Signal(signed(OPERAND_WIDTH), reset_less=True)
        product = Signal(signed(2 * OPERAND_WIDTH), reset_less=True)
        m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b)]
        m.d.comb += self.product.eq(product)
        return m
