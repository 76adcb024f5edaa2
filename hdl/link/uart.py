"""A UART: 8 data bits, no parity, 1 stop bit, any baud rate up to an eighth of the clock.

Both directions count bits with a fraction: an accumulator gains baud / clock of a bit per clock, so
that 3 Mbaud at 50 or 125 MHz are as exact as at 48.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import cdc, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["bit_step", "UartReceiver", "UartTransmitter"]

LEAST_CLOCKS = 8
FINE_BITS = 10


def bit_step(clock_frequency: float, baud: int) -> tuple[int, int]:
    """Gain of the accumulator per clock, and its width; the rate is right to 1 in 1000.

    Raises ValueError for less than 8 clocks a bit.
    """
    if baud < 1 or clock_frequency < LEAST_CLOCKS * baud:
        raise ValueError(f"baud = {baud} is outside 1 … {int(clock_frequency / LEAST_CLOCKS)} "
                         f"for a clock of {clock_frequency / 1e6:g} MHz")
    width = int(clock_frequency / baud).bit_length() + FINE_BITS
    return round((1 << width) * baud / clock_frequency), width


class UartReceiver(wiring.Component):
    """Bits of the pin ``rx`` to bytes.

    A bit is the majority of three clocks in its middle, which is half a bit after the start's edge,
    and whole bits from there.  ``valid`` strobes with ``data``, and with ``error`` where there was
    no stop bit.  Bits may be 2 % longer or shorter than the baud rate says.
    """

    rx: In(1, init=1)
    data: Out(8)
    valid: Out(1)
    error: Out(1)

    def __init__(self, *, clock_frequency: float, baud: int):
        self._step, self._width = bit_step(clock_frequency, baud)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        pin, seen, level = Signal(init=1), Signal(2, init=3), Signal()
        m.submodules.pin = cdc.FFSynchronizer(self.rx, pin, init=1)
        m.d.sync += seen.eq(Cat(pin, seen[0]))
        m.d.comb += level.eq((pin & seen[0]) | (pin & seen[1]) | (seen[0] & seen[1]))
        phase, bit, tick = Signal(self._width), Signal(4), Signal()
        m.d.sync += Cat(phase, tick).eq(phase + self._step)
        with m.FSM():
            with m.State("IDLE"):
                # Half a bit to the middle of the start bit, of which two clocks are gone by then.
                m.d.sync += [phase.eq((1 << (self._width - 1)) + 2 * self._step), tick.eq(0),
                             bit.eq(0)]
                with m.If(~level):
                    m.next = "BITS"
            with m.State("BITS"), m.If(tick):
                m.d.sync += bit.eq(bit + 1)
                with m.If((bit == 0) & level):
                    m.next = "IDLE"
                with m.Elif(bit == 9):
                    m.d.comb += [self.valid.eq(1), self.error.eq(~level)]
                    m.next = "STOP"
                with m.Else():
                    m.d.sync += self.data.eq(Cat(self.data[1:], level))
            with m.State("STOP"), m.If(level):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """Bytes to bits of the pin ``tx``, without a gap as long as there are bytes."""

    data: In(8)
    valid: In(1)
    ready: Out(1)
    tx: Out(1, init=1)

    def __init__(self, *, clock_frequency: float, baud: int):
        self._step, self._width = bit_step(clock_frequency, baud)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        phase, tick, bits, left = Signal(self._width), Signal(), Signal(9), Signal(4)
        m.d.comb += [tick.eq((phase + self._step)[-1]),
                     self.ready.eq((left == 0) | (tick & (left == 1)))]
        with m.If(left != 0):
            m.d.sync += phase.eq(phase + self._step)
        with m.If(tick & (left != 0)):
            m.d.sync += [left.eq(left - 1), Cat(self.tx, bits).eq(Cat(bits, 1))]
        with m.If(self.valid & self.ready):
            m.d.sync += [Cat(self.tx, bits).eq(Cat(0, self.data, 1)), left.eq(10)]
            with m.If(left == 0):
                m.d.sync += phase.eq(0)
        return m
