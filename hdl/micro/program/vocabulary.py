"""What the microprogram speaks of: places of states, bits of MODE, the frame, saturations."""

from enum import IntEnum

from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Index, Register
from hdl.micro.operands import HITS, Cell, Place, unsigned
from hdl.micro.places import page
from hdl.region import REGISTERS, Region
from model.formats import COUNTERS
from model.program import Flag

__all__ = ["BACKWARD_SUM", "Bit", "at", "at_target", "clear_sums", "count_saturations",
           "define_counting", "load_total", "register", "store_total"]

BACKWARD_SUM = Cell(0, of_neuron=True)
"""Σ B e of neuron J."""
RECORD_BITS = 8
"""First bit of MODE that a record's flags use; a frame's flags are below."""


class Bit(IntEnum):
    """Bits of MODE that branches test: flags of the frame, then flags of a record."""

    LEARN = Flag.LEARN.bit_length() - 1
    INTEGRATE = Flag.INTEGRATE.bit_length() - 1
    RESET_STATE = Flag.RESET_STATE.bit_length() - 1
    RESET_TRACE = Flag.RESET_TRACE.bit_length() - 1
    NOISE = Flag.NOISE.bit_length() - 1
    PROBE = Flag.PROBE.bit_length() - 1

    LEARNS_TAU = RECORD_BITS
    PROSPECTIVE = RECORD_BITS + 1
    # Of a population …
    IS_INPUT = RECORD_BITS + 2
    IS_OUTPUT = RECORD_BITS + 3
    NUDGED = RECORD_BITS + 4
    NOISY = RECORD_BITS + 5
    ONE_TAP = RECORD_BITS + 6
    # … or of a projection.
    PLASTIC = RECORD_BITS + 2
    SELF_SCALING = RECORD_BITS + 3
    TIED = RECORD_BITS + 4
    MIRROR = RECORD_BITS + 5
    KOLEN_POLLACK = RECORD_BITS + 6
    DECAYS = RECORD_BITS + 7


TRACES = (Region.LOW, Region.PSI, Region.PSI_XI)
SYNAPSES = (Region.W, Region.B)


def at(region: Region) -> Place:
    """A state of the neuron, trace, synapse or table entry that J, T, Y, P point to."""
    if region in TRACES:
        return Place(page(region), Index.T)
    if region in SYNAPSES:
        return Place(page(region), Index.Y)
    if region == Region.TABLES:
        return Place(page(region), Index.P)
    place = Place(page(region), Index.J)
    return unsigned(place) if region == Region.WORD else place


def at_target(region: Region) -> Place:
    """A state of neuron N."""
    place = Place(page(region), Index.N)
    return unsigned(place) if region == Region.WORD else place


def register(m: Assembler, name: str) -> Place:
    """A register of the bus's map; sets P."""
    m.set(Register.P, m.constant(REGISTERS[name]))
    return unsigned(Place(page(Region.REGISTERS), Index.P))


TOTALS = page(Region.TOTALS), page(Region.SUMS)
"""Pages of the low 32 and the upper bits of Σ W r: Σ B e has cells."""


def load_total(m: Assembler, index: Index = Index.N) -> None:
    """acc ← Σ W r of neuron N, or J"""
    low, high = (Place(number, index) for number in TOTALS)
    m.load(high)
    m.left(32)
    m.add(unsigned(low))


def store_total(m: Assembler, index: Index = Index.N) -> None:
    """Σ W r of neuron N, or J ← acc;  to the next neuron"""
    low, high = (Place(number, index) for number in TOTALS)
    m.write(low)
    m.right(32)
    m.write(high.then_next)


def clear_sums(m: Assembler) -> None:
    """Both sums of neuron J ← 0;  to the next neuron"""
    m.load(m.constant(0))
    m.store(BACKWARD_SUM)
    store_total(m, Index.J)


def _counting(counter: str) -> str:
    """Label of the routine that adds hits to a saturation counter."""
    return f"count {counter}"


def count_saturations(m: Assembler, counter: str) -> None:
    """Enter the limits that were hit since the last time, if any; acc stays, P does not."""
    m.call(_counting(counter), Condition.HITS)


def define_counting(m: Assembler) -> None:
    """The routines behind :func:`count_saturations`."""
    kept, most = m.cell("kept while counting"), m.constant(0xFFFFFFFF)
    for counter in COUNTERS:
        m.label(_counting(counter))
        m.store(kept)
        register(m, f"saturation_{counter}")
        m.branch("count hits")
    total = Place(page(Region.REGISTERS), Index.P, unsigned=True)
    m.label("count hits")
    m.load(HITS)
    m.add(total)
    m.subtract(most)
    with m.unless(Condition.NEGATIVE):
        m.load(m.constant(0))
    m.add(most)
    m.write(total)
    m.load(kept)
    m.leave()

