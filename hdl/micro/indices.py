"""Indices: which neuron, trace, synapse an instruction means, and the address made from them."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.micro.instruction import ADDRESS_BITS, Index, Register

__all__ = ["Indices"]

WIDTHS = {"n": 8, "j": 8, "t": 10, "y": 13, "p": ADDRESS_BITS}


class Indices(wiring.Component):
    """Five counters and the address that one of them makes with a page; combinational.

    page, index → address    ``page`` pages of 256 words, the index on top
    step                     the index goes on by one
    advance                  to the next source: J, T by one, Y by the stride
    set, register, value     takes ``value`` into a register, one clock later
    place                    what P takes from MAPPED
    j                        source neuron
    """

    page: In(7)
    index: In(3)
    address: Out(ADDRESS_BITS)
    step: In(1)
    advance: In(1)
    set: In(1)
    register: In(4)
    value: In(18)
    place: In(ADDRESS_BITS)
    j: Out(WIDTHS["j"])

    def elaborate(self, platform):
        m = Module()
        stride = Signal(8)
        numbers = {name: Signal(width, name=name) for name, width in WIDTHS.items()}
        chosen = Signal(ADDRESS_BITS)
        with m.Switch(self.index):
            for name, number in numbers.items():
                with m.Case(Index[name.upper()]):
                    m.d.comb += chosen.eq(number)
        m.d.comb += [self.address.eq(chosen | self.page << 8),
                     self.j.eq(numbers["j"])]
        for name, number in numbers.items():
            with m.If(self.set & (self.register == Register[name.upper()])):
                m.d.sync += number.eq(self.value)
            if name == "y":
                with m.Elif(self.advance):
                    m.d.sync += number.eq(number + stride)
                continue
            if name == "p":
                with m.Elif(self.set & (self.register == Register.MAPPED)):
                    m.d.sync += number.eq(self.place)
            stepped = self.step & (self.index == Index[name.upper()])
            if name in "jt":
                stepped |= self.advance
            with m.Elif(stepped):
                m.d.sync += number.eq(number + 1)
        with m.If(self.set & (self.register == Register.STRIDE)):
            m.d.sync += stride.eq(self.value)
        return m
