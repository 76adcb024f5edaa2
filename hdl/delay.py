"""Plain delay lines."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data

__all__ = ["delayed"]


def delayed(m: Module, value, clocks: int, name: str = "delayed"):
    """``value`` (a Value or a view of a struct) as it was ``clocks`` clocks ago."""
    for stage in range(clocks):
        shape = value.shape()
        if isinstance(value, data.View):
            register = Signal(shape, name=f"{name}_{stage + 1}")
        else:
            register = Signal(shape, name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value
