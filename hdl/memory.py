"""Memories with one read and one write port, shared with the host while the core is idle."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.primitives.block_ram import BlockRam
from hdl.primitives.local_copy import local_copy
from hdl.region import OFFSET_BITS, Region

__all__ = ["BUS", "HELD", "HOST", "StateMemory", "attach"]

HELD = 5
"""Clocks that the host's address and data have been there when it writes."""

BUS = wiring.Signature({
    "active": Out(1), "write": Out(1), "region": Out(Region), "offset": Out(OFFSET_BITS),
    "data": Out(32)})
"""The host's access as every memory sees it; ``active`` only while the core is idle, ``write`` a
strobe that comes ``HELD`` clocks after address and data, which stay."""

HOST = wiring.Signature({
    "active": Out(1), "write": Out(1), "offset": Out(OFFSET_BITS), "data": Out(32)})
"""The host's access to one memory: ``active`` takes over the addresses, ``write`` is a strobe."""


def attach(m: Module, bus, host, region: Region, *, write=None):
    """Let the ``host`` port of a memory answer to ``region``; ``write`` is the bus's own strobe,
    unless given."""
    write, mine = bus.write if write is None else write, Signal(reset_less=True)
    # The address is there before the strobe: whose it is, is known by then.
    m.d.sync += mine.eq(bus.region == region)
    m.d.comb += [
        host.active.eq(bus.active), host.write.eq(write & mine),
        host.data.eq(bus.data), host.offset.eq(bus.offset)]


class StateMemory(wiring.Component):
    """``depth`` words of ``width`` bits that the host may use too, through ``host``.

    Latency: ``read_data`` two clocks after ``read_address``; a write is seen by reads presented
    from the next clock on, and none may be presented in the clock of a write to the same word.
    Throughput: one read and one write per clock.  Cost: a :class:`BlockRam` with its output
    register.  Where ``buffered``, there are two halves: ``read_half`` and ``write_half`` choose
    between them, ``host_half`` for the host.  Where ``late``, reads and writes are under way one
    clock more: the wires to the block have a whole clock, from registers of its own.
    """

    def __init__(self, *, width: int, depth: int, buffered: bool = False, late: bool = False):
        self.width, self.depth, self.buffered, self.late = width, depth, buffered, late
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
        host, bits = self.host, len(self.read_address)
        size = 2 << bits if self.buffered else self.depth
        m.submodules.ram = ram = BlockRam(
            width=self.width, depth=max(2, size), output_register=True)
        # Of its own, too, what the host says, and that it has its turn: all of it is there long
        # before the strobe.
        hosts, place, value = (
            local_copy(m, told, platform, name=name) if self.late else told
            for name, told in (("hosts", host.active), ("host_place", host.offset[:bits]),
                               ("host_value", host.data[:self.width])))
        read, write = self.read_address, self.write_address
        if self.buffered:
            place, read, write = (Cat(address, half) for address, half in (
                (place, self.host_half), (read, self.read_half), (write, self.write_half)))
        m.d.comb += self.read_data.eq(ram.read_data)
        for port, theirs, own in (
                ("read_address", place, read), ("write_address", place, write),
                ("write", host.write, self.write),
                ("write_data", value, self.write_data)):
            chosen = Mux(hosts, theirs, own)
            if self.late:
                chosen = local_copy(m, chosen, platform, name=port)
            m.d.comb += getattr(ram, port).eq(chosen)
        return m
