"""The address map: an address is ``region << 19 | offset``, and every word is 32 bits."""

from enum import auto

from amaranth.lib import enum

from model.formats import COUNTERS

__all__ = ["BEHIND", "IDENTITY", "LANE_BITS", "OFFSET_BITS", "REGISTERS", "Region", "UPPER",
           "address", "region_of"]

OFFSET_BITS = 19
LANE_BITS = 6
"""Low offset bits that select the lane of W and B."""


class Region(enum.IntEnum, shape=5):
    """Memories behind the bus."""

    REGISTERS = 0
    POPULATIONS = auto()
    PROJECTIONS = auto()
    TABLES = auto()
    PROBES = auto()
    TOTALS = auto()
    SUMS = auto()
    U = auto()
    DRIVE = auto()
    S = auto()
    CURRENT = auto()
    R = auto()
    XI = auto()
    ERROR = auto()
    E = auto()
    V = auto()
    X = auto()
    C0 = auto()
    C1 = auto()
    BIAS = auto()
    CHANGE = auto()
    CHANGE_MEAN = auto()
    WORD = auto()
    LOW = auto()
    PSI = auto()
    PSI_XI = auto()
    W = auto()
    B = auto()
    ALPHA = auto()
    ENERGY = auto()
    COST = auto()


REGISTERS = {name: offset for offset, name in enumerate([
    "identity", "lanes", "parity", "projections", "populations", "inputs", "outputs", "input_rows",
    "generator", "probes", "learning_taus", "steps_low", "steps_high", "cycles_low", "cycles_high",
    *(f"saturation_{name}" for name in COUNTERS),
])}
"""Registers by name; ``parity`` says which half of the double-buffered memories is current,
``learning_taus`` how many populations learn their time constants."""

UPPER = 1 << (OFFSET_BITS - 1)
"""The offset behind which cores with eligibilities keep their further states."""
BEHIND = {"above": Region.ERROR, "slope": Region.R, "explored": Region.XI,
          "slopes": Region.CURRENT, "eligibility": Region.W, "momentum": Region.B}
"""Regions in whose upper halves these states are, at the offsets of the region's own."""

IDENTITY = 0x564C4502
"""«VLE», layout version 2."""


def address(region: Region, offset=0):
    """Bus address of an offset (int or array) in a region."""
    return (int(region) << OFFSET_BITS) | offset


def region_of(name: str) -> tuple[Region, int]:
    """Where a state is: region, and what is added to its offsets."""
    return (BEHIND[name], UPPER) if name in BEHIND else (Region[name.upper()], 0)
