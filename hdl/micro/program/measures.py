"""What is kept per population, after ``model/measures.py``: α, energy and cost."""

from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Index, Register
from hdl.micro.operands import Cell, Place
from hdl.micro.places import page
from hdl.micro.program.vocabulary import Bit, count_saturations
from hdl.region import Region
from model.formats import ENERGY, ERROR
from model.program import LEAST_ALPHA

__all__ = ["measure"]

PULL_SHIFT = 16
SQUARE_SHIFT = 2 * ERROR.frac - ENERGY.frac + 1
"""From a sum of squares to half of it as an energy."""


def measure(m: Assembler, p: dict[str, Cell], number: Cell) -> None:
    """α moves by the neurons' pulls, τm ≥ τr; energy ½ Σ e², cost ½ β Σ (y − r)²."""
    shift = m.cell("shift of the cost")
    m.load(m.cell("net gain_shift"))
    m.add(m.constant(SQUARE_SHIFT))
    m.store(shift)
    m.set(Register.P, number)
    with m.when(Bit.LEARN), m.when(Bit.LEARNS_TAU):
        _move_alpha(m, p)
    for region, name in ((Region.ENERGY, "energy"), (Region.COST, "cost")):
        m.load(m.cell(name))
        if name == "cost":
            m.shift_by(shift)
        else:
            m.right(SQUARE_SHIFT)
        m.round()
        m.limit(ENERGY.width)
        m.write(Place(page(region), Index.P))
    count_saturations(m, "error")


def _move_alpha(m: Assembler, p: dict[str, Cell]) -> None:
    alpha = Place(page(Region.ALPHA), Index.P)
    least, limit = m.constant(LEAST_ALPHA), p["alpha_limit"]
    m.load(m.cell("sum of pulls"))
    m.right(PULL_SHIFT)
    m.add_rounded(alpha)
    m.subtract(least)
    with m.when(Condition.NEGATIVE):
        m.load(m.constant(0))
    m.add(least)
    m.subtract(limit)
    with m.unless(Condition.NEGATIVE):
        m.load(m.constant(0))
    m.add(limit)
    m.write(alpha)
