"""The one shifter, and the one place where numbers are limited."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.micro.instruction import WIDTHS

__all__ = ["ACC_WIDTH", "Limiter", "Shifter"]

ACC_WIDTH = 48
"""Bits of the accumulator: an exact sum."""


class Shifter(wiring.Component):
    """``shifted = value >> amount``, or ``value << amount`` with ``left``; combinational.

    half : Out(1)   the last bit shifted out to the right, which rounds half up; else 0
    """

    value: In(signed(ACC_WIDTH))
    amount: In(6)
    left: In(1)
    shifted: Out(signed(ACC_WIDTH))
    half: Out(1)

    def elaborate(self, platform):
        m = Module()
        # A left shift is a right shift of the mirrored word.
        stage = Signal(signed(ACC_WIDTH + 1), name="mirrored")
        fill = self.value[-1] & ~self.left
        m.d.comb += stage.eq(Cat(Const(0, 1), Mux(self.left, self.value[::-1], self.value)))
        for bit in range(6):
            size = min(1 << bit, len(stage))
            moved = Signal(len(stage), name=f"by_{1 << bit}")
            m.d.comb += moved.eq(Mux(self.amount[bit],
                                     Cat(stage[size:], fill.replicate(size)), stage))
            stage = moved
        m.d.comb += [self.half.eq(stage[0] & ~self.left),
                     self.shifted.eq(Mux(self.left, stage[:0:-1], stage[1:]))]
        return m


class Limiter(wiring.Component):
    """``limited``: ``value`` saturated to ``WIDTHS[choice]`` bits; ``hit``: it had to be."""

    value: In(signed(ACC_WIDTH))
    choice: In(unsigned((len(WIDTHS) - 1).bit_length()))
    limited: Out(signed(ACC_WIDTH))
    hit: Out(1)

    def elaborate(self, platform):
        m = Module()
        top = self.value[-1]
        differs, below = Const(0, 1), ACC_WIDTH - 1
        hits, kept = {}, Signal(WIDTHS[-1] - WIDTHS[0] + 1)
        for width in reversed(WIDTHS):
            # The bits above a narrower number are those above a wider one, and some more.
            part = Signal(name=f"beyond_{width}")
            m.d.comb += part.eq(
                differs | Mux(top, ~self.value[width - 1:below].all(),
                              self.value[width - 1:below].any()))
            hits[width], differs, below = part, part, width - 1
        with m.Switch(self.choice):
            for number, width in enumerate(WIDTHS):
                with m.Case(number):
                    m.d.comb += [self.hit.eq(hits[width]),
                                 kept.eq((1 << (width - WIDTHS[0])) - 1)]
        low = WIDTHS[0] - 1
        magnitude = Cat((~top).replicate(low),
                        *(Mux(bit, ~top, top) for bit in kept),
                        top.replicate(ACC_WIDTH - low - len(kept)))
        m.d.comb += self.limited.eq(Mux(self.hit, magnitude, self.value))
        return m
