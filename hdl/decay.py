"""What its decay leaves of a weight: w − ⌊w 2**−shift⌋ at 30 fractional bits, and the dither below.

Two ways to the same bits: two stages of shifters, or a product with a power of two and one choice.
A shifter takes a tenth of a lane's tables, so a core has the products where its device has
multipliers to spare (``Config.decay_multipliers``).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data

from hdl.delay import delayed
from hdl.multiplier import Multiplier

__all__ = ["FAR", "decay_layout", "decayed", "tell_decay"]

RAISED = 16
"""Fractional bits that a weight gains: the largest power of two in a product."""
FAR = RAISED + 1
"""Places by which a product is moved for the shifts that are beyond these."""


def decay_layout(shift_bits: int, *, multiplied: bool) -> data.StructLayout:
    """What a lane is told: whether and how far to shift; or 2**(16 − shift) or, where that ``far``
    is no whole number, 2**(33 − shift), and zero for no decay at all."""
    if multiplied:
        return data.StructLayout({"scale": RAISED + 1, "far": 1})
    return data.StructLayout({"active": 1, "shift": shift_bits})


def tell_decay(m: Module, layout: data.StructLayout, active, shift, name: str):
    """... of a decay that may be ``active``, a clock later."""
    told, formed = (Signal(layout, name=f"{name}_{what}") for what in ("told", "formed"))
    if "scale" in layout.members:
        # Beyond 33 places nothing but the sign is left: as with 33.
        last = shift >= RAISED + FAR
        ones = [(shift == RAISED - bit) | (last if bit == 0 else shift == RAISED + FAR - bit)
                for bit in range(RAISED + 1)]
        m.d.comb += [formed.scale.eq(Mux(active, Cat(ones), 0)), formed.far.eq(shift > RAISED)]
    else:
        m.d.comb += [formed.active.eq(active), formed.shift.eq(shift)]
    m.d.sync += told.eq(formed)
    return told


def decayed(m: Module, weight, told, dither, name: str):
    """The weight less its decay, 3 clocks after it and what is ``told``; the dither comes a clock
    before that."""
    way = _multiplied if "scale" in told.shape().members else _shifted
    result = Signal(signed(35), name=f"{name}_decayed", reset_less=True)
    kept = delayed(m, weight, 2, f"{name}_kept")
    m.d.sync += result.eq(Cat(dither, kept).as_signed() - way(m, weight, told, name))
    return result


def _multiplied(m, weight, told, name):
    m.submodules[f"{name}_decay"] = multiplier = Multiplier()
    m.d.comb += [multiplier.a.eq(weight), multiplier.b.eq(told.scale)]
    far, product = delayed(m, told.far, 2, f"{name}_far"), multiplier.product
    return Mux(far, product >> FAR, product)[:34].as_signed()


def _shifted(m, weight, told, name):
    coarse, fine = (Signal(signed(34), name=f"{name}_{stage}", reset_less=True)
                    for stage in ("coarse", "fine"))
    rest, wide = told.shift[:3], Cat(Const(0, RAISED), weight).as_signed()
    m.d.sync += [coarse.eq(Mux(told.active, wide >> (told.shift & 0b111000), 0)),
                 fine.eq(coarse >> delayed(m, rest, 1, f"{name}_rest"))]
    return fine
