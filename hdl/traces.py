"""The traces of a step: every source of every projection passes through the trace pipeline once.

Runs beside the synapse pass, which reads the traces of the previous step meanwhile; a source waits
until its neuron has passed in the step before.  Holds what the host reads of traces and of rates:
copies that are addressed by slot, one word per clock.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bank import state_memories
from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import PROJECTION_FIELDS, held_layout
from hdl.fetch import DescriptorFetch
from hdl.measures import learned_ratio
from hdl.memory import BUS, attach
from hdl.region import Region
from hdl.sequencer import Header, next_slot
from hdl.steps import STEP_BITS
from hdl.synapses import rate_write, trace_write
from hdl.trace import TracePipeline
from model.formats import ALPHA
from model.program import ALPHA_BITS, Flag

__all__ = ["TraceUnit"]


REGIONS = {"rate": Region.R, "xi": Region.XI, "low": Region.LOW, "psi": Region.PSI,
           "psi_xi": Region.PSI_XI}
AFTER = 2
"""Clocks from a descriptor to the time constant of its target."""
READ = 3
"""Clocks from a slot to its memories' words: one for the way, two to read."""


class TraceUnit(wiring.Component):
    """Walks through all sources of all projections, one per clock, step after step.

    may_trace, traced   permission, and number of the step; ``traced_done`` when all is written
    left, passed        neurons of the step before: all are done, or those below this slot
    trace_write         a new trace; while idle, what the host writes of one, with the rest of it
    """

    def __init__(self, config: Config):
        self.config, self.descriptor = config, held_layout(PROJECTION_FIELDS, config)
        super().__init__({
            "count": In(range(config.projections + 1)),
            "number": Out(range(config.projections)), "data": In(self.descriptor),
            "header_0": In(Header), "header_1": In(Header), "input_rows": In(config.row_bits),
            "may_trace": In(1), "traced": In(STEP_BITS), "traced_done": Out(1),
            "left": In(STEP_BITS), "passed": In(config.slot_bits),
            "rate_write": In(rate_write(config)), "rate_half": In(1),
            "host_half": In(1), "alpha_number": Out(8), "alpha": In(ALPHA.width),
            "trace_write": Out(trace_write(config)), "hits": Out(2), "bus": In(BUS),
            "rate_data": Out(18), "xi_data": Out(2), "low_data": Out(30), "psi_data": Out(18),
            "psi_xi_data": Out(2),
        })

    def _stores(self, m, widths, depth, *, buffered=False):
        stores = state_memories(m, widths, depth=depth, buffered=buffered,
                                packed=self.config.compact)
        for name, store in stores.items():
            attach(m, self.bus, store.host, REGIONS[name])
        return stores

    def _rates(self, m, slot, parity):
        stores = self._stores(m, {"rate": 18, "xi": 2}, self.config.slots, buffered=True)
        rate, xi = stores["rate"], stores["xi"]
        for store, value in ((rate, self.rate_write.rate), (xi, self.rate_write.xi)):
            m.d.comb += [
                store.read_address.eq(slot), store.read_half.eq(parity),
                store.host_half.eq(self.rate_half), store.write_address.eq(self.rate_write.slot),
                store.write_half.eq(self.rate_write.half), store.write.eq(self.rate_write.enable),
                store.write_data.eq(value)]
        m.d.comb += [self.rate_data.eq(rate.read_data), self.xi_data.eq(xi.read_data)]
        return rate.read_data, xi.read_data

    def _traces(self, m, slot, out):
        values, widths = [], {"low": 30, "psi": 18, "psi_xi": 2}
        for name, store in self._stores(m, widths, self.config.trace_slots).items():
            m.d.comb += [
                store.read_address.eq(slot), store.write_address.eq(out.tag),
                store.write.eq(out.valid), getattr(self, f"{name}_data").eq(store.read_data),
                store.write_data.eq(out.xi if name == "psi_xi" else out[name])]
            values.append(store.read_data)
        return values

    def _send(self, m, out, half):
        """New traces, and the host's, to the lanes."""
        bus, write = self.bus, self.trace_write
        m.d.comb += [write.enable.eq(out.valid), write.slot.eq(out.tag), write.half.eq(half),
                     write.psi.eq(out.psi), write.xi.eq(out.xi)]
        with m.If(bus.active):
            psi, xi = bus.region == Region.PSI, bus.region == Region.PSI_XI
            m.d.comb += [
                write.enable.eq(bus.write & (psi | xi)), write.slot.eq(bus.offset),
                write.half.eq(self.host_half),
                write.psi.eq(Mux(psi, bus.data, self.psi_data)),
                write.xi.eq(Mux(xi, bus.data, self.psi_xi_data))]

    def _fetch(self, m, begins):
        """The next projection and, where its target learns τm, the time constants of its trace."""
        m.submodules.fetch = fetch = DescriptorFetch(
            self.descriptor, depth=self.config.projections, side=ALPHA.width, after=AFTER)
        # Its target's α is asked for a clock after it has arrived, and there a clock later.
        arrived = delayed(m, self.data, AFTER, "arrived")
        m.d.comb += [
            fetch.start.eq(begins), fetch.count.eq(self.count), self.number.eq(fetch.number),
            fetch.arrived.eq(arrived),
            self.alpha_number.eq(delayed(m, self.data.target, AFTER - 1, "alpha_number")),
            fetch.a.eq(self.alpha[ALPHA_BITS:]), fetch.b.eq(arrived.ratio_scale),
            fetch.side.eq(self.alpha)]
        record = Signal(self.descriptor)
        m.d.comb += record.eq(fetch.descriptor)
        with m.If(fetch.descriptor.learns_tau):
            m.d.comb += record.trace_mantissa.eq(fetch.held[ALPHA_BITS:])
        return fetch, record

    def _step(self, m):
        """A step begins, ends, and what holds in between: (begins, running, ended, header)."""
        running, ended, begins = Signal(), Signal(), Signal()
        header, parity = Signal(Header), self.traced[0]
        m.d.comb += begins.eq(self.may_trace & ~running)
        with m.If(begins):
            m.d.sync += [running.eq(1), header.eq(Mux(parity, self.header_1, self.header_0))]
        with m.Elif(ended):
            m.d.sync += running.eq(0)
        m.d.comb += self.traced_done.eq(running & ended)
        return begins, running, ended, header

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.pipeline = pipeline = TracePipeline(config.trace_slot_bits)
        bits, parity = config.lane_bits, self.traced[0]
        begins, running, ended, header = self._step(m)
        fetch, record = self._fetch(m, begins)
        current, active = Signal(self.descriptor, reset_less=True), Signal()
        product = Signal(signed(36), name="ratio_product", reset_less=True)
        to_take, offered, permitted = Signal(self.count.shape()), Signal(), Signal()
        source, following, left = (Signal(config.slot_bits, name=name)
                                   for name in ("source", "following", "left"))
        trace = Signal(config.trace_slot_bits)
        last, passes = Signal(), Signal()
        first = (record.source_row << bits) | record.source_lane
        m.d.comb += [
            passes.eq(active & permitted),
            fetch.take.eq(offered & (~active | (permitted & last)))]
        m.d.sync += [
            offered.eq(fetch.coming & (begins | (running & ~ended))),
            # Compared a clock ahead; the first source of a projection waits for it.  Those of this
            # step may have left as well, where traces are many and synapses few.
            permitted.eq(~(self.left - self.traced)[STEP_BITS - 1] | (~fetch.take & (
                (passes & (following < self.passed)) | (~passes & (source < self.passed)))))]
        # Either moves the walk on; said so that few registers tell.
        with m.If(Mux(active, permitted, offered)):
            m.d.sync += [source.eq(following), following.eq(next_slot(following, config)),
                         trace.eq(next_slot(trace, config)),
                         left.eq(left - 1), last.eq(left == 2), active.eq(~last)]
        with m.If(begins):
            m.d.sync += to_take.eq(self.count)
        with m.If(fetch.take):
            m.d.sync += [
                left.eq(record.source_span), last.eq(record.source_span == 1), active.eq(1),
                to_take.eq(to_take - 1),
                source.eq(first), following.eq(next_slot(first, config)),
                trace.eq((record.trace_row << bits) | record.source_lane)]
        # The rest of it is there still, and many registers wait for it.
        with m.If(delayed(m, fetch.take, 1, "taken")):
            m.d.sync += [current.eq(record), product.eq(fetch.product)]

        rate, xi = self._rates(m, source, parity)
        low, psi, _ = self._traces(m, trace, pipeline.o)
        entering = pipeline.i
        silent = delayed(m, (header.flags & Flag.RESET_STATE).any()
                         & (source[bits:] >= self.input_rows), READ, "silent")
        forgets = (header.flags & Flag.RESET_TRACE).any()
        m.d.comb += [
            entering.valid.eq(delayed(m, passes, READ, "passes")),
            entering.tag.eq(delayed(m, trace, READ, "trace_slot")),
            entering.r.eq(Mux(silent, 0, rate)), entering.xi.eq(Mux(silent, 0, xi)),
            entering.low.eq(Mux(forgets, 0, low)), entering.psi.eq(Mux(forgets, 0, psi)),
            entering.flags.eq(header.flags)]
        # The product is rounded on the way: it would take long before the register.
        told = Signal(self.descriptor, name="told")
        m.d.comb += told.eq(current)
        with m.If(current.learns_tau & ~current.prospective):
            m.d.comb += told.ratio.eq(learned_ratio(product))
        settings = delayed(m, told, READ - 1, "settings")
        m.d.comb += [entering[name].eq(settings[name]) for name in
                     ("ratio", "trace_mantissa", "trace_shift")]

        out = pipeline.o
        self._send(m, out, ~parity)
        m.d.comb += self.hits.eq(Mux(out.valid, out.saturations, 0))
        walking, flight = (to_take != 0) | active, Signal(pipeline.latency + READ + 2)
        m.d.sync += flight.eq(flight << 1 | (walking | begins))
        m.d.comb += ended.eq(~walking & ~flight.any())
        return m
