"""The core for a system on chip: AXI4-Stream in and out, AXI4-Lite, and an interrupt.

    s_axis ──► frames.py ──────────────► core ──────────────► results.py ──► m_axis
                   ▲ pause, live           ▲ bus                  │
                   │                       │                      │ begun, given
    s_axi ───► lite.py ──► access.py ──────┴──► registers.py ◄────┘
                           places.py                └──► interrupt
"""

from amaranth.hdl import ClockDomain, ClockSignal, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.axi.access import AccessUnit
from hdl.axi.frames import FrameGate
from hdl.axi.lite import LITE_PORTS, AxiLite
from hdl.axi.registers import AxiRegisters
from hdl.axi.results import ResultGate
from hdl.config import Config
from hdl.cores import make_core
from hdl.link.info import describe
from hdl.region import REGISTERS, Region, address

__all__ = ["AxiCore", "PORTS"]

PORTS = {
    "aclk": In(1), "aresetn": In(1),
    "s_axis_tdata": In(32), "s_axis_tvalid": In(1), "s_axis_tready": Out(1), "s_axis_tlast": In(1),
    "m_axis_tdata": Out(32), "m_axis_tvalid": Out(1), "m_axis_tready": In(1),
    "m_axis_tlast": Out(1), **LITE_PORTS, "interrupt": Out(1)}
"""The ports by their usual names."""


class AxiCore(wiring.Component):
    """A core with standard ports; docs/soc.md tells how it is used.

    aclk, aresetn   clock of everything, rising edge, and its synchronous reset, active low
    s_axis_*        frames, a packet each;  m_axis_*   results, a packet each (``hdl.frame``,
                    ``hdl.result``); words of 32 bits
    s_axi_*         the core's address map times four, and AXI_REGISTERS in its last region
    interrupt       high while an enabled event is not cleared

    No output depends on an input of the same clock.

    core            a component with the ports of ``hdl.top.Core``; made from ``config`` if None
    description     what else its description is to say: board, clock_frequency, revision
    """

    def __init__(self, config: Config, *, core=None, **description):
        self.config, self._core = config, core
        self._info = describe(config, slots=0, **description)
        super().__init__(PORTS)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(local=True)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.core = core = self._core or make_core(self.config)
        m.submodules.lite = lite = AxiLite()
        m.submodules.access = access = AccessUnit(self.config)
        m.submodules.registers = registers = AxiRegisters(info=self._info)
        m.submodules.frames = frames = FrameGate(self.config)
        m.submodules.results = results = ResultGate()
        for part in (lite, frames, results):
            for name, member in part.signature.members.items():
                if name in PORTS:
                    mine, its = getattr(self, name), getattr(part, name)
                    m.d.comb += its.eq(mine) if member.flow is In else mine.eq(its)
        wiring.connect(m, lite.access, access.access)
        wiring.connect(m, access.registers, registers.access)
        sizes = self._sizes(m, access)
        self._join_streams(m, sizes, frames, results, core)
        running = frames.running | results.running
        m.d.comb += [
            access.running.eq(running), registers.running.eq(running),
            registers.waiting.eq(frames.waiting), registers.frame_words.eq(frames.words),
            registers.result_words.eq(results.words), frames.live.eq(registers.live),
            frames.hold.eq(registers.hold | access.pause),
            registers.hit_frames.eq(frames.taken), registers.hit_results.eq(results.given),
            registers.hit_overruns.eq(frames.overrun),
            registers.hit_malformed_frames.eq(frames.malformed),
            registers.hit_refused_accesses.eq(access.refused),
            self.interrupt.eq(registers.interrupt),
            core.bus_request.eq(access.bus_request), core.bus_write.eq(access.bus_write),
            core.bus_address.eq(access.bus_address),
            core.bus_write_data.eq(access.bus_write_data),
            access.bus_acknowledge.eq(core.bus_acknowledge),
            access.bus_read_data.eq(core.bus_read_data)]
        return m

    def _sizes(self, m, access):
        """Inputs, outputs and probes of the loaded network, as they are written to the core."""
        sizes = {name: Signal(16, name=name) for name in ("inputs", "outputs", "probes")}
        with m.If(access.bus_request & access.bus_write & access.bus_acknowledge):
            for name, size in sizes.items():
                with m.If(access.bus_address == address(Region.REGISTERS, REGISTERS[name])):
                    m.d.sync += size.eq(access.bus_write_data)
        return sizes

    def _join_streams(self, m, sizes, frames, results, core):
        inputs, outputs = sizes["inputs"], sizes["outputs"]
        loaded = ((inputs != 0) & (inputs <= self.config.inputs)
                  & (outputs != 0) & (outputs <= self.config.outputs))
        m.d.comb += [
            frames.words.eq(Mux(loaded, inputs + outputs + 1, 0)),
            results.words.eq(Mux(loaded, outputs << 1, 0)), results.probes.eq(sizes["probes"]),
            frames.room.eq(results.room), results.begun.eq(frames.begun),
            results.probing.eq(frames.probing),
            core.frame_data.eq(frames.frame_data), core.frame_valid.eq(frames.frame_valid),
            frames.frame_ready.eq(core.frame_ready),
            results.result_data.eq(core.result_data), results.result_valid.eq(core.result_valid),
            core.result_ready.eq(results.result_ready)]
