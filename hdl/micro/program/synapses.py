"""The synapse pass over one projection, after ``model/synapses.py``.

Target by target, within one source by source: about 50 clocks for a synapse that learns W and B.
"""

from hdl.micro.assembler import Assembler
from hdl.micro.instruction import Condition, Register
from hdl.micro.operands import PRODUCT, Cell
from hdl.micro.program.vocabulary import (
    BACKWARD_SUM,
    Bit,
    at,
    at_target,
    count_saturations,
    load_total,
    store_total,
)
from hdl.region import Region
from model.formats import (
    CHANGE_MEAN,
    CURRENT,
    FACTOR_WIDTH,
    MIRROR_STEP,
    MODULATOR,
    ROUNDING_BITS,
    WEIGHT,
)

__all__ = ["project"]

MEAN_BITS = (16, 8, 4, 2, 1)
"""Halves, quarters … of a running mean, to find its highest bit."""


def project(m: Assembler, p: dict[str, Cell]) -> None:
    """All synapses of the projection with fields ``p``."""
    first, total, rate = m.cell("first synapse"), m.cell("sum of W r"), m.cell("rate η m")
    with m.when(Bit.LEARN):
        m.multiply(p["rate_mantissa"], m.cell("modulator"))
        m.load(PRODUCT)
        m.right(MODULATOR.frac)
        m.round()
        m.store(rate)
    m.load(p["word"])
    m.store(first)
    m.set(Register.N, p["target_slot"])
    m.set(Register.STRIDE, p["target_size"])
    m.set(Register.OUTER, p["target_size"])
    with m.loop(Register.OUTER):
        m.set(Register.Y, first)
        m.set(Register.J, p["source_row"])
        m.set(Register.T, p["trace_row"])
        m.set(Register.INNER, p["source_rows"])
        m.load(m.constant(0))
        m.store(total)
        m.load(at_target(Region.E))
        m.store(m.cell("e"))
        with m.when(Bit.LEARN):
            _prepare_learning(m, p, rate)
        with m.loop(Register.INNER):
            _synapse(m, p, total)
        load_total(m)
        m.add(total)
        store_total(m)
        m.load(first)
        m.add(m.constant(1))
        m.store(first)


def _prepare_learning(m: Assembler, p: dict[str, Cell], rate: Cell) -> None:
    """What the target tells all its synapses: ê, the mirror rule's pull, its random word."""
    word = m.cell("target word")
    with m.when(Bit.PROSPECTIVE):
        m.set(Register.A, m.cell("e"))
    with m.otherwise():
        m.set(Register.A, at_target(Region.ERROR))
    m.set(Register.B, rate)
    m.load(at_target(Region.WORD))
    m.store(word)
    m.right(ROUNDING_BITS)
    m.store(m.cell("word high"))
    m.load(word)
    m.low_bits(ROUNDING_BITS)
    m.store(m.cell("word low"))
    m.load(PRODUCT)
    m.shift_by(p["factor_shift"])
    m.round()
    m.limit(FACTOR_WIDTH)
    m.store(m.cell("factor"))
    count_saturations(m, "factor")
    with m.when(Bit.MIRROR):
        _prepare_mirror(m, p)
    with m.when(Bit.DECAYS):
        m.load(p["decay_shift"])
        m.subtract(m.constant(ROUNDING_BITS))
        m.store(m.cell("decay of W"))


def _prepare_mirror(m: Assembler, p: dict[str, Cell]) -> None:
    """The pull ΔI ηB/ε 2**(−2n), and the shift that lets B decay."""
    pull, shift = m.cell("mirror shift"), m.cell("shift of the change")
    m.load(m.constant(0))
    with m.when(Bit.SELF_SCALING):
        _magnitude(m)
        m.add(p["noise_shift"])
        m.subtract(m.constant(CHANGE_MEAN.frac + 1))
        with m.when(Condition.NEGATIVE):
            m.load(m.constant(0))
        m.left(1)
    m.add(p["mirror_shift"])
    m.store(pull)
    m.subtract(m.constant(ROUNDING_BITS))
    m.store(m.cell("decay of B"))
    m.load(pull)
    m.subtract(p["noise_shift"])
    m.subtract(m.constant(MIRROR_STEP.frac - CURRENT.frac))
    m.store(shift)
    m.load(at_target(Region.CHANGE))
    m.shift_by(shift)
    m.round()
    m.limit(MIRROR_STEP.width)
    m.store(m.cell("change"))
    count_saturations(m, "mirror")


def _magnitude(m: Assembler) -> None:
    """acc ← bits that mean|ΔI| of the target needs, by halving."""
    value, length = m.cell("rest of the mean"), m.cell("bits of the mean")
    m.load(m.constant(0))
    m.store(length)
    m.load(at_target(Region.CHANGE_MEAN))
    m.store(value)
    for step in MEAN_BITS:
        m.load(value)
        m.right(step)
        with m.unless(Condition.ZERO):
            m.store(value)
            m.load(length)
            m.add(m.constant(step))
            m.store(length)
    m.load(value)
    m.add(length)


def _synapse(m: Assembler, p: dict[str, Cell], total: Cell) -> None:
    """Both sums from the old weights, then both updates."""
    word, dither_w = m.cell("source word"), m.cell("dither of W")
    dither_b = m.cell("dither of B")
    m.multiply(at(Region.W), at(Region.R))
    m.load(at(Region.WORD))
    m.store(word)
    m.load(total)
    m.add(PRODUCT)
    m.store(total)
    with m.unless(Bit.TIED):
        m.set(Register.A, at(Region.B))
    m.set(Register.B, m.cell("e"))
    m.load(word)
    m.right(ROUNDING_BITS)
    m.exclusive_or(m.cell("word low"))
    m.store(dither_w)
    m.load(BACKWARD_SUM)
    m.add(PRODUCT)
    m.store(BACKWARD_SUM)
    with m.when(Bit.LEARN):
        m.multiply(at(Region.PSI), m.cell("factor"))
        m.load(word)
        m.low_bits(ROUNDING_BITS)
        m.exclusive_or(m.cell("word high"))
        m.store(dither_b)
        with m.when(Bit.PLASTIC):
            _learn_forward(m, p, Region.W, dither_w)
            with m.when(Bit.KOLEN_POLLACK):
                _learn_forward(m, p, Region.B, dither_w)
        with m.when(Bit.MIRROR):
            m.load(at(Region.PSI_XI))
            with m.unless(Condition.ZERO):
                _learn_mirror(m, dither_b)
        count_saturations(m, "weight")
    m.advance()


def _learn_forward(m: Assembler, p: dict[str, Cell], weights: Region, dither: Cell) -> None:
    """W += ê ψ, rounded stochastically, with an optional decay; ê ψ is the product."""
    step = m.cell("step")
    m.load(PRODUCT)
    m.shift_by(p["change_shift"])
    m.add_rounded(dither)
    with m.when(Bit.DECAYS):
        m.store(step)
        m.load(at(weights))
        m.shift_by(m.cell("decay of W"))
        m.subtract_from(step)
    _move(m, weights)


def _learn_mirror(m: Assembler, dither: Cell) -> None:
    """B += ηB (ξ ΔI/ε − B), rounded stochastically; acc is the sign ξ, not 0."""
    step, change = m.cell("step"), m.cell("change")
    with m.when(Condition.NEGATIVE):
        m.load(change)
        m.negate()
    with m.otherwise():
        m.load(change)
    m.add(dither)
    m.store(step)
    m.load(at(Region.B))
    m.shift_by(m.cell("decay of B"))
    m.subtract_from(step)
    _move(m, Region.B)


def _move(m: Assembler, weights: Region) -> None:
    """The weight moves by acc, a dithered step with ROUNDING_BITS more behind the point."""
    m.right(ROUNDING_BITS)
    m.add(at(weights))
    m.limit(WEIGHT.width)
    m.write(at(weights))
