"""The design of a board: clock, reset, the core behind its UART, and three lights."""

from amaranth.build import Subsignal
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from fpga.boards import Board
from fpga.pll import Pll

__all__ = ["Top"]

SETTLED = 256
"""Clocks of reset after the PLL has locked: block RAM wants some before its first access."""


class Top(Elaboratable):
    """``linked`` (a ``hdl.link.LinkedCore``) on a board, at the clock of ``pll``."""

    def __init__(self, board: Board, linked, pll: Pll):
        self.board, self.linked, self.pll = board, linked, pll

    def _clock(self, m, platform):
        pin = platform.request(platform.default_clk, dir="-")
        m.submodules.clock_pin = buffer = io.Buffer("i", pin)
        clock, locked = Signal(), Signal()
        m.domains.sync = ClockDomain()
        m.submodules.pll = self.pll.instance(buffer.i, clock, locked)
        m.d.comb += ClockSignal().eq(clock)
        platform.add_clock_constraint(clock, self.pll.megahertz * 1e6)
        # The counter that ends the reset is itself reset when the PLL loses its lock.
        m.domains.start = start = ClockDomain(local=True)
        m.d.comb += start.clk.eq(clock)
        m.submodules.locked = ResetSynchronizer(~locked, domain="start")
        left = Signal(range(SETTLED), init=SETTLED - 1)
        with m.If(left != 0):
            m.d.start += left.eq(left - 1)
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
