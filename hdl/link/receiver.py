"""Bytes from the line into whole, checked packets.

COBS: a zero byte ends a packet; every other byte stands for itself or, at the head of a block, for
the distance to the block's end.  So after any noise the next packet but one delimiter is found.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from hdl.link.commands import MOST_PACKET
from hdl.link.packets import packets

__all__ = ["Receiver"]

CRC_BYTES = 4
LEAST_PACKET = 2 + CRC_BYTES


class Receiver(wiring.Component):
    """Unstuffs packets into ``slots`` buffers (``hdl.link.packets``), in order of arrival.

    rx_*              a byte a clock at most; never waits; ``rx_error`` spoils the byte's packet
    ready             a packet waits: ``data`` is its next byte, ``left`` remain before the CRC
    next, drop        strobes: that byte was used; done with the packet
    busy              packets wait
    bad, overrun      strobes: a packet was dropped, because it was wrong, or for want of a buffer

    Latency: ready 3 clocks after the delimiter.  The first byte of a buffer is the length.
    """

    def __init__(self, *, slots: int):
        self.slots = slots
        super().__init__({
            "rx_data": In(8), "rx_valid": In(1), "rx_error": In(1),
            "ready": Out(1), "data": Out(8), "left": Out(8), "next": In(1), "drop": In(1),
            "bad": Out(1), "overrun": Out(1), "busy": Out(1),
        })

    def _unstuff(self, m, crc):
        """The byte of the packet that this byte of the line brings, and the end of a packet."""
        block, inside = Signal(8), Signal()
        byte, brought, ended = Signal(8), Signal(), Signal()
        with m.If(self.rx_valid):
            with m.If(self.rx_data == 0):
                m.d.comb += ended.eq(1)
                m.d.sync += [block.eq(0), inside.eq(0)]
            with m.Elif(block == 0):
                m.d.comb += brought.eq(inside)
                m.d.sync += [block.eq(self.rx_data - 1), inside.eq(1)]
            with m.Else():
                m.d.comb += [brought.eq(1), byte.eq(self.rx_data)]
                m.d.sync += block.eq(block - 1)
        m.d.comb += [crc.data.eq(byte), crc.valid.eq(brought), crc.start.eq(ended)]
        return byte, brought, ended, inside, block == 0

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC(8).create()
        m.submodules.buffer = buffer = packets(self.slots)
        write, read = buffer.write_port(), buffer.read_port()
        filling, emptying = Signal(range(self.slots)), Signal(range(self.slots))
        waiting = Signal(range(self.slots + 1))
        length, spoiled, missed = Signal(8), Signal(), Signal()
        byte, brought, ended, inside, complete = self._unstuff(m, crc)

        full, good, kept = waiting == self.slots, Signal(), Signal()
        m.d.comb += [
            good.eq(complete & crc.match_detected & ~spoiled & (length >= LEAST_PACKET)),
            kept.eq(ended & inside & good & ~missed & ~full),
            self.overrun.eq(ended & inside & good & (missed | full)),
            self.bad.eq(ended & inside & ~good),
            write.addr.eq(Cat(Mux(ended, 0, length + 1)[:8], filling)),
            write.data.eq(Mux(ended, length, byte)), write.en.eq(kept | (brought & ~full)),
        ]
        with m.If(ended):
            m.d.sync += [length.eq(0), spoiled.eq(0), missed.eq(0), filling.eq(filling + kept)]
        with m.Elif(self.rx_valid):
            m.d.sync += [
                length.eq(length + brought), missed.eq(missed | full),
                spoiled.eq(spoiled | self.rx_error | (brought & (length == MOST_PACKET)))]
        m.d.comb += self.busy.eq(waiting != 0)
        m.d.sync += waiting.eq(waiting + kept - (self.drop & self.ready))

        at = Signal(8)
        m.d.comb += [read.addr.eq(Cat((at + self.next)[:8], emptying)), self.data.eq(read.data)]
        with m.FSM():
            with m.State("WAIT"), m.If(waiting != 0):
                m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += read.addr.eq(Cat((at + 1)[:8], emptying))
                m.d.sync += [self.left.eq(read.data - CRC_BYTES), at.eq(1)]
                m.next = "PACKET"
            with m.State("PACKET"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += [at.eq(at + self.next), self.left.eq(self.left - self.next)]
                with m.If(self.drop):
                    m.d.sync += [at.eq(0), emptying.eq(emptying + 1)]
                    m.next = "WAIT"
        return m
