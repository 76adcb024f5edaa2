"""Exact sums Σ W r, one per slot, in block RAM: read, add, write, an addend per clock.

A sum that is still on its way to the memory is taken from where it is, so the same slot may come
again at the very next clock.
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

ADDEND_STAGE = 2
"""Clocks from an address to its addend."""
UNDERWAY = 3
"""Sums between the adder and the memory: results of that many clocks cannot be read yet."""


class Totals(wiring.Component):
    """``depth`` sums of 48 bits; adds one addend per clock, any address at any time.

    valid, address, fresh   an addition, which starts a sum anew where ``fresh``
    addend                  its addend, ``ADDEND_STAGE`` clocks later
    read_address → total    2 clocks later; sees an addition whose address came 4 clocks before
    host                    writes zero to a sum (the host's data are ignored)

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

        valid, address = [self.valid], [self.address]
        for stage in range(1, ADDEND_STAGE + UNDERWAY):
            valid.append(delayed(m, valid[-1], 1, f"valid_{stage}"))
            address.append(delayed(m, address[-1], 1, f"address_{stage}"))
        fresh = delayed(m, self.fresh, ADDEND_STAGE, "fresh")
        results = [Signal(signed(SUM.width), name=f"result_{k}", reset_less=True)
                   for k in range(UNDERWAY)]
        base = Signal(signed(SUM.width))
        m.d.comb += base.eq(sums.read_data)
        for k in reversed(range(UNDERWAY)):
            # What was added k + 1 clocks before this: compared a clock ahead of its use.
            again = Signal(name=f"again_{k}", reset_less=True)
            ahead = ADDEND_STAGE + k
            m.d.sync += again.eq((address[ADDEND_STAGE - 1] == address[ahead]) & valid[ahead])
            with m.If(again):
                m.d.comb += base.eq(results[k])
        m.d.sync += [results[0].eq(Mux(fresh, 0, base) + self.addend),
                     *(late.eq(early) for early, late in pairwise(results))]

        host = self.host
        for store in (sums, copy):
            m.d.comb += [
                store.write_address.eq(
                    Mux(host.active, host.offset, address[ADDEND_STAGE + 1])),
                store.write_data.eq(Mux(host.active, 0, results[0])),
                store.write.eq(Mux(host.active, host.write, valid[ADDEND_STAGE + 1]))]
        m.d.comb += [sums.read_address.eq(self.address), copy.read_address.eq(self.read_address),
                     self.total.eq(copy.read_data)]
        return m
