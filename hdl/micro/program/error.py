"""A neuron's error, after ``model/neuron.py``: it arrives, looks ahead, and teaches its taps."""

from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Index, Register
from hdl.micro.operands import ACC, PRODUCT, Cell, Place
from hdl.micro.places import ERRORS, KINDS, RATES, TARGETS
from hdl.micro.program.vocabulary import BACKWARD_SUM, Bit, at, count_saturations
from hdl.region import Region
from model.formats import (
    ERROR,
    INTEGRATOR,
    RATE,
    RATIO,
    SLOPE,
    SUM,
    TAP,
    TAP_STATE,
)
from model.program import Teach

__all__ = ["look_ahead", "receive"]

NOW_SHIFT = INTEGRATOR.frac - ERROR.frac
STEP_SHIFT = RATIO.frac + ERROR.frac - INTEGRATOR.frac


def receive(m: Assembler, p: dict[str, Cell]) -> None:
    """ē = φ'(s) (Σ B e_above + β (y − r)), or the host's error instead of y − r."""
    taught, error, cost = m.cell("taught"), m.cell("error"), m.cell("cost")
    m.load(m.constant(0))
    m.store(taught)
    with m.when(Bit.IS_OUTPUT):
        _hear(m, taught)
        m.limit(RATE.width, counts=False)
        m.multiply(ACC, ACC)
        m.load(cost)
        m.add(PRODUCT)
        m.store(cost)
        m.load(taught)
        m.shift_by(m.cell("net gain_shift"))
        m.round()
        m.store(taught)
    m.load(BACKWARD_SUM)
    m.right(SUM.frac - ERROR.frac)
    m.add_rounded(taught)
    m.limit(ERROR.width)
    m.multiply(ACC, m.cell("slope"))
    m.load(PRODUCT)
    m.right(SLOPE.frac)
    m.round()
    m.limit(ERROR.width)
    m.store(error)
    with m.when(Bit.IS_OUTPUT):
        _answer(m, error)


def _hear(m: Assembler, taught: Cell) -> None:
    """acc, taught ← y − r, the host's error, or 0, as the frame says."""
    m.set(Register.P, m.cell("output"))
    m.load(Place(KINDS, Index.P))
    m.subtract(m.constant(Teach.TARGET))
    with m.when(Condition.ZERO):
        m.load(Place(TARGETS, Index.P))
        m.subtract(m.cell("rate"))
        m.store(taught)
    m.load(Place(KINDS, Index.P))
    m.subtract(m.constant(Teach.ERROR))
    with m.when(Condition.ZERO):
        m.load(Place(TARGETS, Index.P))
        m.store(taught)
    m.load(taught)


def _answer(m: Assembler, error: Cell) -> None:
    """What the result will say of this output; the next one is the population's next."""
    output = m.cell("output")
    m.set(Register.P, output)
    m.load(m.cell("rate"))
    m.write(Place(RATES, Index.P))
    m.load(error)
    m.write(Place(ERRORS, Index.P))
    m.load(output)
    m.add(m.constant(1))
    m.store(output)


def _operand(m: Assembler) -> None:
    """acc, with INTEGRATOR's point, as an operand."""
    m.right(NOW_SHIFT)
    m.round()
    m.limit(ERROR.width)


def look_ahead(m: Assembler, p: dict[str, Cell]) -> None:
    """e = c0 ē + c1 v;  v and x move;  the taps follow the sign of their residual."""
    v, x, error = at(Region.V), at(Region.X), m.cell("error")
    v_now, x_now, v_drive, x_drive = (m.cell(name) for name in (
        "v now", "x now", "drive of v", "drive of x"))
    c0, c1, wide, ahead, e = (m.cell(name) for name in (
        "c0", "c1", "wide error", "c0 ē + c1 v", "e"))
    for state, operand in ((v, v_now), (x, x_now)):
        m.load(state)
        _operand(m)
        m.store(operand)
    for tap, operand in ((Region.C0, c0), (Region.C1, c1)):
        m.load(at(tap))
        m.right(TAP_STATE.frac - TAP.frac)
        m.store(operand)
    m.multiply(c0, error)
    m.load(v)
    m.subtract(x)
    _operand(m)
    m.store(x_drive)
    m.load(PRODUCT)
    m.multiply(c1, v_now)
    m.store(ahead)
    m.load(error)
    m.left(NOW_SHIFT)
    m.store(wide)
    m.subtract(v)
    _operand(m)
    m.store(v_drive)
    m.load(ahead)
    m.add(PRODUCT)
    m.store(ahead)
    m.right(TAP.frac)
    m.round()
    m.limit(ERROR.width)
    m.store(e)
    m.multiply(ACC, ACC)
    m.write(at(Region.E))
    m.load(error)
    m.write(at(Region.ERROR))
    m.load(m.cell("energy"))
    m.add(PRODUCT)
    m.store(m.cell("energy"))
    with m.when(Bit.INTEGRATE):
        with m.when(Bit.LEARN):
            _learn_taps(m, p)
        for state, operand, name in ((v, v_drive, "error"), (x, x_drive, "membrane")):
            m.multiply(operand, p[f"{name}_mantissa"])
            m.load(PRODUCT)
            m.shift_by(m.cell(f"net {name}_shift"))
            m.add_rounded(state)
            m.limit(INTEGRATOR.width)
            m.write(state)
    count_saturations(m, "error")


def _learn_taps(m: Assembler, p: dict[str, Cell]) -> None:
    """c ← c − step · sign(residual) · sign(q), bounded; residual = 2 (c0 v + c1 x) − e − C."""
    v, x, residual = at(Region.V), at(Region.X), m.cell("residual")
    m.multiply(m.cell("c0"), m.cell("v now"))
    m.load(PRODUCT)
    m.multiply(m.cell("c1"), m.cell("x now"))
    m.add(PRODUCT)
    m.left(1)
    m.subtract(m.cell("c0 ē + c1 v"))
    m.subtract(v)
    m.store(residual)
    m.multiply(p["ratio"], m.cell("drive of v"))
    m.load(PRODUCT)
    m.right(STEP_SHIFT)
    m.add_rounded(residual)
    m.store(residual)
    m.load(v)
    m.left(1)
    m.subtract(m.cell("wide error"))
    _learn_tap(m, p, Region.C0)
    with m.unless(Bit.ONE_TAP):
        m.load(x)
        m.left(1)
        m.subtract(v)
        _learn_tap(m, p, Region.C1)


def _learn_tap(m: Assembler, p: dict[str, Cell], region: Region) -> None:
    """One tap moves, against the sign of the residual times that of acc."""
    tap, step = at(region), m.cell("tap step")
    q, limit = m.cell("q"), p["tap_limit"]
    m.store(q)
    m.load(p["tap_step"])
    m.store(step)
    for factor in (q, m.cell("residual")):
        m.load(factor)
        with m.when(Condition.ZERO):
            m.store(step)
        with m.when(Condition.NEGATIVE):
            m.load(step)
            m.negate()
            m.store(step)
    m.load(step)
    m.subtract_from(tap)
    # Between −limit and limit, one bound after the other.
    m.subtract(limit)
    with m.unless(Condition.NEGATIVE):
        m.load(m.constant(0))
    m.add(limit)
    m.add(limit)
    with m.when(Condition.NEGATIVE):
        m.load(m.constant(0))
    m.subtract(limit)
    m.write(tap)
