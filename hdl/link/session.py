"""Which request is executed, which only answered again: sequence numbers, sessions, statuses."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.link.commands import VERSION, Command, Status

__all__ = ["Session"]


class Session(wiring.Component):
    """Takes packets one by one; every one gets an answer.

    The request whose sequence number is expected is executed.  Of those before it, the last
    ``slots`` − 1 are sent again from their buffers; all others are refused.  A request's answer
    goes to the buffer of its number, modulo ``slots``; a refusal to that of the number expected.

    rx_*               a packet, as the receiver gives it
    open … send_slot   the transmitter
    start, command     the executor's work on the body; it answers with ``done`` and ``status``
    recover            hold until ``recovered``: drop a frame half sent and old results
    opened             strobe: a new session begins
    repeated, gap      strobes for the counters; ``failed``: an error ended the session
    """

    def __init__(self, *, slots: int):
        if slots not in (2, 4, 8, 16, 32, 64):
            raise ValueError(f"slots = {slots} must be a power of two, 2 … 64")
        self.slots = slots
        slot = range(slots)
        super().__init__({
            "rx_ready": In(1), "rx_data": In(8), "rx_left": In(8), "rx_next": Out(1),
            "rx_drop": Out(1),
            "open": Out(1), "slot": Out(slot), "push": Out(1), "out": Out(8), "close": Out(1),
            "closed": In(1), "send": Out(1), "send_slot": Out(slot), "sender_busy": In(1),
            "sending": In(slot),
            "start": Out(1), "command": Out(8), "done": In(1), "status": In(Status),
            "recover": Out(1), "recovered": In(1), "opened": Out(1),
            "repeated": Out(1), "gap": Out(1), "failed": Out(1), "busy": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        session, joined, fresh = Signal(16), Signal(), Signal()
        expected, number, age = Signal(8), Signal(8), Signal(8)
        said, index, status, counts = Signal(16), Signal(2), Signal(Status), Signal()
        hello = self.command == Command.HELLO
        greeting = Cat(session, Const(VERSION, 8), Const(self.slots - 1, 8))
        m.d.comb += [self.slot.eq(expected), self.send_slot.eq(expected), self.busy.eq(1),
                     age.eq(expected - number), self.out.eq(number)]

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                with m.If(self.rx_ready):
                    m.d.comb += self.rx_next.eq(1)
                    m.d.sync += [number.eq(self.rx_data), status.eq(Status.OK), fresh.eq(0),
                                 counts.eq(0), index.eq(0)]
                    m.next = "COMMAND"
            with m.State("COMMAND"):
                m.d.comb += self.rx_next.eq(1)
                m.d.sync += self.command.eq(self.rx_data)
                m.next = "JUDGE"
            with m.State("JUDGE"):
                m.next = "OPEN"
                with m.If(hello):
                    m.next = "HELLO"
                with m.Elif(~joined):
                    m.d.sync += status.eq(Status.NO_SESSION)
                with m.Elif(age == 0):
                    m.d.sync += counts.eq(1)
                with m.Elif(age < self.slots):
                    m.d.comb += self.repeated.eq(1)
                    m.next = "REPEAT"
                with m.Else():
                    m.d.comb += self.gap.eq(1)
                    m.d.sync += status.eq(Status.GAP)
            with m.State("HELLO"):
                m.d.comb += self.rx_next.eq(1)
                m.d.sync += [said.eq(Cat(said[8:], self.rx_data)), index.eq(1)]
                with m.If(self.rx_left == 0):
                    m.d.sync += status.eq(Status.MALFORMED)
                    m.next = "OPEN"
                with m.Elif(index == 1):
                    m.next = "COMPARE"
            with m.State("COMPARE"):
                m.next = "OPEN"
                with m.If(~joined | (said != session)):
                    m.d.comb += self.opened.eq(1)
                    m.d.sync += [session.eq(said), joined.eq(1), fresh.eq(1),
                                 expected.eq(number + 1)]
            self._answer(m, status, fresh, counts, joined, expected, greeting)
            with m.State("REPEAT"):
                m.d.comb += self.send_slot.eq(number)
                with m.If(~self.sender_busy):
                    m.d.comb += [self.send.eq(1), self.rx_drop.eq(1)]
                    m.next = "IDLE"
        return m

    def _answer(self, m, status, fresh, counts, joined, expected, greeting):
        """States that build an answer and hand it over."""
        index = Signal(2)
        with m.State("OPEN"), m.If(~self.sender_busy | (self.sending != self.slot)):
            m.d.comb += self.open.eq(1)
            m.next = "NUMBER"
        with m.State("NUMBER"):
            m.d.comb += self.push.eq(1)
            m.d.sync += index.eq(0)
            m.next = "STATUS"
            with m.If(status == Status.GAP):
                m.next = "EXPECTED"
            with m.Elif(counts):
                m.d.comb += self.start.eq(1)
                m.next = "EXECUTE"
            with m.Elif(status == Status.OK):
                m.next = "GREET"
                with m.If(fresh):
                    m.next = "RECOVER"
        with m.State("EXPECTED"):
            m.d.comb += [self.push.eq(1), self.out.eq(expected)]
            m.next = "STATUS"
        with m.State("EXECUTE"), m.If(self.done):
            m.d.sync += status.eq(self.status)
            m.next = "STATUS"
        with m.State("RECOVER"):
            m.d.comb += self.recover.eq(1)
            with m.If(self.recovered):
                m.next = "GREET"
        with m.State("GREET"):
            m.d.comb += [self.push.eq(1), self.out.eq(greeting.word_select(index, 8))]
            m.d.sync += index.eq(index + 1)
            with m.If(index == 3):
                m.next = "STATUS"
        with m.State("STATUS"):
            m.d.comb += [self.push.eq(1), self.out.eq(status)]
            m.next = "CLOSE"
            with m.If((status != Status.OK) & (status != Status.GAP)):
                m.d.comb += self.failed.eq(1)
                m.d.sync += joined.eq(0)
        with m.State("CLOSE"):
            m.d.comb += self.close.eq(1)
            m.next = "SEND"
        with m.State("SEND"), m.If(self.closed & ~self.sender_busy):
            m.d.comb += [self.send.eq(1), self.rx_drop.eq(1)]
            m.d.sync += expected.eq(expected + counts)
            m.next = "IDLE"
