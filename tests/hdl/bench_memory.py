"""cocotb bench of the state memory: one read and one write a clock, halves, and the host."""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from tests.hdl.driving import put, start

WIDTH, DEPTH, BUFFERED = (int(os.environ[name]) for name in ("WIDTH", "DEPTH", "BUFFERED"))
CLOCKS = 4000


@cocotb.test
async def reads_what_was_written_before(dut):
    source = random.Random(12)
    await start(dut)
    held, before = {}, None
    seen, taken_over = set(), 0

    def place(address, half):
        return address, half * BUFFERED

    for clock in range(CLOCKS):
        # Few addresses at a time, so that what was just written is read.
        recent = source.randrange(DEPTH)
        fields = {"read_address": source.choice((recent, source.randrange(DEPTH))),
                  "write_address": recent, "write_data": source.getrandbits(WIDTH),
                  "write": source.random() < 0.7}
        host = {"active": source.random() < 0.3, "write": source.random() < 0.5,
                "offset": source.choice((recent, source.randrange(DEPTH))),
                "data": source.getrandbits(32)}
        halves = {name: source.randrange(2) for name in ("read_half", "write_half", "host_half")}
        for name, value in (fields | (halves if BUFFERED else {})).items():
            getattr(dut, name).value = value
        put(dut, "host", host)
        await RisingEdge(dut.clk)
        if before is not None:
            assert int(dut.read_data.value) == before, f"clock {clock}"
            seen.add(before)

        if host["active"]:
            read = write = place(host["offset"], halves["host_half"])
            writes, data = host["write"], host["data"] % (1 << WIDTH)
            taken_over += fields["write"]
        else:
            read = place(fields["read_address"], halves["read_half"])
            write = place(fields["write_address"], halves["write_half"])
            writes, data = fields["write"], fields["write_data"]
        before = held.get(read, 0)
        if writes:
            held[write] = data
    assert len(seen) > min(CLOCKS // 3, (1 << WIDTH) - 1) and taken_over > CLOCKS // 10
