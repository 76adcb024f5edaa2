"""Both directions of the UART against cocotbext-uart, on partners a little too fast or too slow."""

import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer
from cocotb.utils import get_sim_time
from cocotbext.uart import UartSink, UartSource

MEGAHERTZ = float(os.environ["MEGAHERTZ"])
BAUD = int(os.environ["BAUD"])
ALL_BYTES = bytes(random.Random(1).sample(range(256), 256))


async def start(dut):
    """Clock and reset; what is received goes to the list that is returned."""
    dut.rx.value, dut.valid.value, dut.rst.value = 1, 0, 1
    Clock(dut.clk, 2 * round(5e5 / MEGAHERTZ), unit="ps").start(start_high=False)
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    heard = []

    async def listen():
        while True:
            await RisingEdge(dut.clk)
            if dut.rx_valid.value:
                heard.append((int(dut.rx_data.value), int(dut.rx_error.value)))

    cocotb.start_soon(listen())
    return heard


async def bits(count):
    await Timer(round(count * 1e9 / BAUD), unit="ns")


async def send(dut, data):
    for byte in data:
        dut.valid.value, dut.data.value = 1, byte
        await RisingEdge(dut.clk)
        while not dut.ready.value:
            await RisingEdge(dut.clk)
    dut.valid.value = 0


@cocotb.test()
async def hears_partners_two_per_cent_off(dut):
    heard = await start(dut)
    for factor in (1.0, 1.02, 0.98):
        source = UartSource(dut.rx, baud=BAUD * factor)
        del heard[:]
        await source.write(ALL_BYTES)
        await source.wait()
        await bits(2)
        assert heard == [(byte, 0) for byte in ALL_BYTES]


@cocotb.test()
async def is_heard_and_sends_without_gaps(dut):
    await start(dut)
    sink = UartSink(dut.tx, baud=BAUD)
    began = get_sim_time("ns")
    await send(dut, ALL_BYTES)
    took = get_sim_time("ns") - began
    await bits(12)
    assert sink.read_nowait() == ALL_BYTES
    assert abs(took / (1e9 / BAUD) - 10 * 255) < 10


@cocotb.test()
async def a_missing_stop_bit_is_an_error_and_the_next_byte_is_heard(dut):
    heard = await start(dut)
    dut.rx.value = 0
    await bits(12)
    dut.rx.value = 1
    await bits(3)
    assert heard == [(0, 1)]
    source = UartSource(dut.rx, baud=BAUD)
    await source.write(b"\xa5")
    await source.wait()
    await bits(2)
    assert heard == [(0, 1), (0xA5, 0)]


@cocotb.test()
async def a_short_glitch_is_no_byte(dut):
    heard = await start(dut)
    dut.rx.value = 0
    await bits(0.2)
    dut.rx.value = 1
    await bits(12)
    assert heard == []
