"""A whole linked core through its two pins: packets made by the host, bits by cocotbext-uart."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.uart import UartSink, UartSource

from hdl.link.commands import LINK_REGISTERS, Command, Status
from host.bursts import write_bodies
from host.packets import Splitter, packet
from host.remote import link_address

BAUD = int(os.environ["BAUD"])
FACTOR = 3


async def start(dut):
    dut.rx.value, dut.rst.value = 1, 1
    Clock(dut.clk, 20, unit="ns").start(start_high=False)
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    return UartSource(dut.rx, baud=BAUD), UartSink(dut.tx, baud=BAUD)


async def ask(source, sink, number, command, body=b"", *, before=b""):
    """A request through the pins; returns body and status of its answer."""
    await source.write(before + packet(number, command, body))
    splitter, found = Splitter(), []
    while not found:
        found = splitter.feed(bytes(await sink.read()))
    assert len(found) == 1 and found[0][0] == number and splitter.bad == 0
    return found[0][1:-1], found[0][-1]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_session_through_the_pins(dut):
    source, sink = await start(dut)
    body, status = await ask(source, sink, 0, Command.HELLO, b"\x34\x12", before=b"noise\0")
    assert (body[:2], status) == (b"\x34\x12", Status.OK)

    words = [3, 2**32 - 1, 5, 0, 7]
    (write,) = write_bodies(range(10, 15), words, lanes=4)
    assert await ask(source, sink, 1, Command.WRITE, write) == (b"", Status.OK)
    read = b"\1" + (10).to_bytes(3, "little") + b"\4"
    expected = b"".join(word.to_bytes(4, "little") for word in words), Status.OK
    assert await ask(source, sink, 2, Command.READ, read) == expected
    # The same request again is answered again; one too early is refused, with the number expected.
    assert await ask(source, sink, 2, Command.READ, read) == expected
    assert await ask(source, sink, 9, Command.READ, read) == (b"\3", Status.GAP)

    shape = [link_address(LINK_REGISTERS[name].offset) for name in ("frame_words", "result_words")]
    (write,) = write_bodies(shape, [2, 2], lanes=4)
    assert await ask(source, sink, 3, Command.WRITE, write) == (b"", Status.OK)
    frames, sums = [1, 10, 1, 1000], [30, 1, 3000, 1]
    stream, expected = (b"".join(word.to_bytes(3, "little") for word in words)
                        for words in (frames, sums))
    assert await ask(source, sink, 4, Command.STREAM, stream) == (expected, Status.OK)
    assert (dut.learning.value, dut.error.value) == (0, 1)  # These heads have no flags.


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def lights_are_out_after_reset(dut):
    await start(dut)
    await RisingEdge(dut.clk)
    assert (dut.learning.value, dut.error.value) == (0, 0)
