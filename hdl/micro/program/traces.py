"""Eligibility traces of one projection's sources, after ``model/trace.py``: 35 clocks each."""

from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Register
from hdl.micro.operands import PRODUCT, Cell
from hdl.micro.program.vocabulary import Bit, at, count_saturations
from hdl.region import Region
from model.formats import RATE, RATIO, TRACE

__all__ = ["trace"]

LOW_SHIFT = TRACE.frac - RATE.frac
DRIVE_SHIFT = LOW_SHIFT + 1
STEP_SHIFT = RATIO.frac - DRIVE_SHIFT


def trace(m: Assembler, p: dict[str, Cell]) -> None:
    """ψ = D⁺τr I⁻τm [r] for all sources of the projection with fields ``p``."""
    shift = m.cell("shift of the trace's step")
    m.load(p["trace_shift"])
    m.add(m.constant(STEP_SHIFT))
    m.store(shift)
    m.set(Register.J, p["source_row"])
    m.set(Register.T, p["trace_row"])
    m.set(Register.INNER, p["source_rows"])
    with m.loop(Register.INNER):
        with m.when(Bit.INTEGRATE):
            _source(m, p, shift)
        with m.otherwise():
            m.load(m.constant(0))
            m.write(at(Region.PSI_XI))
        m.advance()


def _source(m: Assembler, p: dict[str, Cell], shift: Cell) -> None:
    low = at(Region.LOW)
    m.load(at(Region.R))
    m.left(LOW_SHIFT)
    m.subtract(low)
    m.right(DRIVE_SHIFT)
    m.round()
    m.limit(RATE.width)
    m.set(Register.A)
    m.set(Register.B, p["ratio"])
    m.load(at(Region.XI))
    m.write(at(Region.PSI_XI))
    m.load(low)
    m.left(STEP_SHIFT)
    m.add(PRODUCT)
    m.set(Register.B, p["trace_mantissa"])
    m.right(STEP_SHIFT + LOW_SHIFT)
    m.round()
    m.limit(RATE.width)
    m.write(at(Region.PSI))
    m.load(PRODUCT)
    m.shift_by(shift)
    m.add_rounded(low)
    m.limit(TRACE.width)
    m.write(low)
    count_saturations(m, "rate")
