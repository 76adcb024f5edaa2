"""cocotb bench of the accumulator: sums by parity, every clock an addend, zeros by the host."""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from tests.hdl.driving import draw, start

DEPTH = int(os.environ["DEPTH"])
CLOCKS = 4000


@cocotb.test
async def sums_belong_to_their_step(dut):
    source = random.Random(11)
    await start(dut)
    held = [(0, 0)] * DEPTH
    parity = address = repeated = hidden = zeroed = 0
    seen = set()
    for clock in range(CLOCKS):
        if source.random() < 0.02:
            parity ^= 1
        adds = source.random() < 0.9
        if source.random() < 0.6:
            address = source.randrange(DEPTH)
        else:
            repeated += adds
        # A run of reads at the address that is being added to, and any other.
        read = address if source.random() < 0.5 else source.randrange(DEPTH)
        addend = draw(source, 40)
        host, writes = source.random() < 0.05, source.random() < 0.5
        offset = source.randrange(DEPTH)
        dut.parity.value, dut.add.value, dut.add_address.value = parity, adds, address
        dut.addend.value, dut.read_address.value = addend, read
        dut.host_active.value, dut.host_write.value = host, writes
        dut.host_offset.value, dut.host_data.value = offset, source.getrandbits(32)
        await RisingEdge(dut.clk)

        total, of = held[read]
        assert dut.total.value.to_signed() == (total if of == parity else 0), f"clock {clock}"
        seen.add(total if of == parity else 0)
        hidden += of != parity and total != 0
        if host and writes:
            held[offset] = 0, parity
            zeroed += 1
        elif adds and not host:
            total, of = held[address]
            total = addend + (total if of == parity else 0)
            held[address] = (total + (1 << 47)) % (1 << 48) - (1 << 47), parity
    assert len(seen) > CLOCKS // 3 and repeated > CLOCKS // 4 and hidden > 100 and zeroed > 50
