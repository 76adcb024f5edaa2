"""The example of docs/soc.md, samples by strobe, against the golden model."""

import logging

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from fpga.configurations import CONFIGURATIONS
from hdl.layout import Layout
from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.tasks import TASKS
from tests.hdl.axi_partners import read_words, register, write_words

STEPS, TAUGHT = 12, 8
LIVE = 2


async def start(dut) -> AxiLiteMaster:
    logging.getLogger(f"cocotb.{dut._name}.s_axi").setLevel(logging.WARNING)
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
    await write_words(lite, *layout.image())
    await lite.write_dword(register("control"), LIVE)
    await lite.write_dword(register("enable"), 1)
    answers = []
    for k, wanted in enumerate(RATE.quantize(stream.targets[:, 0])):
        await strobe(dut, int(frames.inputs[k, 0]), int(wanted), bool(taught[k]))
        while not dut.answer_valid.value:
            await RisingEdge(dut.clk)
        answers.append(dut.answer.value.to_signed())
    assert answers == expected.tolist() and dut.trouble.value == 0
    # The answer is there before the core is done.
    while await lite.read_dword(register("status")) & 1:
        pass
    found = await read_words(lite, layout.addresses("W"))
    assert np.array_equal(found.view(np.int32), golden.state["W"])
    # Too fast for any core: what is lost is told.
    for _ in range(6):
        await strobe(dut, 0, 0, False)
    assert dut.trouble.value == 1
    assert await lite.read_dword(register("overruns")) > 0
