"""The traces of a step: every source of every projection passes through the trace pipeline once.

Runs beside the synapse pass, which reads the traces of the previous step meanwhile.  Holds what the
host reads of traces and of rates: copies that are addressed by slot, one word per clock.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.fetch import DescriptorFetch
from hdl.measures import learned_ratio
from hdl.memory import BUS, StateMemory, attach
from hdl.region import Region
from hdl.sequencer import Descriptor, next_slot
from hdl.synapses import RATE_WRITE, TRACE_WRITE
from hdl.trace import TracePipeline
from model.formats import ALPHA
from model.program import ALPHA_BITS

__all__ = ["TraceUnit"]


class TraceUnit(wiring.Component):
    """Walks through all sources of all projections, one per clock, without gaps."""

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "start": In(1), "busy": Out(1), "count": In(range(config.projections + 1)),
            "number": Out(range(config.projections)), "data": In(Descriptor),
            "flags": In(6), "input_rows": In(12), "parity": In(1), "reset_state": In(1),
            "reset_trace": In(1), "rate_write": In(RATE_WRITE), "rate_half": In(1),
            "alpha_number": Out(8), "alpha": In(ALPHA.width),
            "trace_write": Out(TRACE_WRITE), "hits": Out(2), "bus": In(BUS),
            "rate_data": Out(18), "xi_data": Out(2), "low_data": Out(30), "psi_data": Out(18),
            "psi_xi_data": Out(2),
        })

    def _store(self, m, name, region, width, depth, *, buffered):
        store = StateMemory(width=width, depth=depth, buffered=buffered)
        m.submodules[name] = store
        attach(m, self.bus, store.host, region)
        return store

    def _rates(self, m, slot, is_input):
        rate = self._store(m, "rate", Region.R, 18, self.config.slots, buffered=True)
        xi = self._store(m, "xi", Region.XI, 2, self.config.slots, buffered=True)
        for store, value in ((rate, self.rate_write.rate), (xi, self.rate_write.xi)):
            m.d.comb += [
                store.read_address.eq(slot), store.read_half.eq(self.parity & ~is_input),
                store.host_half.eq(self.rate_half), store.write_address.eq(self.rate_write.slot),
                store.write_half.eq(self.rate_write.half), store.write.eq(self.rate_write.enable),
                store.write_data.eq(value)]
        m.d.comb += [self.rate_data.eq(rate.read_data), self.xi_data.eq(xi.read_data)]
        return rate.read_data, xi.read_data

    def _traces(self, m, slot, out):
        values = []
        for name, region, width, port in (
                ("low", Region.LOW, 30, self.low_data), ("psi", Region.PSI, 18, self.psi_data),
                ("psi_xi", Region.PSI_XI, 2, self.psi_xi_data)):
            store = self._store(m, name, region, width, self.config.trace_slots, buffered=False)
            m.d.comb += [
                store.read_address.eq(slot), store.write_address.eq(out.tag),
                store.write.eq(out.valid), port.eq(store.read_data),
                store.write_data.eq(out.xi if name == "psi_xi" else out[name])]
            values.append(store.read_data)
        return values

    def _fetch(self, m):
        """The next projection and, where its target learns τm, the time constants of its trace."""
        m.submodules.fetch = fetch = DescriptorFetch(
            Descriptor, depth=self.config.projections, side=ALPHA.width)
        m.d.comb += [
            fetch.start.eq(self.start), fetch.count.eq(self.count), self.number.eq(fetch.number),
            fetch.arrived.eq(self.data), self.alpha_number.eq(self.data.target),
            fetch.a.eq(self.alpha[ALPHA_BITS:]), fetch.b.eq(self.data.ratio_scale),
            fetch.side.eq(self.alpha)]
        record = Signal(Descriptor)
        m.d.comb += record.eq(fetch.descriptor)
        with m.If(fetch.descriptor.learns_tau):
            m.d.comb += record.trace_mantissa.eq(fetch.held[ALPHA_BITS:])
            with m.If(~fetch.descriptor.prospective):
                m.d.comb += record.ratio.eq(learned_ratio(fetch.product))
        return fetch, record

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.pipeline = pipeline = TracePipeline(18)
        bits = config.lane_bits
        fetch, record = self._fetch(m)
        current, left, active = Signal(Descriptor), Signal(18), Signal()
        source, trace, last = Signal(18), Signal(18), Signal()
        m.d.comb += [last.eq(left == 1), fetch.take.eq(fetch.valid & (~active | last))]
        with m.If(active):
            m.d.sync += [source.eq(next_slot(source, config)), trace.eq(next_slot(trace, config)),
                         left.eq(left - 1), active.eq(~last)]
        with m.If(fetch.take):
            m.d.sync += [
                current.eq(record), left.eq(record.source_span), active.eq(1),
                source.eq((record.source_row << bits) + record.source_lane),
                trace.eq((record.trace_row << bits) + record.source_lane)]

        is_input = source[bits:] < self.input_rows
        rate, xi = self._rates(m, source, is_input)
        low, psi, _ = self._traces(m, trace, pipeline.o)
        silent = delayed(m, self.reset_state & ~is_input, 1, "silent")
        staged = Signal(pipeline.i.shape())
        m.d.sync += [
            staged.valid.eq(delayed(m, active, 1, "active")),
            staged.tag.eq(delayed(m, trace, 1, "trace_slot")),
            staged.r.eq(Mux(silent, 0, rate)), staged.xi.eq(Mux(silent, 0, xi)),
            staged.low.eq(Mux(self.reset_trace, 0, low)),
            staged.psi.eq(Mux(self.reset_trace, 0, psi)), staged.flags.eq(self.flags)]
        settings = delayed(m, current, 1, "settings")
        m.d.sync += [staged[name].eq(settings[name]) for name in
                     ("ratio", "trace_mantissa", "trace_shift")]
        m.d.comb += pipeline.i.eq(staged)

        out, write = pipeline.o, self.trace_write
        m.d.comb += [
            write.enable.eq(out.valid), write.slot.eq(out.tag), write.psi.eq(out.psi),
            write.xi.eq(out.xi), self.hits.eq(Mux(out.valid, out.saturations, 0))]
        flight = Signal(pipeline.latency + 3)
        walking = fetch.busy | active
        m.d.sync += flight.eq(flight << 1 | walking)
        m.d.comb += self.busy.eq(walking | flight.any())
        return m
