"""Exact sums Σ W r, one per slot, in block RAM: read, add, write, an addend per clock.

A sum that is still on its way to the memory is taken from where it is, so the same slot may come
again at the very next clock.

    0  address      2  old sum      3  old sum, or a newer one, or 0      4  sum
"""

from itertools import pairwise

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delayed
from hdl.memory import HOST
from hdl.primitives.block_ram import BlockRam
from model.formats import SUM

__all__ = ["ADDEND_STAGE", "Totals"]

ADDEND_STAGE = 3
"""Clocks from an address to its addend."""
UNDERWAY = 4
"""Sums between the adder and the memory: results of that many clocks cannot be read yet."""


class Totals(wiring.Component):
    """``depth`` sums of 48 bits; adds one addend per clock, any address at any time.

    valid, address, fresh   an addition, which starts a sum anew where ``fresh``
    addend                  its addend, ``ADDEND_STAGE`` clocks later
    read_address → total    2 clocks later; sees an addition whose address came 5 clocks before
    host                    writes zero to a sum a clock later, in which none may be added to (the
                            host's data are ignored)

    Cost: two copies of a block RAM of 48 bits (one read by the adder, one by the neurons).
    """

    def __init__(self, *, depth: int):
        self.depth = depth
        address = unsigned(max(1, (depth - 1).bit_length()))
        super().__init__({
            "valid": In(1), "address": In(address), "fresh": In(1), "addend": In(signed(SUM.width)),
            "read_address": In(address), "total": Out(signed(SUM.width)), "host": In(HOST),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = sums = BlockRam(
            width=SUM.width, depth=self.depth, output_register=True)
        m.submodules.copy = copy = BlockRam(
            width=SUM.width, depth=self.depth, output_register=True)

        host, writing = self.host, ADDEND_STAGE + 1
        valid, address = [self.valid], [self.address]
        for stage in range(1, UNDERWAY + 2):
            now, where = valid[-1], address[-1]
            if stage == writing:
                # The host joins in before the register that leads to the memories.
                now = Mux(host.active, host.write, now)
                where = Mux(host.active, host.offset, where)
            valid.append(delayed(m, now, 1, f"valid_{stage}"))
            address.append(delayed(m, where, 1, f"address_{stage}"))
        fresh = delayed(m, self.fresh, ADDEND_STAGE - 1, "fresh")
        results = [Signal(signed(SUM.width), name=f"result_{k}", reset_less=True)
                   for k in range(UNDERWAY - 1)]
        old, base = Signal(signed(SUM.width), reset_less=True), Signal(signed(SUM.width))
        # What was added so many clocks before this: compared a clock ahead of its use.
        again = [Signal(name=f"again_{clocks}", reset_less=True)
                 for clocks in range(1, UNDERWAY + 1)]
        for clocks, same in enumerate(again, 1):
            m.d.sync += same.eq((address[1] == address[1 + clocks]) & valid[1 + clocks])
        m.d.sync += old.eq(sums.read_data)
        for same, result in reversed(list(zip(again[1:], results, strict=True))):
            with m.If(same):
                m.d.sync += old.eq(result)
        with m.If(fresh):
            m.d.sync += old.eq(0)
        # The sum before this one is there only now.
        follows = delayed(m, again[0] & ~fresh, 1, "follows")
        m.d.comb += base.eq(Mux(follows, results[0], old))
        m.d.sync += [results[0].eq(base + self.addend),
                     *(late.eq(early) for early, late in pairwise(results))]
        with m.If(host.active):
            m.d.sync += results[0].eq(0)

        for store in (sums, copy):
            m.d.comb += [store.write_address.eq(address[writing]), store.write.eq(valid[writing]),
                         store.write_data.eq(results[0])]
        m.d.comb += [sums.read_address.eq(self.address), copy.read_address.eq(self.read_address),
                     self.total.eq(copy.read_data)]
        return m
