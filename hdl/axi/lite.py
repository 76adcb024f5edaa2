"""An AXI4-Lite subordinate: five channels become one access at a time."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hdl.region import OFFSET_BITS, Region

__all__ = ["ACCESS", "ADDRESS_BITS", "AxiLite", "LITE_PORTS", "Response", "WORD_BITS"]

WORD_BITS = OFFSET_BITS + Shape.cast(Region).width
"""Bits of an address in words of 32 bits, as the core counts them."""
ADDRESS_BITS = WORD_BITS + 2
"""Bits of an address in bytes, as AXI counts them."""


class Response(enum.IntEnum, shape=2):
    """What AXI answers to an access; SLVERR: refused, DECERR: there is nothing at that address."""

    OKAY = 0
    SLVERR = 2
    DECERR = 3


LITE_PORTS = {
    "s_axi_awaddr": In(ADDRESS_BITS), "s_axi_awprot": In(3), "s_axi_awvalid": In(1),
    "s_axi_awready": Out(1),
    "s_axi_wdata": In(32), "s_axi_wstrb": In(4), "s_axi_wvalid": In(1), "s_axi_wready": Out(1),
    "s_axi_bresp": Out(2), "s_axi_bvalid": Out(1), "s_axi_bready": In(1),
    "s_axi_araddr": In(ADDRESS_BITS), "s_axi_arprot": In(3), "s_axi_arvalid": In(1),
    "s_axi_arready": Out(1),
    "s_axi_rdata": Out(32), "s_axi_rresp": Out(2), "s_axi_rvalid": Out(1), "s_axi_rready": In(1),
}
"""The ports of an AXI4-Lite subordinate by their usual names; *prot* is not looked at."""

ACCESS = wiring.Signature({
    "request": Out(1), "write": Out(1), "address": Out(WORD_BITS), "data": Out(32),
    "strobes": Out(4), "done": In(1), "response": In(Response), "read_data": In(32)})
"""One access: all of it stands still from ``request`` until ``done``, in whose clock the response
and what was read are taken; ``strobes`` say which bytes of ``data`` are to be written."""


class AxiLite(wiring.Component):
    """The subordinate; ``access`` is what it asks for.

    Each of the three incoming channels has room for one transfer, taken whatever the others do, and
    READY is low only while that room is taken (and in reset).  Where a read and a write wait, they
    take turns.  No output depends on an input of the same clock.

    Latency: 2 clocks before the request, 1 after it, until VALID of the answer.
    """

    def __init__(self):
        super().__init__(LITE_PORTS | {"access": Out(ACCESS)})

    def _channel(self, m, awake, prefix: str, *fields: str):
        """A channel's room: whether it is taken, what is in it, and the strobe that empties it."""
        taken, emptied = Signal(name=f"{prefix}_taken"), Signal(name=f"{prefix}_emptied")
        valid, ready = (getattr(self, f"s_axi_{prefix}{name}") for name in ("valid", "ready"))
        m.d.comb += ready.eq(awake & ~taken)
        held = []
        for field in fields:
            port = getattr(self, f"s_axi_{prefix}{field}")
            held.append(Signal.like(port, name=f"{prefix}_{field}"))
            with m.If(valid & ready):
                m.d.sync += held[-1].eq(port)
        with m.If(valid & ready):
            m.d.sync += taken.eq(1)
        with m.Elif(emptied):
            m.d.sync += taken.eq(0)
        return taken, emptied, *held

    def elaborate(self, platform):
        m = Module()
        access, awake = self.access, Signal()
        m.d.sync += awake.eq(1)
        aw_taken, aw_emptied, aw_address = self._channel(m, awake, "aw", "addr")
        w_taken, w_emptied, w_data, w_strobes = self._channel(m, awake, "w", "data", "strb")
        ar_taken, ar_emptied, ar_address = self._channel(m, awake, "ar", "addr")
        written, response = aw_taken & w_taken, Signal(Response)
        m.d.comb += [self.s_axi_bresp.eq(response), self.s_axi_rresp.eq(response)]

        with m.FSM():
            with m.State("WAIT"):
                with m.If(ar_taken & (access.write | ~written)):
                    m.d.comb += ar_emptied.eq(1)
                    m.d.sync += [access.write.eq(0), access.address.eq(ar_address[2:])]
                    m.next = "ACCESS"
                with m.Elif(written):
                    m.d.comb += [aw_emptied.eq(1), w_emptied.eq(1)]
                    m.d.sync += [access.write.eq(1), access.address.eq(aw_address[2:]),
                                 access.data.eq(w_data), access.strobes.eq(w_strobes)]
                    m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.comb += access.request.eq(1)
                m.d.sync += [response.eq(access.response), self.s_axi_rdata.eq(access.read_data)]
                with m.If(access.done):
                    m.next = "READ"
                    with m.If(access.write):
                        m.next = "WRITTEN"
            with m.State("READ"):
                m.d.comb += self.s_axi_rvalid.eq(1)
                with m.If(self.s_axi_rready):
                    m.next = "WAIT"
            with m.State("WRITTEN"):
                m.d.comb += self.s_axi_bvalid.eq(1)
                with m.If(self.s_axi_bready):
                    m.next = "WAIT"
        return m
