"""Up to four lanes side by side, and what they share: the memories of their sources.

What all lanes are told arrives once for each group (``hdl.spread``); it is four lanes, not one,
that a register drives.
"""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.backward import PRODUCT, READ_SUM, UNREAD, BackwardSums
from hdl.config import Config
from hdl.delay import delayed
from hdl.lane import BACKWARD_STAGE, Lane
from hdl.sources import SourceBanks
from hdl.visit import STAGES, HostWrite, SourceWrites, row_layout, visit_layouts
from model.formats import SUM

__all__ = ["HOST_LOW", "SUM_STAGES", "LaneGroup"]

HOST_LOW = UNREAD
"""Where in a sum the host finds a weight: above the bits that nobody reads."""
SUM_STAGES = READ_SUM + 1
"""Clocks from a row to its backward sum."""


class LaneGroup(wiring.Component):
    """The lanes ``numbers``; what they are told is told as ``hdl.lane`` says.

    access, late, summed, written   a visit, told at ``STAGES``
    row                  what its target tells
    writes               new rates, traces, random words, of any lane
    product_k, hits_k    of the k-th lane; ``each`` names what there is of every lane
    sum_row → sum_k      a backward sum, ``SUM_STAGES`` clocks later; while the host is active, its
                         18 bits from ``HOST_LOW`` on are W as read 3 clocks after access, or B, 3
                         after late
    """

    def __init__(self, config: Config, numbers: range):
        self.config, self.numbers = config, numbers
        eligible = {"e_data": 18, "m_data": 18} if config.eligibility else {}
        self.each = {"product": signed(36), "hits": 4 if config.eligibility else 2,
                     "sum": signed(SUM.width)} | eligible
        super().__init__({
            **{name: In(layout) for name, layout in visit_layouts(config).items()},
            "row": In(row_layout(config)), "writes": In(SourceWrites(config)),
            "host": In(HostWrite(config)),
            "sum_row": In(max(1, (config.rows - 1).bit_length())),
        } | {f"{name}_{k}": Out(shape) for k in range(len(numbers))
             for name, shape in self.each.items()})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sources = sources = SourceBanks(self.config, self.numbers)
        for name in ("access", "late", "summed", "writes"):
            m.d.comb += getattr(sources, name).eq(getattr(self, name))
        summed = delayed(m, self.summed, BACKWARD_STAGE - PRODUCT - STAGES["summed"], "summed")
        for k, number in enumerate(self.numbers):
            m.submodules[f"lane_{number}"] = lane = Lane(self.config, number)
            m.d.comb += [getattr(lane, name).eq(getattr(self, name))
                         for name in ("access", "late", "written", "row", "host")]
            m.d.comb += [getattr(lane, name).eq(getattr(sources, f"{name}_{k}"))
                         for name in ("rate", "psi", "xi", "word")]
            m.d.comb += [getattr(self, f"{name}_{k}").eq(getattr(lane, name))
                         for name in self.each if name != "sum"]
            self._sum(m, k, lane, summed)
        return m

    def _sum(self, m, k, lane, visit):
        """B e over the targets of this lane's source; the host reads its weights by the same wires.
        """
        m.submodules[f"sums_{self.numbers[k]}"] = sums = BackwardSums(
            depth=self.config.rows, block=self.config.compact)
        m.d.comb += [
            sums.valid.eq(visit.valid), sums.row.eq(visit.source_row),
            sums.parity.eq(visit.parity), sums.first.eq(visit.first), sums.last.eq(visit.last),
            sums.product.eq(lane.backward),
            sums.clear.eq(self.host.sum & (self.host.lane == self.numbers[k])),
            sums.read_row.eq(self.sum_row)]
        read = Signal(signed(SUM.width), name=f"sum_read_{k}", reset_less=True)
        m.d.comb += getattr(self, f"sum_{k}").eq(read)
        m.d.sync += read.eq(sums.sum)
        with m.If(self.host.active):
            m.d.sync += read[HOST_LOW:HOST_LOW + 18].eq(lane.weight)
