"""Block RAM that is written part by part: what lies side by side may come from different hands."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.primitives.dp16kd import SHAPES, dp16kd
from hdl.primitives.technology import Technology

__all__ = ["BYTE", "ByteRam"]

BYTE = 9
"""Bits that are written together."""
WIDTH = 4 * BYTE
"""Bits of a block at its widest."""


class ByteRam(wiring.Component):
    """``depth`` words of ``count`` parts of ``size`` bytes each; contents are undefined until they
    are written.

    Latency: ``read_data`` two clocks after ``read_address``; a write is seen by reads presented
    from the next clock on.  What is read in the clock of a write to the same word is undefined.
    Throughput: one read and one write per clock.  Cost: a DP16KD for 4 bytes of 512 words.

    Members
    -------
    read_address : In; read_data : Out(9 × size × count)
    write_address : In; write_data : In(9 × size × count); write : In(count), which parts
    """

    def __init__(self, *, count: int, depth: int, size: int = 1):
        self.count, self.depth, self.size = count, depth, size
        address, width = max(1, (depth - 1).bit_length()), BYTE * size * count
        super().__init__({
            "read_address": In(address), "read_data": Out(width),
            "write_address": In(address), "write_data": In(width), "write": In(count)})

    def elaborate(self, platform):
        m = Module()
        if Technology.of(platform) is Technology.ECP5:
            self._instantiate(m)
        else:
            self._infer(m)
        return m

    def _infer(self, m):
        m.submodules.memory = store = memory.Memory(
            shape=len(self.read_data), depth=max(2, self.depth), init=[])
        read, write = store.read_port(), store.write_port(granularity=BYTE * self.size)
        m.d.comb += [
            read.addr.eq(self.read_address), self.read_data.eq(delayed(m, read.data, 1, "read")),
            write.addr.eq(self.write_address), write.data.eq(self.write_data),
            write.en.eq(self.write)]

    def _instantiate(self, m):
        columns, banks = -(-len(self.read_data) // WIDTH), -(-self.depth // SHAPES[WIDTH])
        bits = (SHAPES[WIDTH] - 1).bit_length()
        written = Cat(self.write_data, Const(0, WIDTH * columns))
        words = []
        for bank in range(banks):
            mine = (self.write_address[bits:] == bank) if banks > 1 else Const(1, 1)
            enables = Cat(*(bit.replicate(self.size) for bit in Mux(mine, self.write, 0)),
                          Const(0, 4 * columns))
            words.append(Signal(WIDTH * columns, name=f"out_{bank}"))
            for column in range(columns):
                part = slice(WIDTH * column, WIDTH * (column + 1))
                m.submodules[f"block_{bank}_{column}"] = dp16kd(
                    width=WIDTH, read_address=self.read_address[:bits],
                    read_data=words[bank][part], write_address=self.write_address[:bits],
                    write_data=written[part], write=enables[4 * column:4 * column + 4],
                    output_register=True)
        chosen, result = words[0], delayed(m, self.read_address[bits:], 2, "bank")
        for bank, word in enumerate(words[1:], 1):
            chosen = Mux(result == bank, word, chosen)
        m.d.comb += self.read_data.eq(chosen)
