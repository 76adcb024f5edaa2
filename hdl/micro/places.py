"""Where everything lives in the state memory of ``hdl.config.MICRO``: 128 pages of 256 words.

A page number and an index make an address; an index wider than 8 bits spans pages, of which the
instruction names the first.

     0 … 15   activation tables           28, 29   population descriptors
    16 … 27   traces: low, ψ, its ξ       30, 31   projection descriptors
    32 + r    region r of the bus, one word a neuron, population, register …
    64 … 95   W                           96 … 127  B
"""

from amaranth.hdl import Cat, Const, Module, Signal

from hdl.micro.instruction import ADDRESS_BITS, SYNAPSE_PAGES
from hdl.region import LANE_BITS, OFFSET_BITS, REGISTERS, Region

__all__ = ["ERRORS", "HOST_REGISTERS", "KINDS", "RATES", "TARGETS", "mapped", "page"]

WIDE = {Region.TABLES: (0, 12), Region.LOW: (16, 10), Region.PSI: (20, 10),
        Region.PSI_XI: (24, 10), Region.POPULATIONS: (28, 9), Region.PROJECTIONS: (30, 9)}
"""First page, and bits of the offset, of regions of more than 256 words."""
SYNAPSES = {Region.W: SYNAPSE_PAGES, Region.B: SYNAPSE_PAGES + 32}
SYNAPSE_BITS = 13
REGION_PAGES = 32

# Pages of regions that are elsewhere, or that the host has no use for, hold what a frame brings and
# what its result will be.
TARGETS = REGION_PAGES + Region.TABLES
KINDS = REGION_PAGES + Region.LOW
RATES = REGION_PAGES + Region.PSI
ERRORS = REGION_PAGES + Region.PSI_XI

HOST_REGISTERS = range(REGISTERS["parity"], REGISTERS["steps_low"])
"""Registers that the host may write."""


def page(region: Region) -> int:
    """First page of a region."""
    if region in WIDE:
        return WIDE[region][0]
    return SYNAPSES.get(region, REGION_PAGES + region)


def mapped(m: Module, address, name: str = "mapped") -> Signal:
    """The place in the state memory of a bus address."""
    region, offset = address[OFFSET_BITS:OFFSET_BITS + 5], address[:OFFSET_BITS]
    place = Signal(ADDRESS_BITS, name=name)
    m.d.comb += place.eq(Cat(offset[:8], region, Const(1, 1)))
    with m.Switch(region):
        for wide, (first, bits) in WIDE.items():
            with m.Case(wide):
                m.d.comb += place.eq(Cat(offset[:bits], Const(first >> (bits - 8), 15 - bits)))
        for synapses, first in SYNAPSES.items():
            with m.Case(synapses):
                m.d.comb += place.eq(Cat(
                    offset[LANE_BITS:LANE_BITS + SYNAPSE_BITS],
                    Const(first >> (SYNAPSE_BITS - 8), 15 - SYNAPSE_BITS)))
    return place
