"""Answers into packets, kept for sending again.

COBS is done in place: the place of a zero holds the distance to the next one, so that a byte is one
write, whatever it is.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from hdl.link.packets import packets

__all__ = ["Transmitter"]


class Transmitter(wiring.Component):
    """Builds an answer at a time in one of ``slots`` buffers (``hdl.link.packets``), and sends any
    of them.

    open, slot        strobe: begin an answer in that buffer, the one not being sent
    push, data        strobe: the answer's next byte, a clock after ``open`` at the earliest
    close, closed     strobe: add the CRC; high once that is done, 7 clocks later
    size              bytes pushed so far
    send, send_slot   strobe while not ``busy``: send that buffer
    sending           the buffer being sent while ``busy``
    tx_*              bytes for the line, delimiter last; one every 2 clocks
    """

    def __init__(self, *, slots: int):
        self.slots = slots
        slot = range(slots)
        super().__init__({
            "open": In(1), "slot": In(slot), "push": In(1), "data": In(8), "close": In(1),
            "closed": Out(1), "size": Out(8),
            "send": In(1), "send_slot": In(slot), "busy": Out(1), "sending": Out(slot),
            "tx_data": Out(8), "tx_valid": Out(1), "tx_ready": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = packets(self.slots)
        self._build(m, buffer.write_port())
        self._send(m, buffer.read_port())
        return m

    def _build(self, m, write):
        m.submodules.crc = crc = CRC32_ISO_HDLC(8).create()
        place, last, index = Signal(8), Signal(8), Signal(2)
        stuffed, byte = Signal(), Signal(8)
        # A zero leaves its place empty: the zero after it, or the end, will write there.
        with m.If(stuffed):
            m.d.comb += [write.en.eq(1), write.data.eq(byte), write.addr.eq(Cat(place, self.slot))]
            m.d.sync += place.eq(place + 1)
            with m.If(byte == 0):
                m.d.comb += [write.addr.eq(Cat(last, self.slot)), write.data.eq(place - last)]
                m.d.sync += last.eq(place)
        m.d.comb += [crc.start.eq(self.open), crc.data.eq(self.data), crc.valid.eq(self.push),
                     byte.eq(self.data), self.size.eq(place - 1)]
        with m.If(self.open):
            m.d.sync += [place.eq(1), last.eq(0)]
        with m.FSM():
            with m.State("BODY"):
                m.d.comb += [self.closed.eq(~self.close), stuffed.eq(self.push)]
                with m.If(self.close):
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [stuffed.eq(1), byte.eq(crc.crc.word_select(index, 8))]
                m.d.sync += index.eq(index + 1)
                with m.If(index == 3):
                    m.next = "BLOCK"
            with m.State("BLOCK"):
                m.d.comb += [write.en.eq(1), write.addr.eq(Cat(last, self.slot)),
                             write.data.eq(place - last)]
                m.next = "DELIMITER"
            with m.State("DELIMITER"):
                m.d.comb += [write.en.eq(1), write.addr.eq(Cat(place, self.slot)),
                             write.data.eq(0)]
                m.next = "BODY"

    def _send(self, m, read):
        at = Signal(8)
        m.d.comb += [read.addr.eq(Cat(at, self.sending)), self.tx_data.eq(read.data)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += at.eq(0)
                with m.If(self.send):
                    m.d.sync += self.sending.eq(self.send_slot)
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.d.comb += self.busy.eq(1)
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += [self.busy.eq(1), self.tx_valid.eq(1)]
                with m.If(self.tx_ready):
                    m.d.sync += at.eq(at + 1)
                    m.next = "FETCH"
                    with m.If(read.data == 0):
                        m.next = "IDLE"
