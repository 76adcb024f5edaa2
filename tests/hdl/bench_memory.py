"""cocotb bench of the state memory: one read and one write a clock, halves, and the host."""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from tests.hdl.driving import put, start

WIDTH, DEPTH, BUFFERED = (int(os.environ[name]) for name in ("WIDTH", "DEPTH", "BUFFERED"))
CLOCKS = 6000
READ = 2


def draw_clock(source, recent):
    """What the ports see at a clock, around an address: (fields, host, halves)."""
    def near():
        return source.choice((recent, recent ^ 1, source.randrange(DEPTH))) % DEPTH

    fields = {"read_address": near(), "write_address": near(),
              "write_data": source.getrandbits(WIDTH), "write": source.random() < 0.7}
    host = {"active": source.random() < 0.3, "write": source.random() < 0.5, "offset": near(),
            "data": source.getrandbits(32)}
    halves = {name: source.randrange(2) for name in ("read_half", "write_half", "host_half")}
    return fields, host, halves


def accesses(fields, host, halves):
    """(place read, place written or None, data, whether the host took over a write)."""
    def place(address, half):
        return address, halves[half] * BUFFERED

    if host["active"]:
        at = place(host["offset"], "host_half")
        return at, at if host["write"] else None, host["data"] % (1 << WIDTH), fields["write"]
    return (place(fields["read_address"], "read_half"),
            place(fields["write_address"], "write_half") if fields["write"] else None,
            fields["write_data"], False)


@cocotb.test
async def reads_what_was_written_before(dut):
    source = random.Random(12)
    await start(dut)
    held, expected, seen = {}, {}, set()
    taken_over = just_written = 0
    recent, written = source.randrange(DEPTH), None
    for clock in range(CLOCKS):
        # Few addresses at a time, so that what was just written is read.
        recent = recent if source.random() < 0.7 else source.randrange(DEPTH)
        fields, host, halves = draw_clock(source, recent)
        for name, value in (fields | (halves if BUFFERED else {})).items():
            getattr(dut, name).value = value
        put(dut, "host", host)
        read, write, data, over = accesses(fields, host, halves)
        taken_over += over
        # A word is undefined before its first write, and what is read while it is written.
        if read != write and read in held:
            expected[clock + READ] = held[read]
            just_written += read == written
        written = write
        if write is not None:
            held[write] = data
        await RisingEdge(dut.clk)
        if clock in expected:
            value = expected.pop(clock)
            assert int(dut.read_data.value) == value, f"clock {clock}"
            seen.add(value)
    assert len(held) == DEPTH << BUFFERED
    assert len(seen) > min(CLOCKS // 4, (1 << WIDTH) - 1)
    assert min(taken_over, just_written) > CLOCKS // 30, (taken_over, just_written)
