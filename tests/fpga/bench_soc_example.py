"""The example of docs/soc.md, samples by strobe, against the golden model."""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from fpga.configurations import CONFIGURATIONS
from hdl.axi.registers import AXI_REGISTERS
from hdl.layout import Layout
from hdl.link.commands import LINK_REGION
from hdl.region import address
from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.tasks import TASKS

STEPS, TAUGHT = 12, 8
LIVE = 2


async def start(dut) -> AxiLiteMaster:
    lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst_n,
                         reset_active_level=False)
    dut.rst_n.value = dut.sample_valid.value = 0
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    await ClockCycles(dut.clk, 4)
    dut.rst_n.value = 1
    await ClockCycles(dut.clk, 2)
    return lite


async def strobe(dut, sample: int, wanted: int, learn: bool) -> None:
    """One sample, and the clocks in which the module sends it."""
    dut.sample.value, dut.wanted.value = sample & 0x3FFFF, wanted & 0x3FFFF
    dut.learn.value, dut.sample_valid.value = learn, 1
    await RisingEdge(dut.clk)
    dut.sample_valid.value = 0
    await ClockCycles(dut.clk, 3)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def samples_are_learned_from_and_answered(dut):
    task = TASKS["xor"]
    program = compile_network(task.network("vle", 0), seed=0)
    layout, golden = Layout(CONFIGURATIONS["tiny"].core, program), Golden(program)
    stream = task.streams(0, STEPS, "train")
    taught = np.arange(STEPS) < TAUGHT
    frames = Frames.of(stream.inputs, np.where(taught[:, None], stream.targets, np.nan), outputs=1,
                       flags=np.where(taught, LEARNING, FROZEN))
    expected = golden.run(frames).rates[:, 0]
    assert len(set(expected)) == STEPS and (golden.state["W"] != program.state["W"]).any()

    lite = await start(dut)
    for place, word in zip(*layout.image(), strict=True):
        await lite.write_dword(4 * int(place), int(word))
    for name, value in (("control", LIVE), ("enable", 1)):
        await lite.write_dword(4 * address(LINK_REGION, AXI_REGISTERS[name].offset), value)
    answers = []
    for k, wanted in enumerate(RATE.quantize(stream.targets[:, 0])):
        await strobe(dut, int(frames.inputs[k, 0]), int(wanted), bool(taught[k]))
        while not dut.answer_valid.value:
            await RisingEdge(dut.clk)
        answers.append(dut.answer.value.to_signed())
    assert answers == expected.tolist() and dut.trouble.value == 0
    for place, weight in zip(layout.addresses("W"), golden.state["W"], strict=True):
        assert await lite.read_dword(4 * int(place)) == int(weight) & 0xFFFFFFFF
    # Too fast for any core: what is lost is told.
    for _ in range(6):
        await strobe(dut, 0, 0, False)
    assert dut.trouble.value == 1
    assert await lite.read_dword(4 * address(LINK_REGION, AXI_REGISTERS["overruns"].offset)) > 0
