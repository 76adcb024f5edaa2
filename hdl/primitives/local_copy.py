"""Registers that stay apart: synthesis merges equal ones, and one then drives everything."""

from amaranth.hdl import ClockSignal, Instance, Module, Signal, Value
from amaranth.lib import data

from hdl.primitives.technology import Technology

__all__ = ["local_copy"]

ECP5_REGISTER = {
    "p_GSR": "DISABLED", "p_CEMUX": "1", "p_CLKMUX": "CLK", "p_LSRMUX": "LSR", "p_REGSET": "RESET",
    "p_SRMODE": "LSR_OVER_CE", "i_LSR": 0}


def local_copy(m: Module, value, platform, *, name: str = "copy"):
    """``value`` (a Value or a view of a struct) one clock later, in registers of its own.

    For words that go to all lanes: one copy per lane or group of lanes keeps fan-out and wires
    short.  No reset; on ECP5 and iCE40 the registers are instances that synthesis leaves alone.
    """
    technology = Technology.of(platform)
    source = Value.cast(value)
    copy = Signal(source.shape(), name=name, reset_less=True)
    if technology is Technology.PORTABLE:
        m.d.sync += copy.eq(source)
    for bit in range(len(copy)) if technology is not Technology.PORTABLE else ():
        m.submodules[f"{name}_{bit}"] = (
            Instance("TRELLIS_FF", a_keep=1, **ECP5_REGISTER, i_CLK=ClockSignal(),
                     i_DI=source[bit], o_Q=copy[bit])
            if technology is Technology.ECP5 else
            Instance("SB_DFF", a_keep=1, i_C=ClockSignal(), i_D=source[bit], o_Q=copy[bit]))
    return data.View(value.shape(), copy) if isinstance(value, data.View) else copy
