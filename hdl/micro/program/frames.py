"""Start, frames in, results out; after ``hdl/frame.py``, whose words they are."""

from hdl.config import MICRO
from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Index, Register
from hdl.micro.operands import CYCLES, FRAME, Place, unsigned
from hdl.micro.places import ERRORS, KINDS, RATES, TARGETS, page
from hdl.micro.program.vocabulary import Bit, at, clear_sums, register
from hdl.region import IDENTITY, REGISTERS, Region
from model.formats import MODULATOR
from model.program import Flag

__all__ = ["IDLE", "answer", "count_cycles", "count_step", "start", "take_frame"]

OPERAND = MODULATOR.width
"""Bits of a number in a frame; what says how to take it is above."""
SIGN_SHIFT = 48 - OPERAND
RESET = ("U", "DRIVE", "S", "CURRENT", "R", "XI", "ERROR", "E", "V", "X", "CHANGE")
"""What *reset state* clears of a neuron."""
WORD_BITS = 32
IDLE = "idle"
AFTER_COUNT = 11
"""Clocks of a step that pass after they were counted."""


def start(m: Assembler) -> None:
    """After a reset: no sums, counters at zero, and the registers that tell what this is."""
    m.set(Register.J, m.constant(0))
    m.set(Register.INNER, m.constant(MICRO.rows))
    with m.loop(Register.INNER):
        clear_sums(m)
    for name, value in (("identity", IDENTITY), ("lanes", MICRO.lanes)):
        place = register(m, name)
        m.load(m.constant(value))
        m.write(place)
    first = REGISTERS["steps_low"]
    m.set(Register.INNER, m.constant(len(REGISTERS) - first))
    place = register(m, "steps_low")
    m.load(m.constant(0))
    with m.loop(Register.INNER):
        m.write(place.then_next)
    m.load(CYCLES)


def take_frame(m: Assembler) -> None:
    """Wait for a frame and take it: m, flags, inputs, targets."""
    m.wait_while(Condition.GO, unless=True)
    _take_word(m, "modulator", "flags", bits=max(Flag).bit_length(), wait=False)
    m.load(m.cell("flags"))
    m.set(Register.MODE)
    m.set(Register.INNER, register(m, "inputs"))
    m.set(Register.J, m.constant(0))
    with m.loop(Register.INNER):
        _await_word(m)
        m.load(FRAME)
        _sign(m)
        m.write(at(Region.R).then_next)
    m.set(Register.INNER, register(m, "outputs"))
    m.set(Register.P, m.constant(0))
    with m.loop(Register.INNER):
        _take_word(m, "target", "kind", bits=2)
        m.write(Place(KINDS, Index.P))
        m.load(m.cell("target"))
        m.write(Place(TARGETS, Index.P, steps=True))
    with m.when(Bit.RESET_STATE):
        _reset_state(m)
    with m.when(Bit.RESET_TRACE):
        _clear_traces(m, Region.LOW, Region.PSI)


def _take_word(m: Assembler, number: str, above: str, *, bits: int, wait: bool = True) -> None:
    """A number to a cell, and the ``bits`` above it to another and to acc."""
    if wait:
        _await_word(m)
    m.load(FRAME)
    m.store(m.cell(above))
    _sign(m)
    m.store(m.cell(number))
    m.load(m.cell(above))
    m.right(OPERAND)
    m.low_bits(bits)
    m.store(m.cell(above))


def _await_word(m: Assembler) -> None:
    """Until a word of the frame is there; back to idle if it will not come."""
    here = object()
    m.label(here)
    m.branch(IDLE, Condition.ABORTED)
    m.branch(here, Condition.FRAME, unless=True)


def _sign(m: Assembler) -> None:
    m.left(SIGN_SHIFT)
    m.right(SIGN_SHIFT)


def _reset_state(m: Assembler) -> None:
    """All neurons but the inputs, and the ξ that traces keep."""
    inputs = register(m, "inputs")
    m.load(inputs)
    m.set(Register.J)
    m.subtract_from(m.constant(MICRO.rows))
    m.set(Register.INNER)
    m.load(m.constant(0))
    with m.loop(Register.INNER):
        *others, last = (at(Region[name]) for name in RESET)
        for place in others:
            m.write(place)
        m.write(last.then_next)
    _clear_traces(m, Region.PSI_XI)


def _clear_traces(m: Assembler, *regions: Region) -> None:
    m.set(Register.T, m.constant(0))
    m.set(Register.INNER, m.constant(MICRO.trace_rows))
    m.load(m.constant(0))
    with m.loop(Register.INNER):
        for region in regions:
            m.write(at(region))
        m.advance()


def count_step(m: Assembler) -> None:
    """One more step, 64 bits."""
    low = register(m, "steps_low")
    m.load(low)
    m.add(m.constant(1))
    _carry(m, low)


def count_cycles(m: Assembler) -> None:
    """The clocks of this step, 64 bits."""
    low = register(m, "cycles_low")
    m.load(CYCLES)
    m.add(m.constant(AFTER_COUNT))
    m.add(low)
    _carry(m, low)


def _carry(m: Assembler, low: Place) -> None:
    """acc to a counter of two registers, of which the upper one still has to be added to."""
    m.write(low.then_next)
    m.right(WORD_BITS)
    m.add(low)
    m.write(low)


def answer(m: Assembler) -> None:
    """Rates, then errors of the outputs, then the probed words."""
    for page_number in (RATES, ERRORS):
        m.set(Register.INNER, register(m, "outputs"))
        m.set(Register.P, m.constant(0))
        with m.loop(Register.INNER):
            m.load(Place(page_number, Index.P, steps=True))
            m.send()
    # The record's flags have taken the frame's with them.
    with m.when(Bit.PROBE):
        m.load(register(m, "probes"))
        with m.unless(Condition.ZERO):
            m.set(Register.INNER)
            _answer_probes(m)


def _answer_probes(m: Assembler) -> None:
    entry = m.cell("probe")
    m.load(m.constant(0))
    m.store(entry)
    with m.loop(Register.INNER):
        m.set(Register.P, entry)
        m.load(unsigned(Place(page(Region.PROBES), Index.P)))
        m.set_mapped()
        m.load(Place(0, Index.P))
        m.send()
        m.load(entry)
        m.add(m.constant(1))
        m.store(entry)
