"""The microprogram, part by part: the golden model's step, in its order.

Every projection is visited, then its traces; then all neurons, population by population.  One after
the other, so what others read of the step before is still there, and nothing needs two copies.
"""

from hdl.micro.assembler import Assembler, MicroProgram
from hdl.micro.instruction import Condition
from hdl.micro.operands import Cell
from hdl.micro.program.frames import IDLE, answer, count_cycles, count_step, start, take_frame
from hdl.micro.program.measures import measure
from hdl.micro.program.neurons import advance_population
from hdl.micro.program.records import take_population, take_projection
from hdl.micro.program.synapses import project
from hdl.micro.program.traces import trace
from hdl.micro.program.vocabulary import define_counting, register

__all__ = ["MICROPROGRAM", "assemble"]


def _for_each(m: Assembler, what: str, body) -> None:
    """``body(number)`` for each population or projection."""
    number, count = m.cell(f"number of {what}"), m.cell(f"{what} to do")
    m.load(register(m, what))
    m.store(count)
    m.load(m.constant(0))
    m.store(number)
    m.label(what)
    body(number)
    m.load(number)
    m.add(m.constant(1))
    m.store(number)
    m.subtract(count)
    m.branch(what, Condition.NEGATIVE)


def _visit(m: Assembler, number: Cell) -> None:
    p = take_projection(m, number)
    project(m, p)
    trace(m, p)


def _advance(m: Assembler, number: Cell) -> None:
    p = take_population(m, number)
    advance_population(m, p)
    measure(m, p, number)


def assemble() -> MicroProgram:
    """The whole program."""
    m = Assembler()
    start(m)
    m.label(IDLE)
    take_frame(m)
    generator = register(m, "generator")
    m.load(generator)
    m.store(m.cell("generator"))
    _for_each(m, "projections", lambda number: _visit(m, number))
    _for_each(m, "populations", lambda number: _advance(m, number))
    generator = register(m, "generator")
    m.load(m.cell("generator"))
    m.write(generator)
    count_step(m)
    answer(m)
    count_cycles(m)
    m.branch(IDLE)
    define_counting(m)
    return m.finish()


MICROPROGRAM = assemble()
