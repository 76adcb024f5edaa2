"""A design with some of everything that a tile of logic can hold, for the tests of placements."""

import json
import shutil
from pathlib import Path

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fpga.devices import DEVICES
from fpga.packed import Packed
from fpga.read_packed import read_packed
from fpga.schedule import Schedule
from fpga.sites import NEXTPNR, PER_TILE
from fpga.synthesis import NETLIST, rtlil_of, synthesise
from fpga.tools import run_stage
from hdl.backward import BackwardSums

__all__ = ["DEVICE", "SHORT", "Stirred", "prepare", "read"]

DEVICE = DEVICES["LFE5U-25F"]
SHORT = Schedule(trials=20, hottest=0.5, coldest=0.1, cooling=0.5, crowd=24)
ROUNDS = 24


def prepare(folder: Path, *options: str, out: str = "placed.json") -> Path:
    """The folder, with the design's netlist, and what nextpnr makes of it in ``out``: packed and
    placed, unless the options say otherwise.  Its log is prepare.log."""
    shutil.copy(synthesise(rtlil_of(Stirred(), DEVICE.target()), DEVICE.technology) / NETLIST,
                folder)
    run_stage([NEXTPNR, *DEVICE.options, "--lpf-allow-unconstrained", "--json",
               NETLIST, "--no-route", "--write", out, *options],
              folder=folder, log="prepare.log", what="placement")
    return folder


def read(folder: Path, found: dict) -> Packed:
    """The placed design; ``found`` are the device's sites."""
    return read_packed(json.loads((folder / "placed.json").read_text()), found, found[PER_TILE])


class Stirred(wiring.Component):
    """Rounds of xorshift, half of them on demand, then sums: tables and registers with and without
    an enable, carry chains, distributed memory and a block RAM."""

    value: In(32)
    stir: In(1)
    mixed: Out(48)

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = sums = BackwardSums(depth=16, block=True)
        word = self.value
        for number in range(ROUNDS):
            following = Signal(32, name=f"word_{number}")
            stirred = word ^ word.rotate_left(5 + number) ^ (word & word.rotate_left(13))
            if number % 2:
                m.d.sync += following.eq(stirred)
            else:
                with m.If(self.stir):
                    m.d.sync += following.eq(stirred)
            word = following
        m.d.comb += [sums.valid.eq(1), sums.first.eq(word[31]), sums.last.eq(word[30]),
                     sums.row.eq(word[:4]), sums.read_row.eq(word[4:8]), sums.product.eq(word),
                     sums.parity.eq(word[29]), self.mixed.eq(sums.sum)]
        return m
