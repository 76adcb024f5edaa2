"""Plain delay lines."""

from amaranth.hdl import Module, Signal

__all__ = ["delayed"]


def delayed(m: Module, value, clocks: int, name: str = "delayed"):
    """``value`` (a Value or a view of a struct) as it was ``clocks`` clocks ago.

    Without a reset: a core that is reset is reset for longer than anything is under way.
    """
    for stage in range(clocks):
        register = Signal(value.shape(), name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value
