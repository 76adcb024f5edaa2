"""cocotb tests of the dummy core: an example of a bench."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge


async def start(dut):
    """Clock and reset; leaves the component idle."""
    for name in ("frame_valid", "result_ready", "bus_request", "bus_write"):
        getattr(dut, name).value = 0
    dut.rst.value = 1
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


async def send(dut, words):
    dut.frame_valid.value = 1
    for word in words:
        dut.frame_data.value = word
        await RisingEdge(dut.clk)
        while not dut.frame_ready.value:
            await RisingEdge(dut.clk)
    dut.frame_valid.value = 0


async def receive(dut, count):
    dut.result_ready.value = 1
    words = []
    while len(words) < count:
        await RisingEdge(dut.clk)
        if dut.result_valid.value:
            words.append(int(dut.result_data.value))
    dut.result_ready.value = 0
    return words


@cocotb.test(timeout_time=10, timeout_unit="us")
async def sums_of_a_frame(dut):
    await start(dut)
    sender = cocotb.start_soon(send(dut, [3, 10, 20, 30]))
    assert await receive(dut, 4) == [30, 90, 180, 3]
    await sender
    await ReadOnly()
    assert dut.result_valid.value == 0
