"""Memories with one read and one write port, shared with the host while the core is idle."""

from amaranth.hdl import Module, Mux, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.primitives.block_ram import BlockRam
from hdl.region import OFFSET_BITS, Region

__all__ = ["BUS", "HOST", "StateMemory", "attach"]

BUS = wiring.Signature({
    "active": Out(1), "write": Out(1), "region": Out(Region), "offset": Out(OFFSET_BITS),
    "data": Out(32)})
"""The host's access as every memory sees it; ``active`` only while the core is idle."""

HOST = wiring.Signature({
    "active": Out(1), "write": Out(1), "offset": Out(OFFSET_BITS), "data": Out(32)})
"""The host's access to one memory: ``active`` takes over the addresses, ``write`` is a strobe."""


def attach(m: Module, bus, host, region: Region, *, lane: int | None = None, lane_bits: int = 0):
    """Let the ``host`` port of a memory answer to ``region``.

    With ``lane``, the memory is one bank: the low ``lane_bits`` of the offset must name it.
    """
    mine = bus.region == region
    if lane is not None and lane_bits:
        mine = mine & (bus.offset[:lane_bits] == lane)
    m.d.comb += [
        host.active.eq(bus.active), host.write.eq(bus.write & mine), host.data.eq(bus.data),
        host.offset.eq(bus.offset[lane_bits:] if lane is not None else bus.offset),
    ]


class StateMemory(wiring.Component):
    """``depth`` words of ``width`` bits in block RAM.

    Latency: ``read_data`` one clock after ``read_address``, two with ``output_register``; a write
    is seen by reads presented from the next clock on (and must not be, in its own: see
    :class:`hdl.primitives.block_ram.BlockRam`).  Throughput: one read and one write per clock.
    Where ``buffered``, there are two halves: ``read_half`` and ``write_half`` choose between them,
    ``host_half`` for the host.
    """

    def __init__(self, *, width: int, depth: int, buffered: bool = False,
                 output_register: bool = False):
        self.width, self.depth, self.buffered = width, depth, buffered
        self.output_register = output_register
        address = unsigned(max(1, (depth - 1).bit_length()))
        ports = {
            "read_address": In(address), "read_data": Out(width),
            "write_address": In(address), "write_data": In(width), "write": In(1),
            "host": In(HOST),
        }
        if buffered:
            ports |= {"read_half": In(1), "write_half": In(1), "host_half": In(1)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        size = self.depth
        if self.buffered:
            size = 2 << max(1, (self.depth - 1).bit_length())
        m.submodules.ram = ram = BlockRam(
            width=self.width, depth=max(2, size), output_register=self.output_register)
        host, bits = self.host, len(self.read_address)
        offset = host.offset[:bits]
        m.d.comb += [
            ram.read_address[:bits].eq(Mux(host.active, offset, self.read_address)),
            self.read_data.eq(ram.read_data),
            ram.write_address[:bits].eq(Mux(host.active, offset, self.write_address)),
            ram.write_data.eq(Mux(host.active, host.data[:self.width], self.write_data)),
            ram.write.eq(Mux(host.active, host.write, self.write)),
        ]
        if self.buffered:
            m.d.comb += [
                ram.read_address[-1].eq(Mux(host.active, self.host_half, self.read_half)),
                ram.write_address[-1].eq(Mux(host.active, self.host_half, self.write_half)),
            ]
        return m
