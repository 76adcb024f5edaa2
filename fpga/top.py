"""The design of a board: clock, reset, the core behind its UART, and three lights."""

from amaranth.build import Subsignal
from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from fpga.boards import Board
from fpga.pll import Pll
from hdl.primitives.technology import Technology

__all__ = ["Top"]

SETTLED = 256
"""Clocks after the PLL has locked before anything runs: block RAM wants some before its first
access."""


class Top(Elaboratable):
    """``linked`` (a ``hdl.link.LinkedCore``) on a board, at the clock of ``pll``."""

    def __init__(self, board: Board, linked, pll: Pll):
        self.board, self.linked, self.pll = board, linked, pll

    def _clock(self, m, platform):
        pin = platform.request(platform.default_clk, dir="-")
        source, clock, locked = Signal(), Signal(), Signal()
        if self.pll.technology is Technology.ICE40:
            # An ordinary input, not the global one that the platform would make of it: a PLL takes
            # no other from its own pin.
            m.submodules.clock_pin = Instance(
                "SB_IO", p_PIN_TYPE=Const(0b000001, 6), io_PACKAGE_PIN=pin.io, o_D_IN_0=source)
        else:
            m.submodules.clock_pin = buffer = io.Buffer("i", pin)
            m.d.comb += source.eq(buffer.i)
        m.submodules.pll = self.pll.instance(source, clock, locked)
        platform.add_clock_constraint(clock, self.pll.megahertz * 1e6)
        # The counter of the first clocks is itself reset when the PLL loses its lock.
        m.domains.start = start = ClockDomain(local=True)
        m.d.comb += start.clk.eq(clock)
        m.submodules.locked = ResetSynchronizer(~locked, domain="start")
        left = Signal(range(SETTLED), init=SETTLED - 1)
        with m.If(left != 0):
            m.d.start += left.eq(left - 1)
        if self.pll.technology is Technology.ECP5:
            # A reset net to tens of thousands of registers would take wires from everything else:
            # they start as initialised, and the clock comes when it is good.
            m.domains.sync = ClockDomain(reset_less=True)
            runs = Signal()
            m.d.start += runs.eq(left == 0)
            m.submodules.gate = Instance(
                "DCCA", i_CLKI=clock, i_CE=runs, o_CLKO=ClockSignal())
        else:
            m.domains.sync = ClockDomain()
            m.d.comb += ClockSignal().eq(clock)
            m.d.start += ResetSignal().eq(left != 0)

    def elaborate(self, platform):
        m = Module()
        self._clock(m, platform)
        m.submodules.linked = linked = self.linked
        uart = _request(platform, "uart", 0)
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [linked.rx.eq(rx.i), tx.o.eq(linked.tx)]
        lights = {}
        for (resource, number, part), name in zip(
                self.board.lights, ("heartbeat", "learning", "error"), strict=True):
            if (resource, number) not in lights:
                lights[resource, number] = _request(platform, resource, number)
            port = lights[resource, number]
            m.submodules[name] = buffer = io.Buffer("o", getattr(port, part) if part else port)
            m.d.comb += buffer.o.eq(getattr(linked, name))
        return m


def _request(platform, name: str, number: int):
    """A resource's bare pins, without buffers."""
    parts = [part.name for part in platform.resources[name, number].ios
             if isinstance(part, Subsignal)]
    return platform.request(name, number, dir=dict.fromkeys(parts, "-") if parts else "-")
