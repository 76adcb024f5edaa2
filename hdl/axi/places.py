"""Which addresses of a core's map there is something at."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.axi.lite import WORD_BITS
from hdl.config import Config
from hdl.descriptor import WORDS
from hdl.link.commands import INFO_OFFSET, INFO_WORDS, LINK_REGION
from hdl.region import BEHIND, LANE_BITS, OFFSET_BITS, REGISTERS, UPPER, Region
from model.activation import table
from model.program import (
    NEURON_STATES,
    POPULATION_STATES,
    SYNAPSE_STATES,
    TABLE_SLOTS,
    TRACE_STATES,
)

__all__ = ["Places", "region_sizes"]


def region_sizes(config: Config) -> dict[int, int]:
    """Offsets that each region of a core has, counted from 0; from UPPER as many more, where
    eligibilities are behind it."""
    sizes = {
        Region.REGISTERS: len(REGISTERS), Region.POPULATIONS: WORDS * config.populations,
        Region.PROJECTIONS: WORDS * config.projections,
        Region.TABLES: TABLE_SLOTS * table("linear").size,
        Region.PROBES: config.probes, Region.TOTALS: config.slots, Region.SUMS: config.slots,
        LINK_REGION: INFO_OFFSET + INFO_WORDS}
    for states, size in ((NEURON_STATES, config.slots), (TRACE_STATES, config.trace_slots),
                         (SYNAPSE_STATES, config.words << LANE_BITS),
                         (POPULATION_STATES, config.populations)):
        sizes |= {Region[name.upper()]: size for name in states}
    return {int(region): size for region, size in sizes.items()}


class Places(wiring.Component):
    """``exists``: whether there is something at ``address``, a clock later.

    Slots of lanes beyond the last one count as existing where a slot is a row and a lane: what
    loads a network fills whole rows.  In W and B they do not.
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({"address": In(WORD_BITS), "exists": Out(1)})

    def elaborate(self, platform):
        m = Module()
        region, offset = self.address[OFFSET_BITS:], self.address[:OFFSET_BITS]
        inside, lane = Signal(), Signal()
        m.d.comb += lane.eq(offset[:LANE_BITS] < self.config.lanes)
        # What eligibilities add is as large as what it is behind.
        doubled = {int(region) for region in BEHIND.values()} if self.config.eligibility else ()
        with m.Switch(region):
            for number, size in region_sizes(self.config).items():
                with m.Case(number):
                    place = offset[:(UPPER - 1).bit_length()] if number in doubled else offset
                    m.d.comb += inside.eq(place < size)
        synapses = [int(Region[name.upper()]) for name in SYNAPSE_STATES]
        m.d.sync += self.exists.eq(inside & (lane | ~region.matches(*synapses)))
        return m
