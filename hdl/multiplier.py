"""The one multiplier through which all products of the core go."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.primitives.mult18x18d import mult18x18d
from hdl.primitives.technology import Target, Technology

__all__ = ["OPERAND_WIDTH", "Multiplier"]

OPERAND_WIDTH = 18
"""Widest operand: one multiplier block of an ECP5."""
LATENCIES = (2, 3)


class Multiplier(wiring.Component):
    """``product = a × b``, signed 18 × 18 → 36 bits, with registers at its inputs and its output.

    Latency 2 clocks, or 3 with a register amid the product as well; one product per clock; cost:
    one multiplier block, whose own registers these are on an ECP5; tables where none is left.

    Members
    -------
    a, b : In(signed(18))
    product : Out(signed(36))
    """

    a: In(signed(OPERAND_WIDTH))
    b: In(signed(OPERAND_WIDTH))
    product: Out(signed(2 * OPERAND_WIDTH))

    latency = 2

    def __init__(self, *, latency: int = 2):
        if latency not in LATENCIES:
            raise ValueError(f"latency = {latency!r} of a multiplier is neither 2 nor 3 clocks")
        self.latency = latency
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        if Technology.of(platform) is Technology.ECP5 and Target.take_multiplier(platform):
            m.submodules.block = mult18x18d(self.a, self.b, self.product,
                                            pipelined=self.latency == 3)
            return m
        a = Signal(signed(OPERAND_WIDTH), reset_less=True)
        b = Signal(signed(OPERAND_WIDTH), reset_less=True)
        m.d.sync += [a.eq(self.a), b.eq(self.b)]
        value = a * b
        for stage in range(1, self.latency):
            product = Signal(signed(2 * OPERAND_WIDTH), name=f"product_{stage}", reset_less=True)
            m.d.sync += product.eq(value)
            value = product
        m.d.comb += self.product.eq(value)
        return m
