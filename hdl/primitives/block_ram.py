"""Block RAM with one read and one write port, and, if asked for, its output register in use."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.primitives.dp16kd import SHAPES, dp16kd
from hdl.primitives.local_copy import local_copy
from hdl.primitives.technology import Technology

__all__ = ["DISTRIBUTED", "BlockRam", "tiling"]

DISTRIBUTED = 64
"""Up to so many words an ECP5 keeps in distributed memory."""


def tiling(width: int, depth: int) -> tuple[int, int, int]:
    """How DP16KDs make up a memory: (width of each, columns, banks), the fewest blocks.

    Of equal numbers the one with fewer banks, whose outputs need a multiplexer.
    """
    def plan(block: int) -> tuple[int, int, int]:
        return block, -(-width // block), -(-depth // SHAPES[block])

    return min(map(plan, SHAPES), key=lambda plan: (plan[1] * plan[2], plan[2], plan[0]))


class BlockRam(wiring.Component):
    """``depth`` words of ``width`` bits; contents are undefined until they are written.

    Latency: ``read_data`` one clock after ``read_address``, two with ``output_register``; a write
    is seen by reads presented from the next clock on.  What is read in the clock of a write to the
    same address is undefined (on an ECP5; the portable twin gives the old word): do not use it.
    Throughput: one read and one write per clock.  Cost: see :func:`tiling`; up to
    :data:`DISTRIBUTED` words distributed memory instead, unless it is to be a ``block`` all the
    same.

    Members
    -------
    read_address : In; read_data : Out(width)
    write_address : In; write_data : In(width); write : In(1)
    """

    def __init__(self, *, width: int, depth: int, output_register: bool = False,
                 block: bool = False):
        for name, value in (("width", width), ("depth", depth)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} = {value!r} of a block RAM is not a positive integer")
        self.width, self.depth, self.output_register = width, depth, output_register
        self.block = block
        self.latency = 2 if output_register else 1
        address = unsigned(max(1, (depth - 1).bit_length()))
        super().__init__({
            "read_address": In(address), "read_data": Out(width),
            "write_address": In(address), "write_data": In(width), "write": In(1)})

    def elaborate(self, platform):
        m = Module()
        if Technology.of(platform) is not Technology.ECP5:
            self._infer(m)
        elif self.block or self.depth > DISTRIBUTED:
            self._instantiate(m)
        else:
            self._distribute(m, platform)
        return m

    def _infer(self, m):
        m.submodules.memory = store = memory.Memory(
            shape=unsigned(self.width), depth=max(2, self.depth), init=[])
        read = store.read_port()
        self._write(m, store)
        m.d.comb += [read.addr.eq(self.read_address), self.read_data.eq(
            delayed(m, read.data, int(self.output_register), "read_data"))]

    def _distribute(self, m, platform):
        """Dozens of small memories hang on the address: it, not only the word, is in registers."""
        m.submodules.memory = store = memory.Memory(
            shape=unsigned(self.width), depth=max(2, self.depth), init=[],
            attrs={"ram_style": "distributed"})
        read, address = store.read_port(domain="comb"), self.read_address
        self._write(m, store)
        if self.output_register:
            address = local_copy(m, address, platform, name="address")
        m.d.comb += [read.addr.eq(address),
                     self.read_data.eq(delayed(m, read.data, 1, "read_data"))]

    def _write(self, m, store):
        write = store.write_port()
        m.d.comb += [write.addr.eq(self.write_address), write.data.eq(self.write_data),
                     write.en.eq(self.write)]

    def _instantiate(self, m):
        block, columns, banks = tiling(self.width, self.depth)
        bits = (SHAPES[block] - 1).bit_length()
        words = []
        for bank in range(banks):
            mine = self.write if banks == 1 else self.write & (self.write_address[bits:] == bank)
            out = Signal(block * columns, name=f"out_{bank}")
            written = Cat(self.write_data, Const(0, block * columns))
            for column in range(columns):
                low, high = block * column, block * (column + 1)
                m.submodules[f"block_{bank}_{column}"] = dp16kd(
                    width=block, read_address=self.read_address[:bits],
                    read_data=out[low:high], write_address=self.write_address[:bits],
                    write_data=written[low:high], write=mine,
                    output_register=self.output_register)
            words.append(out)
        chosen, result = words[0], delayed(m, self.read_address[bits:], self.latency, "bank")
        for bank, word in enumerate(words[1:], 1):
            chosen = Mux(result == bank, word, chosen)
        m.d.comb += self.read_data.eq(chosen)
