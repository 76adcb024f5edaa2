"""cocotbext-axi around a core with AXI ports: source, sink, master, and who watches the rules.

All of them pause at random; nothing of the project's own drives a pin but clock and reset.
"""

import logging
import random
from collections.abc import Iterator

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
)

from hdl.axi.registers import AXI_REGISTERS
from hdl.link.commands import LINK_REGION
from hdl.region import REGISTERS, Region, address

__all__ = ["Partners", "Watcher", "core_register", "read_words", "register", "write_words"]

PERIOD = 10
OUTGOING = {"m_axis_t": ("data", "last"), "s_axi_b": ("resp",), "s_axi_r": ("data", "resp")}
"""Channels on which the core is the one to say VALID, and what they move."""


def register(name: str) -> int:
    """Byte address of a register of the wrapper."""
    return 4 * (LINK_REGION << 19 | AXI_REGISTERS[name].offset)


def core_register(name: str) -> int:
    """Byte address of a register of the core."""
    return 4 * address(Region.REGISTERS, REGISTERS[name])


def _pauses(chance: random.Random, share: float) -> Iterator[bool]:
    while True:
        yield chance.random() < share


def _runs(places, *columns) -> Iterator[tuple[np.ndarray, ...]]:
    """Parts of the arrays in which addresses follow each other: the master takes them at once."""
    columns = [np.asarray(column, np.int64) for column in (places, *columns)]
    cuts = np.flatnonzero(np.diff(columns[0]) != 1) + 1
    return zip(*(np.split(column, cuts) for column in columns), strict=True)


async def write_words(lite: AxiLiteMaster, places, values) -> None:
    """Words to addresses in words; each must be answered with OKAY."""
    for run, words in _runs(places, values):
        answer = await lite.write(4 * int(run[0]), words.astype("<u4").tobytes())
        assert answer.resp == AxiResp.OKAY, f"{4 * int(run[0]):#x}: {answer.resp!r}"


async def read_words(lite: AxiLiteMaster, places) -> np.ndarray:
    """Words, uint32, at addresses in words; each must be answered with OKAY."""
    found = []
    for (run,) in _runs(places):
        answer = await lite.read(4 * int(run[0]), 4 * len(run))
        assert answer.resp == AxiResp.OKAY, f"{4 * int(run[0]):#x}: {answer.resp!r}"
        found.append(np.frombuffer(answer.data, "<u4"))
    return np.concatenate(found)


class Watcher:
    """Holds the core to AXI's rules on its outgoing channels, every clock.

    VALID stays until READY, and what it offers stays the same; ``forward`` counts how often VALID
    rose while READY was low, by channel: it does not wait for it.
    """

    def __init__(self, dut):
        self.dut, self.forward = dut, dict.fromkeys(OUTGOING, 0)
        cocotb.start_soon(self._run())

    async def _run(self):
        dut, pending = self.dut, {}
        ports = {name: [getattr(dut, name + port) for port in ("valid", "ready", *moved)]
                 for name, moved in OUTGOING.items()}
        while True:
            await RisingEdge(dut.aclk)
            for name, (valid, ready, *moved) in ports.items():
                offered = [int(port.value) for port in moved] if valid.value else None
                if name in pending:
                    assert offered == pending.pop(name), f"{name}: an offer changed or went away"
                elif offered is not None and not ready.value:
                    self.forward[name] += 1
                if offered is not None and not ready.value:
                    pending[name] = offered


class Partners:
    """A core after reset, and everything that is connected to it.

    source, sink, lite   of cocotbext-axi; a stream's unit is a word
    watcher              who checks every clock
    """

    def __init__(self, dut):
        self.dut = dut
        options = {"reset": dut.aresetn, "reset_active_level": False}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk,
                                      byte_lanes=1, **options)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk,
                                  byte_lanes=1, **options)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **options)
        for prefix in ("s_axis", "m_axis", "s_axi"):
            logging.getLogger(f"cocotb.{dut._name}.{prefix}").setLevel(logging.WARNING)

    async def start(self) -> "Partners":
        self.dut.aresetn.value = 0
        Clock(self.dut.aclk, PERIOD, unit="ns").start(start_high=False)
        await ClockCycles(self.dut.aclk, 5)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)
        return self

    def watch(self) -> None:
        """From now on hold the core to AXI's rules in every clock."""
        self.watcher = Watcher(self.dut)

    def pause(self, share: float, *, seed: int) -> None:
        """From now on every channel pauses in this share of the clocks, at random."""
        write, read = self.lite.write_if, self.lite.read_if
        for number, channel in enumerate((
                self.source, self.sink, write.aw_channel, write.w_channel, write.b_channel,
                read.ar_channel, read.r_channel)):
            chance = random.Random(f"{seed} {number}")
            channel.set_pause_generator(_pauses(chance, share) if share else None)
            channel.pause = False

    async def write(self, places, values) -> None:
        """Words to the core's addresses; all must be OKAY."""
        await write_words(self.lite, places, values)

    async def read(self, places) -> np.ndarray:
        """Words at the core's addresses; all must be OKAY."""
        return await read_words(self.lite, places)

    async def get(self, name: str) -> int:
        """A register of the wrapper."""
        return await self.lite.read_dword(register(name))

    async def set(self, name: str, value: int) -> None:
        """Write a register of the wrapper."""
        await self.lite.write_dword(register(name), value)

    async def results(self, count: int) -> list[list[int]]:
        """The next packets that come out."""
        return [list((await self.sink.recv()).tdata) for _ in range(count)]
