"""What a group of lanes knows of its sources: rates, traces with their ξ, random words.

All lanes look at the same row of sources at the same time, so what they find there lies side by
side, each lane's written on its own: rates of four lanes fill two block RAMs, traces three, random
words four.
"""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.primitives.byte_ram import BYTE, ByteRam
from hdl.visit import SourceWrites, visit_layouts

__all__ = ["SourceBanks"]

WORD_READ = 1
"""Clocks from ``summed`` to the reading of the random word."""


class SourceBanks(wiring.Component):
    """Double-buffered, of the lanes ``numbers``; k counts them.

    access → rate_k      2 clocks later
    late → psi_k, xi_k   2 clocks later
    summed → word_k      2 clocks after ``WORD_READ``
    writes               to any lane, whose number says whether it is one of these

    What is written may be read from the next clock on, and not in the same.  Throughput: each of
    the three read, and written in one lane, per clock.  Cost: block RAMs, one for 4 bytes of 512
    words; a rate has 2 bytes, a trace 3, a random word 4.
    """

    def __init__(self, config: Config, numbers: range):
        self.numbers = numbers
        visits = visit_layouts(config)
        super().__init__(
            {name: In(visits[name]) for name in ("access", "late", "summed")}
            | {"writes": In(SourceWrites(config))}
            | {f"{name}_{k}": Out(shape) for k in range(len(numbers)) for name, shape in (
                ("rate", signed(18)), ("psi", signed(18)), ("xi", signed(2)), ("word", 32))})

    def elaborate(self, platform):
        m = Module()
        row, half = (delayed(m, value, WORD_READ, name) for value, name in (
            (self.summed.source_row, "word_row"), (self.summed.parity, "word_half")))
        rates = self._bank(m, "rate", self.access.source_row, self.access.parity)
        traces = self._bank(m, "trace", self.late.trace_row, self.late.parity)
        words = self._bank(m, "word", row, half)
        for k, (rate, trace, word) in enumerate(zip(rates, traces, words, strict=True)):
            m.d.comb += [
                getattr(self, f"rate_{k}").eq(rate.r), getattr(self, f"psi_{k}").eq(trace.psi),
                getattr(self, f"xi_{k}").eq(trace.xi), getattr(self, f"word_{k}").eq(word.word)]
        return m

    def _bank(self, m, name, row, half):
        """The values of one kind, a lane each, at a row and half."""
        write = self.writes[name]
        value, size = write.value, -(-write.value.shape().size // BYTE)
        m.submodules[name] = bank = ByteRam(
            count=len(self.numbers), depth=2 << len(write.row), size=size)
        padded = Cat(value, Const(0, BYTE * size))[:BYTE * size]
        m.d.comb += [
            bank.read_address.eq(Cat(row, half)),
            bank.write_address.eq(Cat(write.row, write.half)),
            bank.write_data.eq(padded.replicate(len(self.numbers))),
            bank.write.eq(Cat(write.enable & (write.lane == number) for number in self.numbers))]
        found = []
        for k in range(len(self.numbers)):
            read = Signal(value.shape(), name=f"{name}_{k}_read")
            m.d.comb += read.eq(bank.read_data[BYTE * size * k:])
            found.append(read)
        return found
