"""Who serves an access: the wrapper's registers, the core's bus, or nobody."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.axi.lite import ACCESS, WORD_BITS, Response
from hdl.axi.places import Places
from hdl.config import Config
from hdl.link.commands import LINK_REGION
from hdl.region import OFFSET_BITS

__all__ = ["AccessUnit"]


class AccessUnit(wiring.Component):
    """Answers every ``access`` within a bounded time, whatever the streams do.

    * DECERR where there is nothing;
    * region LINK_REGION: the ``registers``, at any time;
    * everything else is the core's, whole words only, and only while it is not ``running``: else
      SLVERR, and nothing happens.  A write of no byte at all is OKAY, and does nothing.

    bus_*     the core's bus
    pause     begin no frame: the bus is about to be used
    refused   strobe: an access was answered with an error
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "access": In(ACCESS), "registers": Out(ACCESS), "running": In(1), "pause": Out(1),
            "refused": Out(1), "bus_request": Out(1), "bus_write": Out(1),
            "bus_address": Out(WORD_BITS), "bus_write_data": Out(32), "bus_acknowledge": In(1),
            "bus_read_data": In(32)})

    def elaborate(self, platform):
        m = Module()
        access, registers = self.access, self.registers
        m.submodules.places = places = Places(self.config)
        m.d.comb += [
            places.address.eq(access.address), self.bus_address.eq(access.address),
            self.bus_write.eq(access.write), self.bus_write_data.eq(access.data),
            self.refused.eq(access.request & access.done & (access.response != Response.OKAY))]
        for name in ("write", "address", "data", "strobes"):
            m.d.comb += getattr(registers, name).eq(getattr(access, name))

        with m.FSM():
            with m.State("WAIT"), m.If(access.request):
                m.next = "JUDGE"
            with m.State("JUDGE"):
                # No frame begins in this clock, and none in the next if the bus is used.
                m.d.comb += self.pause.eq(1)
                m.next = "BUS"
                with m.If(access.address[OFFSET_BITS:] == LINK_REGION):
                    m.next = "REGISTERS"
                with m.Elif(access.write & ~access.strobes.any()):
                    m.next = "NOTHING"
                with m.Elif(self.running | (access.write & ~access.strobes.all())):
                    m.next = "REFUSED"
                with m.If(~places.exists):
                    m.next = "NOWHERE"
            with m.State("REGISTERS"):
                m.d.comb += [registers.request.eq(1), access.done.eq(registers.done),
                             access.response.eq(registers.response),
                             access.read_data.eq(registers.read_data)]
                with m.If(access.done):
                    m.next = "WAIT"
            with m.State("BUS"):
                m.d.comb += [self.pause.eq(1), self.bus_request.eq(1),
                             access.done.eq(self.bus_acknowledge),
                             access.read_data.eq(self.bus_read_data)]
                with m.If(access.done):
                    m.next = "WAIT"
            for state, response in (("NOTHING", Response.OKAY), ("REFUSED", Response.SLVERR),
                                    ("NOWHERE", Response.DECERR)):
                with m.State(state):
                    m.d.comb += [access.done.eq(1), access.response.eq(response)]
                    m.next = "WAIT"
        return m
