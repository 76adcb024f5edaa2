"""A core behind the link: bytes in and bytes out, or the two pins of a UART."""

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Module,
    Mux,
    ResetSignal,
    Signal,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.cores import make_core
from hdl.link.executor import Executor
from hdl.link.info import describe
from hdl.link.receiver import Receiver
from hdl.link.registers import LinkRegisters
from hdl.link.session import Session
from hdl.link.transmitter import Transmitter
from hdl.link.uart import UartReceiver, UartTransmitter
from hdl.region import OFFSET_BITS

__all__ = ["ByteCore", "LinkedCore", "SLOTS"]

SLOTS = 8
"""Packets that either side can be ahead; each takes 256 bytes of memory per direction."""
RESET_CLOCKS = 64
"""Clocks that the core is reset by the host's command: what is under way in its pipelines, which
have no reset, has left them by then."""


class ByteCore(wiring.Component):
    """The core with the link's protocol on two byte streams.

    rx_*             a byte per clock at most, never waiting; ``rx_error`` spoils its packet
    tx_*             answers, one byte every 2 clocks at most
    busy             a request is being executed or an answer sent
    learned, failed  strobes: a frame with LEARN began; a packet was dropped or refused

    config, slots    capacities of the core, and of the link's buffers: packets per direction
    core             a component with the ports of ``hdl.top.Core``; made from ``config`` if None
    description      what else ``vle info`` is to say: board, clock_frequency, baud, revision …
    """

    def __init__(self, config: Config, *, slots: int = SLOTS, core=None, **description):
        self.config, self.slots, self._core = config, slots, core
        self._info = describe(config, slots=slots, **description)
        super().__init__({
            "rx_data": In(8), "rx_valid": In(1), "rx_error": In(1),
            "tx_data": Out(8), "tx_valid": Out(1), "tx_ready": In(1),
            "busy": Out(1), "learned": Out(1), "failed": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = Receiver(slots=self.slots)
        m.submodules.transmitter = transmitter = Transmitter(slots=self.slots)
        m.submodules.session = session = Session(slots=self.slots)
        m.submodules.executor = executor = Executor(lanes=self.config.lanes)
        m.submodules.registers = registers = LinkRegisters(info=self._info)
        # A board's own domain may have no reset; the host's command resets the core all the same.
        m.domains.core = ClockDomain(local=True)
        m.submodules.core = core = DomainRenamer("core")(self._core or make_core(self.config))
        clocks, resets = Signal(range(RESET_CLOCKS)), Signal()
        with m.If(registers.reset):
            m.d.sync += [clocks.eq(RESET_CLOCKS - 1), resets.eq(1)]
        with m.Else():
            m.d.sync += [clocks.eq(Mux(clocks == 0, 0, clocks - 1)), resets.eq(clocks != 0)]
        m.d.comb += [ClockSignal("core").eq(ClockSignal()),
                     ResetSignal("core").eq(ResetSignal(allow_reset_less=True) | resets)]

        for name in ("rx_data", "rx_valid", "rx_error"):
            m.d.comb += getattr(receiver, name).eq(getattr(self, name))
        for name in ("tx_data", "tx_valid"):
            m.d.comb += getattr(self, name).eq(getattr(transmitter, name))
        m.d.comb += [
            transmitter.tx_ready.eq(self.tx_ready),
            self.busy.eq(receiver.busy | session.busy | transmitter.busy),
            self.learned.eq(executor.learned),
            self.failed.eq(receiver.bad | receiver.overrun | session.failed),
            registers.hit_bad_packets.eq(receiver.bad), registers.hit_overruns.eq(receiver.overrun),
            registers.hit_repeats.eq(session.repeated), registers.hit_gaps.eq(session.gap),
            registers.clear.eq(session.opened | registers.reset),
            executor.restart.eq(session.opened | registers.reset),
        ]
        self._join_session(m, receiver, transmitter, session, executor)
        self._join_core(m, session, executor, registers, core)
        return m

    @staticmethod
    def _join_session(m, receiver, transmitter, session, executor):
        m.d.comb += [
            session.rx_ready.eq(receiver.ready), session.rx_data.eq(receiver.data),
            session.rx_left.eq(receiver.left), receiver.drop.eq(session.rx_drop),
            receiver.next.eq(session.rx_next | executor.next),
            executor.data.eq(receiver.data), executor.left.eq(receiver.left),
            executor.size.eq(transmitter.size), executor.start.eq(session.start),
            executor.command.eq(session.command), session.done.eq(executor.done),
            session.status.eq(executor.status),
            transmitter.push.eq(session.push | executor.push),
            transmitter.data.eq(Mux(executor.push, executor.out, session.out)),
            session.closed.eq(transmitter.closed), session.sender_busy.eq(transmitter.busy),
            session.sending.eq(transmitter.sending)]
        for name in ("open", "slot", "close", "send", "send_slot"):
            m.d.comb += getattr(transmitter, name).eq(getattr(session, name))

    @staticmethod
    def _join_core(m, session, executor, registers, core):
        local = executor.bus_local
        m.d.comb += [
            core.bus_request.eq(session.recover | (executor.bus_request & ~local)),
            core.bus_write.eq(executor.bus_write & ~session.recover),
            core.bus_address.eq(executor.bus_address),
            core.bus_write_data.eq(executor.bus_write_data),
            registers.request.eq(executor.bus_request & local),
            registers.write.eq(executor.bus_write),
            registers.offset.eq(executor.bus_address[:OFFSET_BITS]),
            registers.write_data.eq(executor.bus_write_data),
            executor.bus_acknowledge.eq(Mux(local, registers.acknowledge, core.bus_acknowledge)),
            executor.bus_read_data.eq(Mux(local, registers.read_data, core.bus_read_data)),
            session.recovered.eq(core.bus_acknowledge), core.frame_abort.eq(session.recover),
            core.frame_data.eq(executor.frame_data), core.frame_valid.eq(executor.frame_valid),
            executor.frame_ready.eq(core.frame_ready),
            executor.result_data.eq(core.result_data),
            executor.result_valid.eq(core.result_valid),
            core.result_ready.eq(executor.result_ready | session.recover)]
        for name in ("head", "shared_head", "frame_words", "result_words", "probe_words"):
            m.d.comb += getattr(executor, name).eq(getattr(registers, name))


class LinkedCore(wiring.Component):
    """The core with a UART, for a board.

    rx, tx       8 data bits, no parity, 1 stop bit
    heartbeat    toggles about once a second
    learning     high for some hundredths of a second after a frame with LEARN
    error        the same after a packet that was dropped or refused

    clock_frequency   Hz, at least 8 × ``baud``
    config, slots, core, description   as :class:`ByteCore`
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)
    heartbeat: Out(1)
    learning: Out(1)
    error: Out(1)

    def __init__(self, config: Config, *, clock_frequency: float, baud: int, slots: int = SLOTS,
                 core=None, **description):
        self._uart = {"clock_frequency": clock_frequency, "baud": baud}
        self._receiver = UartReceiver(**self._uart)
        self._transmitter = UartTransmitter(**self._uart)
        self._bytes = ByteCore(config, slots=slots, core=core, **self._uart, **description)
        self._second_bits = max(8, int(clock_frequency).bit_length())
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self._receiver
        m.submodules.transmitter = transmitter = self._transmitter
        m.submodules.bytes = inner = self._bytes
        m.d.comb += [
            receiver.rx.eq(self.rx), inner.rx_data.eq(receiver.data),
            inner.rx_valid.eq(receiver.valid), inner.rx_error.eq(receiver.error),
            transmitter.data.eq(inner.tx_data), transmitter.valid.eq(inner.tx_valid),
            inner.tx_ready.eq(transmitter.ready), self.tx.eq(transmitter.tx)]
        clocks = Signal(self._second_bits)
        m.d.sync += clocks.eq(clocks + 1)
        m.d.comb += self.heartbeat.eq(clocks[-1])
        # A light goes out at the second beat after the last event: 1/32 to 1/16 of a second.
        beat = clocks[:-5] == 0
        for light, event in ((self.learning, inner.learned), (self.error, inner.failed)):
            left = Signal(2)
            m.d.comb += light.eq(left != 0)
            with m.If(event):
                m.d.sync += left.eq(2)
            with m.Elif(beat & light):
                m.d.sync += left.eq(left - 1)
        return m
