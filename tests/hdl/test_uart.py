"""The UART with an independent partner, at 3 Mbaud and clocks that are no multiple of it."""

from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.link.uart import UartReceiver, UartTransmitter, bit_step
from sim.bench import run_bench

BENCH = Path(__file__).with_name("bench_uart.py")


class Pair(wiring.Component):
    """A receiver and a transmitter, side by side."""

    rx: In(1, init=1)
    rx_data: Out(8)
    rx_valid: Out(1)
    rx_error: Out(1)
    data: In(8)
    valid: In(1)
    ready: Out(1)
    tx: Out(1, init=1)

    def __init__(self, **parameters):
        self.receiver, self.transmitter = UartReceiver(**parameters), UartTransmitter(**parameters)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.transmitter = transmitter = self.transmitter
        m.d.comb += [
            receiver.rx.eq(self.rx), self.rx_data.eq(receiver.data),
            self.rx_valid.eq(receiver.valid), self.rx_error.eq(receiver.error),
            transmitter.data.eq(self.data), transmitter.valid.eq(self.valid),
            self.ready.eq(transmitter.ready), self.tx.eq(transmitter.tx)]
        return m


@pytest.mark.parametrize("megahertz, baud", [(24, 3_000_000), (50, 3_000_000), (125, 3_000_000)])
def test_uart_with_an_independent_partner(megahertz, baud):
    pair = Pair(clock_frequency=megahertz * 1e6, baud=baud)
    environment = {"MEGAHERTZ": str(megahertz), "BAUD": str(baud)}
    assert run_bench(pair, BENCH, environment=environment) == 4


@pytest.mark.parametrize("baud", [0, 3_000_001])
def test_a_baud_rate_too_high_for_the_clock_is_refused(baud):
    with pytest.raises(ValueError, match=rf"baud = {baud} is outside 1 … 3000000 for a clock of "
                                         r"24 MHz"):
        bit_step(24e6, baud)
