"""One population's neurons, after ``model/neuron.py``; about 250 clocks a neuron that learns.

J is the neuron.  What the step before left is used first: by the bias and the time constant.
"""

from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Index, Register
from hdl.micro.operands import ACC, PRODUCT, Cell
from hdl.micro.program.error import look_ahead, receive
from hdl.micro.program.vocabulary import (
    Bit,
    at,
    clear_sums,
    count_saturations,
    load_total,
)
from hdl.region import Region
from model.activation import SEGMENT_BITS, SEGMENTS
from model.formats import (
    ARGUMENT,
    CHANGE_MEAN,
    CURRENT,
    DRIVE,
    ERROR,
    FACTOR_WIDTH,
    MEMBRANE,
    MODULATOR,
    RATE,
    RATIO,
    ROUNDING_BITS,
    SUM,
    WEIGHT,
)

__all__ = ["advance_population"]

COLUMNS = 4
"""Entries of a table's segment: φ, Δφ, φ', Δφ'."""
MEAN_SHIFT = 8
STEP_SHIFT = RATIO.frac + DRIVE.frac - MEMBRANE.frac
XORSHIFT = (13, -17, 5)


def advance_population(m: Assembler, p: dict[str, Cell]) -> None:
    """All neurons of the population with fields ``p``; its sums are in cells afterwards."""
    _prepare(m, p)
    m.set(Register.J, p["slot"])
    m.set(Register.OUTER, p["size"])
    with m.loop(Register.OUTER):
        _draw(m)
        with m.unless(Bit.IS_INPUT):
            with m.when(Bit.LEARN), m.when(Bit.LEARNS_TAU):
                _pull(m, p)
            _current(m, p)
            with m.when(Bit.LEARN):
                _bias(m, p)
            _membrane(m, p)
            _activate(m, p)
            _send(m)
            receive(m, p)
            look_ahead(m, p)
        clear_sums(m)


def _prepare(m: Assembler, p: dict[str, Cell]) -> None:
    """What all neurons of a population share."""
    for name in ("energy", "cost", "sum of pulls"):
        m.load(m.constant(0))
        m.store(m.cell(name))
    with m.when(Bit.LEARN):
        for name in ("bias", "tau"):
            m.multiply(p[f"{name}_mantissa"], m.cell("modulator"))
            m.load(PRODUCT)
            m.right(MODULATOR.frac)
            m.round()
            m.store(m.cell(f"{name} rate"))
    for name, shift in (("membrane_shift", STEP_SHIFT), ("error_shift", STEP_SHIFT),
                        ("bias_shift", -2), ("nudge_shift", ERROR.frac - CURRENT.frac),
                        ("noise_shift", -RATE.frac)):
        m.load(p[name])
        m.add(m.constant(shift))
        m.store(m.cell(f"net {name}"))
    m.load(p["gain_shift"])
    m.negate()
    m.store(m.cell("net gain_shift"))
    m.load(m.constant(1))
    m.shift_by(m.cell("net noise_shift"))
    m.store(m.cell("noise"))
    m.load(p["table"])
    m.left((SEGMENTS * COLUMNS).bit_length() - 1)
    m.add(m.constant(SEGMENTS // 2 * COLUMNS))
    m.store(m.cell("middle of the table"))
    m.load(p["output_first"])
    m.store(m.cell("output"))


def _draw(m: Assembler) -> None:
    """The next random word."""
    word = m.cell("generator")
    m.load(word)
    for shift in XORSHIFT:
        (m.left if shift > 0 else m.right)(abs(shift))
        m.exclusive_or(word)
        if shift > 0:
            m.low_bits(32)
        m.store(word)
    m.write(at(Region.WORD))


def _pull(m: Assembler, p: dict[str, Cell]) -> None:
    """This neuron's part in learning τm, η m e (I − u)."""
    m.multiply(m.cell("tau rate"), at(Region.E))
    m.load(PRODUCT)
    m.shift_by(p["tau_shift"])
    m.round()
    m.limit(FACTOR_WIDTH)
    m.multiply(ACC, at(Region.DRIVE))
    count_saturations(m, "factor")
    m.load(m.cell("sum of pulls"))
    m.add(PRODUCT)
    m.store(m.cell("sum of pulls"))


def _current(m: Assembler, p: dict[str, Cell]) -> None:
    """I = Σ W r + b + γ e; ΔI and the mean of its size."""
    current, rest = m.cell("current"), m.cell("rest")
    mean = at(Region.CHANGE_MEAN)
    m.load(at(Region.BIAS))
    m.left(CURRENT.frac - WEIGHT.frac)
    m.store(rest)
    load_total(m, Index.J)
    m.right(SUM.frac - CURRENT.frac)
    m.add_rounded(rest)
    with m.when(Bit.NUDGED):
        m.store(rest)
        m.load(at(Region.E))
        m.shift_by(m.cell("net nudge_shift"))
        m.add_rounded(rest)
    m.limit(CURRENT.width)
    m.store(current)
    with m.when(Bit.INTEGRATE):
        m.subtract(at(Region.CURRENT))
        m.limit(CURRENT.width)
        m.write(at(Region.CHANGE))
        with m.when(Condition.NEGATIVE):
            m.negate()
        m.left(CHANGE_MEAN.frac - CURRENT.frac)
        m.subtract(mean)
        m.right(MEAN_SHIFT)
        m.add_rounded(mean)
        m.write(mean)
        m.load(current)
        m.write(at(Region.CURRENT))
    count_saturations(m, "current")


def _bias(m: Assembler, p: dict[str, Cell]) -> None:
    """b ← b + η m ē with the error that the last step left, rounded stochastically."""
    step = m.cell("step")
    m.set(Register.A, m.cell("bias rate"))
    with m.when(Bit.PROSPECTIVE):
        m.set(Register.B, at(Region.E))
    with m.otherwise():
        m.set(Register.B, at(Region.ERROR))
    m.load(m.cell("generator"))
    m.low_bits(ROUNDING_BITS)
    m.store(step)
    m.load(PRODUCT)
    m.shift_by(m.cell("net bias_shift"))
    m.add_rounded(step)
    m.right(ROUNDING_BITS)
    m.add(at(Region.BIAS))
    m.limit(WEIGHT.width)
    m.write(at(Region.BIAS))
    count_saturations(m, "bias")


def _membrane(m: Assembler, p: dict[str, Cell]) -> None:
    """s = u + ρ (I − u);  u ← u + dt/τm (I − u)."""
    u, s = at(Region.U), m.cell("s")
    m.load(m.cell("current"))
    m.left(MEMBRANE.frac - CURRENT.frac)
    m.subtract(u)
    m.right(MEMBRANE.frac - DRIVE.frac)
    m.round()
    m.limit(DRIVE.width)
    m.multiply(ACC, p["ratio"])
    m.store(m.cell("drive"))
    m.load(u)
    m.left(STEP_SHIFT)
    m.add(PRODUCT)
    m.set(Register.B, p["membrane_mantissa"])
    m.right(RATIO.frac + DRIVE.frac - ARGUMENT.frac)
    m.round()
    m.limit(ARGUMENT.width)
    m.store(s)
    m.load(PRODUCT)
    m.shift_by(m.cell("net membrane_shift"))
    m.add_rounded(u)
    m.limit(MEMBRANE.width)
    with m.when(Bit.INTEGRATE):
        m.write(u)
        m.load(m.cell("drive"))
        m.write(at(Region.DRIVE))
        m.load(s)
        m.write(at(Region.S))
    with m.otherwise():
        m.load(at(Region.S))
        m.store(s)
    count_saturations(m, "membrane")


def _activate(m: Assembler, p: dict[str, Cell]) -> None:
    """φ(s) and φ'(s), interpolated between two knots."""
    entry = at(Region.TABLES).then_next
    m.load(m.cell("s"))
    m.right(SEGMENT_BITS)
    m.left(COLUMNS.bit_length() - 1)
    m.add(m.cell("middle of the table"))
    m.set(Register.P)
    m.load(m.cell("s"))
    m.low_bits(SEGMENT_BITS)
    m.set(Register.B)
    for name in ("rate", "slope"):
        knot = m.cell(name)
        m.load(entry)
        m.store(knot)
        m.set(Register.A, entry)
        m.load(PRODUCT)
        m.right(SEGMENT_BITS)
        m.add_rounded(knot)
        m.store(knot)


def _send(m: Assembler) -> None:
    """The rate that is sent, φ(s) + ε ξ."""
    m.load(m.constant(0))
    with m.when(Bit.NOISE), m.when(Bit.NOISY):
        # ξ is 1 if the word's highest bit is set, else −1.
        m.load(m.cell("generator"))
        m.right(31)
        m.left(1)
        m.subtract(m.constant(1))
    m.multiply(ACC, m.cell("noise"))
    m.write(at(Region.XI))
    m.load(m.cell("rate"))
    m.add(PRODUCT)
    m.limit(RATE.width)
    m.write(at(Region.R))
    count_saturations(m, "rate")
