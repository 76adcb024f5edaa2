"""The synapse pass: sequencer, row fetch, lanes, and the exact sums Σ W r.

Stages after an issue: 7 the row's words meet the lanes' operands; 9 products; then an adder tree,
a level a clock; then the accumulator of the target.  A projection is complete, and its populations
are released, when the slowest of these has landed.
"""

from amaranth.hdl import Array, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.accumulator import Accumulator
from hdl.config import Config
from hdl.delay import delayed
from hdl.lane import WRITE_STAGE, Lane
from hdl.memory import BUS, attach
from hdl.region import LANE_BITS, Region
from hdl.row import POST_WRITE, ROW_STAGE, RowFetch
from hdl.sequencer import Descriptor, Sequencer
from model.formats import SUM

__all__ = ["RATE_WRITE", "TRACE_WRITE", "SynapsePass"]

RATE_WRITE = wiring.Signature({"enable": Out(1), "slot": Out(18), "half": Out(1), "rate": Out(18),
                               "xi": Out(2)})
"""A new rate: from a neuron to the half that the next step reads, or from the host's frame."""
TRACE_WRITE = wiring.Signature({"enable": Out(1), "slot": Out(18), "psi": Out(18), "xi": Out(2)})
"""A new trace, always to the half that the next step reads."""

LANE_STAGE = ROW_STAGE - 2
SUM_STAGE = ROW_STAGE + 2


class SynapsePass(wiring.Component):
    """All synapses of a step, one per lane and clock; see the module.

    start, busy          one step; ``busy`` until the last weight is written back
    released             populations whose sums are complete
    sum_slot → total, errors_above   sums of one neuron, one clock later
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "start": In(1), "busy": Out(1), "count": In(range(config.projections + 1)),
            "number": Out(range(config.projections)), "data": In(Descriptor),
            "modulator": In(signed(18)), "input_rows": In(12), "parity": In(1), "learn": In(1),
            "reset_state": In(1), "reset_trace": In(1), "released": Out(9),
            "rate_write": In(RATE_WRITE), "trace_write": In(TRACE_WRITE),
            "post": In(POST_WRITE),
            "sum_slot": In(18), "total": Out(signed(SUM.width)),
            "errors_above": Out(signed(SUM.width)), "bus": In(BUS), "rate_half": In(1),
            "weight_hits": Out(range(2 * config.lanes + 1)), "factor_hit": Out(1),
            "mirror_hit": Out(1), "w_data": Out(18), "b_data": Out(18), "word_data": Out(32),
        })

    def _lanes(self, m, issue, row):
        lanes, bits = [], self.config.lane_bits
        access = delayed(m, issue, LANE_STAGE, "access")
        for number in range(self.config.lanes):
            m.submodules[f"lane_{number}"] = lane = Lane(self.config, number)
            lanes.append(lane)
            for name in lane.access.shape().members:
                m.d.comb += lane.access[name].eq(access[name])
            m.d.comb += [
                lane.row.eq(row), lane.learn.eq(self.learn), lane.parity.eq(self.parity),
                lane.reset_state.eq(self.reset_state), lane.reset_trace.eq(self.reset_trace),
                lane.rate_half.eq(self.rate_half), lane.sum_row.eq(self.sum_slot[bits:])]
            wiring.connect(m, wiring.flipped(self.bus), lane.bus)
            for port, write in ((lane.rate_write, self.rate_write),
                                (lane.trace_write, self.trace_write)):
                mine = write.slot[:bits] == number if bits else 1
                m.d.comb += [port.enable.eq(write.enable & mine), port.row.eq(write.slot[bits:])]
            m.d.comb += [
                lane.rate_write.half.eq(self.rate_write.half),
                lane.rate_write.rate.eq(self.rate_write.rate),
                lane.trace_write.half.eq(~self.parity),
                lane.trace_write.psi.eq(self.trace_write.psi),
                lane.trace_write.xi.eq(self.trace_write.xi),
                lane.word_write.enable.eq(self.post.enable
                                          & (self.post.slot[:bits] == number if bits else 1)),
                lane.word_write.row.eq(self.post.slot[bits:]),
                lane.word_write.half.eq(~self.parity), lane.word_write.word.eq(self.post.word)]
        return lanes

    def _tree(self, m, values):
        """Sum of ``values``, one level of adders a clock; returns it and its latency."""
        levels = 0
        while len(values) > 1:
            pairs = [values[k:k + 2] for k in range(0, len(values), 2)]
            values = []
            for number, pair in enumerate(pairs):
                total = sum(pair[1:], pair[0])
                level = Signal(signed(36 + levels + 1), name=f"tree_{levels}_{number}")
                m.d.sync += level.eq(total)
                values.append(level)
            levels += 1
        return values[0], levels

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = Sequencer(self.config)
        m.submodules.rows = rows = RowFetch(self.config)
        m.submodules.totals = totals = Accumulator(depth=self.config.slots)
        wiring.connect(m, wiring.flipped(self.bus), rows.bus)
        attach(m, self.bus, totals.host, Region.TOTALS)
        issue = sequencer.issue
        m.d.comb += [
            sequencer.start.eq(self.start), sequencer.count.eq(self.count),
            self.number.eq(sequencer.number), sequencer.data.eq(self.data),
            sequencer.modulator.eq(self.modulator), sequencer.input_rows.eq(self.input_rows),
            rows.issue.eq(issue), rows.parity.eq(self.parity), rows.learn.eq(self.learn),
            rows.reset_state.eq(self.reset_state), self.factor_hit.eq(rows.factor_hit),
            self.mirror_hit.eq(rows.mirror_hit), self.word_data.eq(rows.word_data)]
        wiring.connect(m, wiring.flipped(self.post), rows.post)
        lanes = self._lanes(m, issue, rows.row)

        total, levels = self._tree(m, [lane.product for lane in lanes])
        stage = SUM_STAGE + levels
        m.d.comb += [
            totals.add.eq(delayed(m, issue.valid, stage, "sum_valid")),
            totals.add_address.eq(delayed(m, issue.target_slot, stage, "sum_slot")),
            totals.addend.eq(total), totals.parity.eq(self.parity),
            totals.read_address.eq(self.sum_slot)]
        lane = delayed(m, self.sum_slot[:self.config.lane_bits], 1, "sum_lane")
        sums = [delayed(m, lane.sum, 1, f"sum_{k}") for k, lane in enumerate(lanes)]
        m.d.comb += self.errors_above.eq(Array(sums)[lane] if self.config.lane_bits else sums[0])
        m.d.sync += self.total.eq(totals.total)

        landed = max(stage, LANE_STAGE + WRITE_STAGE) + 1
        finished = delayed(m, sequencer.finished, landed, "finished")
        count = delayed(m, sequencer.released, landed, "released")
        pipeline = Signal(landed)
        m.d.sync += pipeline.eq(pipeline << 1 | sequencer.busy)
        m.d.comb += self.busy.eq(sequencer.busy | pipeline.any())
        with m.If(self.start):
            # The inputs, the first population, have no sums to wait for.
            m.d.sync += self.released.eq(1)
        with m.Elif(finished):
            m.d.sync += self.released.eq(count)

        host_lane = self.bus.offset[:LANE_BITS]
        hits = [hit for lane in lanes for hit in lane.hits]
        m.d.sync += self.weight_hits.eq(sum(hits[1:], hits[0]))
        m.d.comb += [self.w_data.eq(Array([lane.w_data for lane in lanes])[host_lane]),
                     self.b_data.eq(Array([lane.b_data for lane in lanes])[host_lane])]
        return m
