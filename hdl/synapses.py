"""The synapse pass: sequencer, row fetch, lanes, and the exact sums Σ W r.

A word is issued, spreads to the lanes (``hdl.spread``), and after four clocks its forward products
leave them; then an adder tree, a level a clock; then the sum of the target.  What the target tells
the lanes, its error and learning factor, takes longer to form and arrives ``LATE`` clocks after the
word: the backward sums follow, and the new weights are written back.
"""

from types import SimpleNamespace

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.group import HOST_LOW, SUM_STAGES, LaneGroup
from hdl.memory import BUS, attach
from hdl.region import LANE_BITS, Region
from hdl.row import ROW_STAGE, RowFetch, post_write
from hdl.select import select, select_latency
from hdl.sequencer import MARKED, Sequencer, walk_ports
from hdl.spread import groups, spread, spread_latency
from hdl.totals import ADDEND_STAGE, Totals
from hdl.visit import AFTER, LATE, STAGES, HostWrite, SourceWrites, visit_layouts
from model.formats import SUM
from model.program import Feedback

__all__ = ["SynapsePass", "pass_latency", "rate_write", "sums_latency", "trace_write"]

ELIGIBLE_DATA = ("e", "m", "above", "slope")
"""What the host can read besides where there are eligibilities."""
PRODUCT_STAGE = 4


def rate_write(config: Config) -> wiring.Signature:
    """A new rate: from a neuron to the half that the next step reads, or from the host's frame."""
    return wiring.Signature({"enable": Out(1), "slot": Out(config.slot_bits), "half": Out(1),
                             "rate": Out(18), "xi": Out(2)})


def trace_write(config: Config) -> wiring.Signature:
    """A new trace: to the half that the next step reads, or from the host."""
    return wiring.Signature({"enable": Out(1), "slot": Out(config.trace_slot_bits),
                             "half": Out(1), "psi": Out(18), "xi": Out(2)})


def _levels(lanes: int) -> int:
    return (lanes - 1).bit_length()


def _way(lanes: int) -> int:
    """Clocks for the way of a product to those of other lanes, which may be across the chip."""
    return 1 if spread_latency(lanes) else 0


def _added_stage(lanes: int) -> int:
    """Clocks from a word to the sum of its lanes' products."""
    return spread_latency(lanes) + PRODUCT_STAGE + _way(lanes) + _levels(lanes)


def pass_latency(lanes: int) -> int:
    """Clocks from a word to its target's neuron, which asks for the sum a clock later."""
    return _added_stage(lanes) + 1


def sums_latency(lanes: int) -> int:
    """Clocks from a slot to its backward sum."""
    return spread_latency(lanes) + SUM_STAGES + 1 + select_latency(lanes)


class SynapsePass(wiring.Component):
    """All synapses of a step, one per lane and clock; see the module.

    host_half, rate_half   the half that the host sees, and that of rates
    landed_done, complete   a step's sums are complete; from the next clock on, in the step after,
                         those below this slot
    total_slot → total   forward sum of one neuron, 2 clocks later
    sum_slot → errors_above   backward sum of one neuron, ``sums_latency`` later
    """

    def __init__(self, config: Config):
        self.config, slot = config, config.slot_bits
        super().__init__(walk_ports(config) | {
            "landed_done": Out(1), "complete": Out(slot),
            "host_half": In(1), "rate_half": In(1),
            "rate_write": In(rate_write(config)), "trace_write": In(trace_write(config)),
            "post": In(post_write(config)),
            "total_slot": In(slot), "total": Out(signed(SUM.width)),
            "sum_slot": In(slot), "errors_above": Out(signed(SUM.width)), "bus": In(BUS),
            "weight_hits": Out(range((4 if config.eligibility else 2) * config.lanes + 1)),
            "factor_hit": Out(1),
            "mirror_hit": Out(1), "weight_data": Out(18), "word_data": Out(32),
        } | ({"write_upper": In(1)} | {f"{name}_data": Out(18) for name in ELIGIBLE_DATA}
             if config.eligibility else {}))

    def _writes(self, m):
        """What goes into the lanes' banks, each with its place; while idle, from the host."""
        bits, bus = self.config.lane_bits, self.bus
        formed = Signal(SourceWrites(self.config), name="formed")
        rate, post, trace = self.rate_write, self.post, self.trace_write
        for bank, write, name, value in ((formed.rate, rate, "r", rate.rate),
                                         (formed.word, post, "word", post.word)):
            written = bus.write & delayed(m, bus.region == Region[name.upper()], 1, f"at_{name}")
            half = self.rate_half if write is rate else self.host_half
            slot = Mux(bus.active, bus.offset, write.slot)
            m.d.comb += [
                bank.value[name].eq(Mux(bus.active, bus.data, value)),
                bank.lane.eq(slot[:bits]), bank.row.eq(slot[bits:]),
                bank.half.eq(Mux(bus.active, half, write.half)),
                bank.enable.eq(Mux(bus.active, written, write.enable))]
        # What the host writes of a trace comes with the rest of it, from the trace unit.
        m.d.comb += [
            formed.trace.value.psi.eq(trace.psi), formed.trace.value.xi.eq(trace.xi),
            formed.trace.lane.eq(trace.slot[:bits]), formed.trace.row.eq(trace.slot[bits:]),
            formed.trace.half.eq(trace.half), formed.trace.enable.eq(trace.enable)]
        # Rates are what the next step's words wait for; the others are read later than these.
        writes = Signal(SourceWrites(self.config), name="writes")
        m.d.comb += writes.rate.eq(formed.rate)
        for name in ("word", "trace"):
            m.d.comb += writes[name].eq(delayed(m, formed[name], 1, f"write_{name}"))
        return writes

    def _host(self, m):
        """The host's writes to the lanes: weights by word and lane, sums by slot."""
        config, bus, host = self.config, self.bus, Signal(HostWrite(self.config))
        # The address is there before the strobe: whose it is, is known by then.
        at_w, at_b, clears = (delayed(m, bus.region == region, 1, f"at_{region.name.lower()}")
                              for region in (Region.W, Region.B, Region.SUMS))
        m.d.comb += [
            host.active.eq(bus.active), host.reads_b.eq(at_b), host.w.eq(bus.write & at_w),
            host.b.eq(bus.write & at_b), host.sum.eq(bus.write & clears),
            host.value.eq(Mux(bus.active, bus.data, 0)),
            host.lane.eq(Mux(clears, bus.offset[:config.lane_bits], bus.offset[:LANE_BITS]))]
        if config.eligibility:
            m.d.comb += [host.e.eq(self.write_upper & at_w), host.m.eq(self.write_upper & at_b)]
        return host

    def _visits(self, m, issue, settings):
        """What the lanes are told of a visit, each part at its stage; the host's places besides."""
        config, bus = self.config, self.bus
        # Settings come a clock after their word, and so does what depends on them.
        after = delayed(m, issue, 1, "after")
        moves = after.valid & after.learn
        copies = settings.feedback == Feedback.KOLEN_POLLACK
        formed = {"silent": issue.reset_state & ~issue.is_input, "w": moves & settings.plastic,
                  "b": moves & settings.plastic & copies,
                  "mirror": moves & (settings.feedback == Feedback.MIRROR)}
        places = {"access": ("word", LANE_BITS), "late": ("word", LANE_BITS),
                  "summed": ("source_row", config.lane_bits), "written": ("word", LANE_BITS)}
        visits = {}
        for name, layout in visit_layouts(config).items():
            now = Signal(layout, name=f"{name}_now")
            late = name == "written"
            word = after if late else issue
            m.d.comb += [now[field].eq(formed[field] if field in formed else word[field])
                         for field in layout.members]
            # The host's place joins in before the last register.
            before, told = max(0, STAGES[name] - 1), Signal(layout, name=f"{name}_told")
            place, low = places[name]
            m.d.comb += told.eq(delayed(m, now, before - late, name))
            with m.If(bus.active):
                m.d.comb += told[place].eq(bus.offset[low:])
            visits[name] = delayed(m, told, STAGES[name] - before, f"{name}_last")
        return visits

    def _told(self, m, row):
        """What the target tells, each part when it is needed."""
        told = Signal.like(row, name="told")
        for name in row.shape().members:
            m.d.comb += told[name].eq(
                delayed(m, row[name], LATE + AFTER.get(name, 0) - ROW_STAGE, f"told_{name}"))
        return told

    def _lanes(self, m, platform, sequencer, row):
        """What each lane answers: product, sum, hits."""
        config, bits = self.config, self.config.lane_bits
        words = self._visits(m, sequencer.issue, sequencer.settings) | {
            "row": self._told(m, row), "writes": self._writes(m), "host": self._host(m),
            "sum_row": self.sum_slot[bits:]}
        copies = {name: spread(m, word, config.lanes, platform, name=name)
                  for name, word in words.items()}
        lanes = []
        for group, numbers in enumerate(groups(config.lanes)):
            m.submodules[f"group_{group}"] = mine = LaneGroup(config, numbers)
            m.d.comb += [getattr(mine, name).eq(copies[name][group]) for name in words]
            lanes += [SimpleNamespace(**{name: getattr(mine, f"{name}_{k}") for name in mine.each})
                      for k in range(len(numbers))]
        return lanes

    def _tree(self, m, values):
        """Sum of ``values``, one level of adders a clock."""
        level = 0
        while len(values) > 1:
            pairs = [values[k:k + 2] for k in range(0, len(values), 2)]
            values = []
            for number, pair in enumerate(pairs):
                total = Signal(signed(36 + level + 1), name=f"tree_{level}_{number}",
                               reset_less=True)
                m.d.sync += total.eq(sum(pair[1:], pair[0]))
                values.append(total)
            level += 1
        return values[0]

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.sequencer = sequencer = Sequencer(config)
        m.submodules.rows = rows = RowFetch(config)
        m.submodules.totals = totals = Totals(depth=config.slots)
        wiring.connect(m, wiring.flipped(self.bus), rows.bus)
        attach(m, self.bus, totals.host, Region.TOTALS)
        for name in ("count", "data", "header_0", "header_1", "input_rows", "may_fetch", "fetched",
                     "may_issue", "issued", "left", "passed"):
            m.d.comb += getattr(sequencer, name).eq(getattr(self, name))
        issue = sequencer.issue
        m.d.comb += [
            self.number.eq(sequencer.number), self.fetched_done.eq(sequencer.fetched_done),
            self.issued_done.eq(sequencer.issued_done), rows.issue.eq(issue),
            rows.settings.eq(sequencer.settings), rows.host_half.eq(self.host_half),
            self.factor_hit.eq(rows.factor_hit), self.mirror_hit.eq(rows.mirror_hit),
            self.word_data.eq(rows.word_data)]
        wiring.connect(m, wiring.flipped(self.post), rows.post)
        lanes = self._lanes(m, platform, sequencer, rows.row)

        products = [delayed(m, lane.product, _way(config.lanes), "product") for lane in lanes]
        added = _added_stage(config.lanes)
        m.d.comb += [
            getattr(totals, name).eq(delayed(m, value, added - ADDEND_STAGE, f"total_{name}"))
            for name, value in (("valid", issue.valid), ("address", issue.target_slot),
                                ("fresh", issue.fresh))]
        m.d.comb += [
            totals.addend.eq(self._tree(m, products)),
            totals.read_address.eq(self.total_slot), self.total.eq(totals.total)]
        slot = Mux(self.bus.active, self.bus.offset, self.sum_slot)
        lane = delayed(m, slot[:config.lane_bits], spread_latency(config.lanes) + SUM_STAGES,
                       "sum_lane")
        # A clock for the way from the lanes, one for the choice.
        sums = [delayed(m, lane.sum, 1, "lane_sum") for lane in lanes]
        m.d.comb += [
            self.errors_above.eq(select(m, sums, lane, platform, name="sums")),
            self.weight_data.eq(self.errors_above[HOST_LOW:])]

        # One register more holds what a mark says.
        mark = delayed(m, sequencer.mark, pass_latency(config.lanes) - MARKED - 1, "mark")
        # The inputs, who have rows of their own, have no sums to wait for.
        complete, inputs = Signal(config.slot_bits), self.input_rows << config.lane_bits
        m.d.comb += [
            self.landed_done.eq(mark.ended),
            self.complete.eq(Mux(mark.ended, inputs, Mux(mark.valid, mark.slot, complete)))]
        m.d.sync += complete.eq(Mux(self.bus.active, inputs, self.complete))

        hits = [delayed(m, sum(lane.hits[1:], lane.hits[0]), 1, "hits") for lane in lanes]
        each = len(lanes[0].hits)
        m.d.comb += self.weight_hits.eq(self._count(m, hits, each))
        if config.eligibility:
            m.d.comb += [rows.write_upper.eq(self.write_upper), self.above_data.eq(rows.above_data),
                         self.slope_data.eq(rows.slope_data)]
            m.d.comb += [
                getattr(self, name).eq(select(m, [getattr(lane, name) for lane in lanes],
                                              self.bus.offset[:LANE_BITS], platform, name=name))
                for name in ("e_data", "m_data")]
        return m

    @staticmethod
    def _count(m, hits, each):
        """Sum of the lanes' saturations, at most ``each`` of a lane, four lanes at a clock; when
        they are counted does not matter."""
        level = 0
        while level == 0 or len(hits) > 1:
            groups = [hits[k:k + 4] for k in range(0, len(hits), 4)]
            hits = []
            for number, group in enumerate(groups):
                total = Signal(range(each * 4 ** (level + 1) + 1), name=f"hits_{level}_{number}")
                m.d.sync += total.eq(sum(group[1:], group[0]))
                hits.append(total)
            level += 1
        return hits[0]
