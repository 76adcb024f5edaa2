"""cocotb bench of the totals: an addend every clock, to any sum again at any distance."""

import os
import random
from collections import Counter

import cocotb
from cocotb.triggers import RisingEdge

from hdl.totals import ADDEND_STAGE
from tests.hdl.driving import draw, put, start

DEPTH = int(os.environ["DEPTH"])
CLOCKS = 6000
WRITTEN = ADDEND_STAGE + 1
"""Clocks from the address of an addition to the clock in which its sum is written."""
READ = 2


def wrapped(total):
    return (total + (1 << 47)) % (1 << 48) - (1 << 47)


class Model:
    """Sums as the adder has them at once, and as the memory has them some clocks later."""

    def __init__(self):
        self.sums, self.memory = [0] * DEPTH, [0] * DEPTH
        self.writes, self.distances, self.last = {}, Counter(), {}

    def add(self, clock, address, fresh, addend):
        self.sums[address] = wrapped(addend + (0 if fresh else self.sums[address]))
        self.writes[clock + WRITTEN] = address, self.sums[address]
        if not fresh:
            self.distances[clock - self.last.get(address, -CLOCKS)] += 1
        self.last[address] = clock

    def zero(self, clock, address):
        self.sums[address] = 0
        self.writes[clock + 1] = address, 0

    def write(self, clock):
        address, total = self.writes.pop(clock, (None, 0))
        if address is not None:
            self.memory[address] = total


@cocotb.test
async def every_addend_arrives(dut):
    source, model = random.Random(11), Model()
    await start(dut)
    addends, expected, seen = {}, {}, set()
    address = busy = zeroed = started = 0
    zeroing = None
    for clock in range(CLOCKS):
        # Bursts of additions; between them the adder runs empty and the host may zero a sum.
        adds = clock % 100 < 85 and clock != zeroing and source.random() < 0.85
        busy = max(busy - 1, (WRITTEN + 1) * adds)
        host, fresh = not busy and source.random() < 0.7, source.random() < 0.15
        address = address if source.random() < 0.3 else source.randrange(DEPTH)
        dut.valid.value, dut.address.value, dut.fresh.value = adds, address, fresh
        if adds:
            addends[clock + ADDEND_STAGE] = addend = draw(source, 42)
            model.add(clock, address, fresh, addend)
            started += fresh
        dut.addend.value = addends.pop(clock, draw(source, 42))

        offset, writes = source.randrange(DEPTH), source.random() < 0.5
        put(dut, "host", {"active": host, "write": writes, "offset": offset,
                          "data": source.getrandbits(32)})
        # Any sum but the one that is being written, if possible one that soon is or just was.
        written = {model.writes.get(clock, (None,))[0]}
        near = [model.writes[k][0] for k in (clock + 1, clock + 2) if k in model.writes]
        read = source.choice([k for k in (*near, *range(DEPTH)) if k not in written])
        dut.read_address.value = read
        expected[clock + READ] = model.memory[read]
        model.write(clock)
        if host and writes:
            zeroed += model.memory[offset] != 0
            zeroing = clock + 1
            model.zero(clock, offset)
        await RisingEdge(dut.clk)
        if clock in expected:
            total = expected.pop(clock)
            assert dut.total.value.to_signed() == total, f"clock {clock}"
            seen.add(total)
    assert len(seen) > CLOCKS // 4 and min(zeroed, started) > 100
    assert min(model.distances[distance] for distance in range(1, 7)) > 100, model.distances
