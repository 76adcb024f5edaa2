"""READ, WRITE and STREAM: bytes of a request to accesses of the core, and back to bytes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.link.commands import LIMIT, LINK_REGION, NARROW_BYTES, WIDE_BYTES, Command, Status
from hdl.region import LANE_BITS, OFFSET_BITS, Region
from model.program import Flag

__all__ = ["FLAGS_AT", "Executor"]

PATIENCE_BITS = 20
ADDRESS_BITS = OFFSET_BITS + 5
FLAGS_AT = 18
"""Bit of a frame's first word where its flags begin."""


class Executor(wiring.Component):
    """Executes a request after ``start``; ``done`` comes with its ``status``.

    data, left, next     the rest of the request's body, as the receiver gives it
    push, out, size      the answer's bytes, as the transmitter takes them
    bus_*                the core's bus; ``bus_local`` for the link's own region
    frame_*, result_*    the core's streams
    head … probe_words   the shape of frames, from the link's registers
    restart              forget where in a frame the stream was
    learned              strobe: a frame with LEARN began
    """

    def __init__(self, *, lanes: int):
        self.lanes = lanes
        super().__init__({
            "start": In(1), "command": In(8), "done": Out(1), "status": Out(Status),
            "data": In(8), "left": In(8), "next": Out(1),
            "push": Out(1), "out": Out(8), "size": In(8),
            "bus_request": Out(1), "bus_local": Out(1), "bus_write": Out(1),
            "bus_address": Out(ADDRESS_BITS), "bus_write_data": Out(32),
            "bus_acknowledge": In(1), "bus_read_data": In(32),
            "frame_data": Out(32), "frame_valid": Out(1), "frame_ready": In(1),
            "result_data": In(32), "result_valid": In(1), "result_ready": Out(1),
            "head": In(24), "shared_head": In(1), "frame_words": In(16), "result_words": In(16),
            "probe_words": In(16), "restart": In(1), "learned": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        self._word, self._index, self._wide = Signal(32), Signal(2), Signal()
        self._patience, self._waiting, self._gathering = Signal(PATIENCE_BITS), Signal(), Signal()
        self._todo, self._results, self._probes = Signal(16), Signal(), Signal()
        self._room, writes = Signal(), self.command == Command.WRITE
        last = NARROW_BYTES - 1 + self._wide
        m.d.comb += [
            self.next.eq(self._gathering & (self.left != 0)),
            self.out.eq(self._word.word_select(self._index, 8)),
            self.frame_data.eq(self._word[:8 * NARROW_BYTES]),
            self.bus_write.eq(writes), self.bus_local.eq(self.bus_address[OFFSET_BITS:]
                                                         == LINK_REGION),
            self.bus_write_data.eq(Mux(self._wide, self._word, self._word[:8 * NARROW_BYTES])),
        ]
        # Of the clock before: from the size through a request to the core's stream is a long way.
        m.d.sync += [self._room.eq(self.size <= LIMIT - NARROW_BYTES - self._wide),
                     self._patience.eq(Mux(self._waiting, self._patience + 1, 0))]
        with m.If(self.next):
            m.d.sync += self._word.word_select(self._index, 8).eq(self.data)

        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += self.status.eq(Status.OK)
                with m.Switch(self.command):
                    with m.Case(Command.READ, Command.WRITE):
                        m.next = "OPTIONS"
                    with m.Case(Command.STREAM):
                        m.next = "STREAM"
                        with m.If(self.frame_words == 0):
                            self._fail(m, Status.MALFORMED)
                    with m.Default():
                        self._fail(m, Status.UNKNOWN)
            self._access(m, writes, last)
            with m.State("EMIT"):
                m.d.comb += self.push.eq(1)
                m.d.sync += self._index.eq(self._index + 1)
                with m.If(self._index == last):
                    m.d.sync += self._index.eq(0)
                    m.next = "NEXT"
                    with m.If(self.command == Command.STREAM):
                        m.next = "SETTLE"
            self._stream(m)
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.d.sync += self._index.eq(0)
                m.next = "IDLE"
        with m.If(self.restart):
            m.d.sync += [self._todo.eq(0), self._results.eq(0), self._probes.eq(0)]
        return m

    def _fail(self, m, status):
        m.d.sync += self.status.eq(status)
        m.next = "DONE"

    def _gather(self, m, last, following):
        """The request's next bytes into the word; ``following`` after the one at ``last``."""
        m.d.comb += self._gathering.eq(1)
        with m.If(self.left == 0):
            self._fail(m, Status.MALFORMED)
        with m.Else():
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(self._index == last):
                m.d.sync += self._index.eq(0)
                m.next = following

    def _wait(self, m):
        """The core has to move now; it is given a million clocks."""
        m.d.comb += self._waiting.eq(1)
        with m.If(self._patience.all()):
            self._fail(m, Status.STUCK)

    def _access(self, m, writes, last):
        """States of READ and WRITE: runs of words."""
        word, address = self._word, self.bus_address
        count, repeat = Signal(7), Signal()
        with m.State("OPTIONS"):
            m.d.comb += self._gathering.eq(1)
            m.d.sync += self._wide.eq(self.data[0])
            m.next = "RUN"
            with m.If(self.left == 0):
                self._fail(m, Status.MALFORMED)
        with m.State("RUN"):
            with m.If((self.left == 0) & (self._index == 0)):
                m.next = "DONE"
            with m.Else():
                self._gather(m, WIDE_BYTES - 1, "ADDRESS")
        with m.State("ADDRESS"):
            m.d.sync += Cat(address, count, repeat).eq(word)
            m.next = "BUS"
            with m.If(writes):
                m.next = "DATA"
        with m.State("DATA"):
            self._gather(m, last, "BUS")
        with m.State("BUS"):
            m.d.comb += self.bus_request.eq(writes | self._room)
            self._wait(m)
            with m.If(~self.bus_request):
                self._fail(m, Status.TOO_LONG)
            with m.Elif(self.bus_acknowledge):
                m.next = "NEXT"
                with m.If(~writes):
                    m.d.sync += word.eq(self.bus_read_data)
                    m.next = "EMIT"
        with m.State("NEXT"):
            m.d.sync += [count.eq(count - 1), address.eq(self._following(address))]
            m.next = "BUS"
            with m.If(writes & ~repeat):
                m.next = "DATA"
            with m.If(count == 0):
                m.next = "RUN"

    def _following(self, address):
        """The next address; in W and B, which number their lanes, the next one that exists."""
        region, lane = address[OFFSET_BITS:], address[:LANE_BITS]
        skips = ((region == Region.W) | (region == Region.B)) & (lane == self.lanes - 1)
        return address + Mux(skips, (1 << LANE_BITS) - self.lanes + 1, 1)

    def _stream(self, m):
        """States of STREAM: words of frames in, results and probed words out."""
        todo, results, probes = self._todo, self._results, self._probes
        first, probing = Signal(), Signal()
        with m.State("SETTLE"):
            # Whether there is room for the next word is known a clock later.
            m.next = "STREAM"
        with m.State("STREAM"):
            with m.If(results | probes):
                m.next = "TAKE"
                with m.If(todo == 0):
                    m.d.sync += [results.eq(0), probes.eq(0), self._wide.eq(0)]
                    m.next = "SETTLE"
                    with m.If(results & probing & (self.probe_words != 0)):
                        m.d.sync += [probes.eq(1), todo.eq(self.probe_words), self._wide.eq(1)]
                with m.Elif(~self._room):
                    m.next = "DONE"
                    with m.If(self.left != 0):
                        self._fail(m, Status.TOO_LONG)
            with m.Elif(self.left == 0):
                m.next = "DONE"
            with m.Elif(todo == 0):
                m.d.sync += [todo.eq(self.frame_words), first.eq(1), self._word.eq(self.head),
                             self._wide.eq(0)]
                m.next = "SAMPLE"
                with m.If(self.shared_head):
                    m.next = "OFFER"
            with m.Else():
                m.next = "SAMPLE"
        with m.State("SAMPLE"):
            self._gather(m, NARROW_BYTES - 1, "OFFER")
        with m.State("OFFER"):
            m.d.comb += self.frame_valid.eq(1)
            self._wait(m)
            with m.If(self.frame_ready):
                m.d.sync += [todo.eq(todo - 1), first.eq(0)]
                m.next = "STREAM"
                with m.If(first):
                    flags = self._word[FLAGS_AT:]
                    m.d.comb += self.learned.eq((flags & Flag.LEARN).any())
                    m.d.sync += probing.eq((flags & Flag.PROBE).any())
                with m.If(todo == 1):
                    m.d.sync += [results.eq(1), todo.eq(self.result_words)]
        with m.State("TAKE"):
            m.d.comb += self.result_ready.eq(1)
            self._wait(m)
            with m.If(self.result_valid):
                m.d.sync += [self._word.eq(self.result_data), todo.eq(todo - 1)]
                m.next = "EMIT"
