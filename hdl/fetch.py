"""Descriptors ahead of their use: read from their table, with one product formed from each.

The table is walked once per step, a descriptor per clock, as far as the queue has room, and may be
walked again before all have been taken: so whoever takes one in two clocks or slower seldom waits.

    0  number          2  descriptor, operands: into the queue          4  product: behind them
"""

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.descriptor import READ_DESCRIPTOR
from hdl.multiplier import Multiplier
from hdl.primitives.local_copy import local_copy

__all__ = ["DescriptorFetch"]

PIECE = 40
"""Bits of the queue that share its pointers."""
DEPTH = 8
"""Descriptors in the queue and on their way to it; more than the clocks that one takes."""


class DescriptorFetch(wiring.Component):
    """A stream of the first ``count`` descriptors of a table, each with a product.

    start                       walk the table, from its first descriptor, when ``ready``
    number → arrived            read port of the table, ``READ_DESCRIPTOR`` clocks later, and as
                                many more as the user needs for its operands: ``after``
    arriving                    number of the descriptor that arrives at the next clock
    a, b, side                  what the user makes of ``arrived``: operands, and a word to keep
    ready                       all descriptors of this walk have been asked for
    valid, take                 a descriptor waits; it is taken, and the next comes 2 clocks later
    coming                      ``valid`` at the next clock
    descriptor, product, held   what waits: descriptor, a × b, ``side``

    Latency 6 clocks, and ``after``, from ``start`` to the first descriptor; cost: 1 multiplier, a
    small memory.
    """

    def __init__(self, layout: data.StructLayout, *, depth: int, side: int = 1, after: int = 0):
        self.layout, self.side_width, self.after = layout, side, after
        super().__init__({
            "start": In(1), "count": In(range(depth + 1)), "ready": Out(1),
            "number": Out(range(depth)), "arrived": In(layout), "arriving": Out(range(depth)),
            "a": In(signed(18)), "b": In(signed(18)), "side": In(side),
            "valid": Out(1), "coming": Out(1), "take": In(1), "descriptor": Out(layout),
            "product": Out(signed(36)), "held": Out(side),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier()
        entry = data.StructLayout(
            {"descriptor": self.layout, "product": signed(36), "held": self.side_width})
        number, left, owed = Signal(self.count.shape()), Signal(self.count.shape()), Signal(4)
        # Whether some are left, and the queue has room, known from registers.
        more, room, reads, taken = Signal(), Signal(init=1), Signal(), delayed(
            m, self.take, 1, "taken")
        m.d.comb += [
            self.number.eq(number), reads.eq(more & room), self.ready.eq(~more),
            self.arriving.eq(delayed(m, number, READ_DESCRIPTOR - 1, "arriving")),
            multiplier.a.eq(self.a), multiplier.b.eq(self.b)]
        # Owed are descriptors that were asked for and not taken yet: the queue has room for them.
        with m.If(reads & ~taken):
            m.d.sync += [owed.eq(owed + 1), room.eq(owed != DEPTH - 1)]
        with m.If(taken & ~reads):
            m.d.sync += [owed.eq(owed - 1), room.eq(1)]
        with m.If(self.start):
            m.d.sync += [number.eq(0), left.eq(self.count), more.eq(self.count != 0)]
        with m.Elif(reads):
            m.d.sync += [number.eq(number + 1), left.eq(left - 1), more.eq(left != 1)]

        written, waiting = Signal(entry), Signal(entry, reset_less=True)
        m.d.comb += [
            written.descriptor.eq(self.arrived), written.product.eq(multiplier.product),
            written.held.eq(self.side),
            self.descriptor.eq(waiting.descriptor), self.product.eq(waiting.product),
            self.held.eq(waiting.held)]
        arrives = delayed(m, reads, READ_DESCRIPTOR + self.after, "reads")
        self._queue(m, platform, written, arrives,
                    delayed(m, arrives, multiplier.latency, "formed"), waiting)
        return m

    def _queue(self, m, platform, written, arrives, writes, waiting):
        """A ring in memory and, in registers, its first word; ``take``, which comes late and must
        reach all of them, only marks them as empty.

        A descriptor goes into the ring when it ``arrives``, its product when the ring counts it.
        """
        some, moves, fill = Signal(), Signal(), Signal(range(DEPTH + 1), name="fill")
        coming, following = self.coming, Signal(name="moves_next")
        m.d.comb += [
            coming.eq(moves | (self.valid & ~self.take)),
            following.eq(~coming & (some | writes))]
        # Never full: what is owed fits without the word in registers.
        m.d.sync += [self.valid.eq(coming), moves.eq(following)]
        for name, when in (("descriptor", arrives), ("product", writes), ("held", arrives)):
            parts = [Value.cast(word[name]) for word in (written, waiting)]
            for low in range(0, len(parts[0]), PIECE):
                mine = local_copy(m, following, platform, name=f"moves_{name}_{low}")
                self._piece(m, *(part[low:low + PIECE] for part in parts), when, mine,
                            f"{name}_{low}")
        with m.If(writes & ~moves):
            m.d.sync += [fill.eq(fill + 1), some.eq(1)]
        with m.If(moves & ~writes):
            m.d.sync += [fill.eq(fill - 1), some.eq(fill != 1)]

    @staticmethod
    def _piece(m, written, waiting, writes, moves, name):
        """Some bits of the ring, with pointers of their own: it would take long to reach all from
        one."""
        ring = memory.Memory(shape=len(written), depth=DEPTH, init=[])
        m.submodules[f"queue_{name}"] = ring
        write, read = ring.write_port(), ring.read_port(domain="comb")
        last = Signal(range(DEPTH), name=f"last_{name}")
        first = Signal(range(DEPTH), name=f"first_{name}")
        m.d.comb += [write.addr.eq(last), write.data.eq(written), write.en.eq(writes),
                     read.addr.eq(first)]
        with m.If(writes):
            m.d.sync += last.eq(last + 1)
        with m.If(moves):
            m.d.sync += [waiting.eq(read.data), first.eq(first + 1)]
