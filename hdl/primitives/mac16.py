"""An 18 × 18 multiplier from three SB_MAC16, Lattice iCE40 UltraPlus.

Lattice FPGA-TN-02007, "DSP Function Usage Guide for iCE40 Devices": a block multiplies 16 × 16
bits, each operand signed or not, and adds 32 bits to the product.
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.primitives.technology import Technology

__all__ = ["SteppedMultiplier"]

LOW = 16


class SteppedMultiplier(wiring.Component):
    """``product = a × b``, signed 18 × 18 → 36 bits, of operands that stay for 3 clocks.

    With a = 2¹⁶ a₁ + a₀ and b likewise (a₁, b₁ two bits, signed), a clock each:

        lowest = a₀ b₀        middle = a₀ b₁ + ⌊lowest / 2¹⁶⌋        upper = a₁ b₀ + middle

    and the product is lowest mod 2¹⁶ + 2¹⁶ (upper + 2¹⁶ a₁ b₁), the last in logic.
    Latency 3 clocks; cost: 3 SB_MAC16 and a few LUTs.

    Members
    -------
    a, b : In(signed(18));  product : Out(signed(36))
    """

    a: In(signed(18))
    b: In(signed(18))
    product: Out(signed(36))

    latency = 3

    def elaborate(self, platform):
        m = Module()
        a_high, b_high = self.a[LOW:].as_signed(), self.b[LOW:].as_signed()
        lowest, middle, upper = (Signal(32, name=name) for name in ("lowest", "middle", "upper"))
        steps = ((lowest, self.a[:LOW], self.b[:LOW], Const(0, LOW)),
                 (middle, self.a[:LOW], b_high, lowest[LOW:]),
                 (upper, self.b[:LOW], a_high, middle))
        ice40 = Technology.of(platform) is Technology.ICE40
        for number, (result, x, y, addend) in enumerate(steps):
            if ice40:
                m.submodules[f"mac_{number}"] = _mac16(x, y, addend, result)
            else:
                m.d.sync += result.eq(x * y + addend)
        corner = Signal(signed(4))
        m.d.comb += [
            corner.eq(upper[LOW:LOW + 4].as_signed() + a_high * b_high),
            self.product.eq(Cat(lowest[:LOW], upper[:LOW], corner))]
        return m


def _mac16(x, y, addend, result) -> Instance:
    """``result ← x y + addend``: of 32 bits; x is unsigned, y as it is."""
    is_signed = y.shape().signed
    operand = Cat(y, (y[-1] if is_signed else Const(0, 1)).replicate(LOW))[:LOW]
    added = Cat(addend, Const(0, 32))
    return Instance(
        "SB_MAC16",
        p_A_SIGNED=0, p_B_SIGNED=int(is_signed),
        # The adder: upper and lower half carry into each other, product plus C and D, registered.
        p_TOPOUTPUT_SELECT=0b01, p_BOTOUTPUT_SELECT=0b01,
        p_TOPADDSUB_LOWERINPUT=0b10, p_TOPADDSUB_UPPERINPUT=0b1, p_TOPADDSUB_CARRYSELECT=0b10,
        p_BOTADDSUB_LOWERINPUT=0b10, p_BOTADDSUB_UPPERINPUT=0b1, p_BOTADDSUB_CARRYSELECT=0b00,
        i_CLK=ClockSignal(), i_CE=1, i_A=x, i_B=operand, i_C=added[16:32], i_D=added[:16],
        i_ADDSUBTOP=0, i_ADDSUBBOT=0, i_CI=0,
        i_IRSTTOP=0, i_IRSTBOT=0, i_ORSTTOP=0, i_ORSTBOT=0, i_OLOADTOP=0, i_OLOADBOT=0,
        i_OHOLDTOP=0, i_OHOLDBOT=0, i_AHOLD=0, i_BHOLD=0, i_CHOLD=0, i_DHOLD=0,
        o_O=result)
