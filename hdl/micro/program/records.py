"""Descriptors taken apart: every field of a record that is needed, in a cell of its own or in MODE.

A descriptor is packed into 32-bit words, lowest bits first (``hdl/descriptor.py``); a field may
begin in one word and end in the next.  About 4 clocks a field.
"""

from collections.abc import Mapping

from hdl.descriptor import POPULATION_FIELDS, PROJECTION_FIELDS, WORDS
from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Index, Register
from hdl.micro.operands import PRODUCT, Cell, Place, unsigned
from hdl.micro.places import page
from hdl.micro.program.vocabulary import Bit
from hdl.region import Region
from model.formats import RATIO
from model.program import ALPHA_BITS, POPULATION, PROJECTION

__all__ = ["take_population", "take_projection"]

WORD = 32
POPULATION_BITS = {"learns_tau": Bit.LEARNS_TAU, "prospective": Bit.PROSPECTIVE,
                   "is_input": Bit.IS_INPUT, "is_output": Bit.IS_OUTPUT, "nudged": Bit.NUDGED,
                   "noisy": Bit.NOISY, "one_tap": Bit.ONE_TAP}
PROJECTION_BITS = {"learns_tau": Bit.LEARNS_TAU, "prospective": Bit.PROSPECTIVE,
                   "plastic": Bit.PLASTIC, "self_scaling": Bit.SELF_SCALING}
LAYOUT_FIELDS = ("slot", "source_row", "source_rows", "target_slot", "target_size", "word",
                 "trace_row")
"""Of what a layout adds to a record, or changes in it, the fields that matter with one lane."""


def _take(m: Assembler, region: Region, number: Cell, fields: dict[str, int],
          bits: Mapping[str, Bit]) -> dict[str, Cell]:
    """The fields of record ``number``: cells by name; MODE has the frame's flags and ``bits``."""
    raw, part, mode = m.cell("raw word"), m.cell("part of a field"), m.cell("mode")
    word = unsigned(Place(page(region), Index.P)).then_next
    m.load(m.cell("flags"))
    m.store(mode)
    m.load(number)
    m.left(WORDS.bit_length() - 1)
    m.set(Register.P)
    known = {*LAYOUT_FIELDS, *POPULATION, *PROJECTION}
    cells, position, have = {}, 0, -1
    for name, width in fields.items():
        first, low, width, is_signed = position // WORD, position % WORD, abs(width), width < 0
        position += width
        if name not in known:
            continue
        while have < first:
            m.load(word)
            m.store(raw)
            have += 1
        m.load(raw)
        m.right(low)
        if low + width > WORD:
            m.store(part)
            m.load(word)
            m.store(raw)
            have += 1
            m.left(WORD - low)
            m.add(part)
        m.low_bits(width)
        if name in bits:
            m.left(bits[name])
            m.add(mode)
            m.store(mode)
            continue
        if is_signed:
            m.exclusive_or(m.constant(1 << (width - 1)))
            m.subtract(m.constant(1 << (width - 1)))
        cells[name] = m.cell(f"{region.name.lower()} {name}")
        m.store(cells[name])
    return cells


def _enter_mode(m: Assembler) -> None:
    m.load(m.cell("mode"))
    m.set(Register.MODE)


def _add_to(m: Assembler, mode: Cell, bit: Bit) -> None:
    """One more bit of MODE; acc becomes 1 or more."""
    m.load(mode)
    m.add(m.constant(1 << bit))
    m.store(mode)


def take_population(m: Assembler, number: Cell) -> dict[str, Cell]:
    """The fields of a population's record, with its learned time constant."""
    cells = _take(m, Region.POPULATIONS, number, POPULATION_FIELDS, POPULATION_BITS)
    _enter_mode(m)
    with m.when(Bit.LEARNS_TAU):
        _learned_times(m, number, cells["ratio_scale"], cells["membrane_mantissa"], cells["ratio"])
        m.load(cells["membrane_mantissa"])
        m.store(cells["error_mantissa"])
    return cells


def take_projection(m: Assembler, number: Cell) -> dict[str, Cell]:
    """The fields of a projection's record, with the time constant that its target has learned."""
    cells = _take(m, Region.PROJECTIONS, number, PROJECTION_FIELDS, PROJECTION_BITS)
    mode = m.cell("mode")
    m.load(cells["feedback"])
    for bit in (Bit.TIED, Bit.MIRROR, Bit.KOLEN_POLLACK):
        m.subtract(m.constant(1))
        with m.when(Condition.ZERO):
            _add_to(m, mode, bit)
    m.load(cells["decay_shift"])
    with m.unless(Condition.ZERO):
        _add_to(m, mode, Bit.DECAYS)
    _enter_mode(m)
    with m.when(Bit.LEARNS_TAU):
        _learned_times(m, cells["target"], cells["ratio_scale"], cells["trace_mantissa"],
                      cells["ratio"])
        with m.when(Bit.PROSPECTIVE):
            m.load(m.constant(RATIO.one))
            m.store(cells["ratio"])
    return cells


def _learned_times(m: Assembler, number: Cell, scale: Cell, mantissa: Cell, ratio: Cell) -> None:
    """dt/τm and τr/τm ≤ 1 of a population that learns τm, from its α."""
    m.set(Register.P, number)
    m.load(Place(page(Region.ALPHA), Index.P))
    m.right(ALPHA_BITS)
    m.store(mantissa)
    m.multiply(mantissa, scale)
    m.load(PRODUCT)
    m.right(16)
    m.round()
    m.subtract(m.constant(RATIO.one))
    with m.unless(Condition.NEGATIVE):
        m.load(m.constant(0))
    m.add(m.constant(RATIO.one))
    m.store(ratio)

