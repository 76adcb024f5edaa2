"""Fixed-point verbs of the hardware, the twins of ``model/fixed.py``.

Arithmetic on Amaranth values grows; these functions are the only places where a number becomes
narrower.  All are combinational; operands may be signed or unsigned, results are signed unless
stated.
"""

from amaranth import Cat, Const, Mux, Value

__all__ = ["BIT_LENGTH_STAGES", "bit_length", "down", "exceeds", "exceeds_rounded", "lift",
           "limit", "narrow", "round_half", "saturate", "shift_keep_half", "shift_round", "sign",
           "up"]


def _as_signed(value) -> Value:
    value = Value.cast(value)
    return value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()


def up(value, bits: int) -> Value:
    """``value * 2**bits``."""
    return _as_signed(value).shift_left(bits)


def down(value, bits: int) -> Value:
    """``value / 2**bits``, rounded down."""
    return _as_signed(value).shift_right(bits)


def shift_keep_half(value, shift, least: int = 0) -> Value:
    """``2 * value >> (least + shift)``: shifted right, with one more bit behind the point.

    The barrel shifter of a ``shift_round`` by a variable, to be followed by :func:`round_half`, or
    by the addition of a ``lift(…, 1)``, in the next stage of a pipeline.  ``least + shift`` ≥ 0.
    """
    return (down(value, least - 1) if least > 0 else up(value, 1 - least)) >> shift


def lift(value, bits: int, half: int | None = None) -> Value:
    """``(value << bits) + 2**(half - 1)`` without an adder, 1 ≤ half ≤ bits (default: bits).

    What is added to this and then shifted right by ``half`` has been rounded half up.
    """
    half = bits if half is None else half
    return Cat(Const(1 << (half - 1), bits), _as_signed(value)).as_signed()


def round_half(value) -> Value:
    """``value / 2``, rounded half up."""
    return down(_as_signed(value) + 1, 1)


def shift_round(value, shift) -> Value:
    """``value / 2**shift``, rounded half up; ``shift`` is a constant ≥ 0 or an unsigned value."""
    if isinstance(shift, int):
        return down(_as_signed(value) + ((1 << shift) >> 1), shift)
    return round_half(shift_keep_half(value, shift))


def exceeds(value, width: int) -> Value:
    """Whether ``value`` is outside ``signed(width)``."""
    value = _as_signed(value)
    sign, top = value[-1], value[width - 1:-1]
    # Compared with the sign bit by bit, which tables of four inputs do in one level less.
    return (top ^ sign.replicate(len(top))).any()


def exceeds_rounded(value, width: int) -> Value:
    """Whether ``round_half(value)`` is outside ``signed(width)``, known without the rounding."""
    value = _as_signed(value)
    sign, top, low = value[-1], value[width:-1], value[:width]
    # Rounding takes the largest value of one bit more out, and the one below its smallest back in.
    above = top.any() | low.all()
    below = ~top.all() & ~(top[1:].all() & ~top[0] & low.all())
    return Mux(sign, below, above)


def limit(value, width: int, beyond) -> Value:
    """``value`` in ``signed(width)``: its extreme where it is ``beyond``, as :func:`exceeds` says,
    perhaps a clock before."""
    value = _as_signed(value)
    sign = value[-1]
    return Mux(beyond, Cat((~sign).replicate(width - 1), sign), value[:width]).as_signed()


def saturate(value, width: int) -> tuple[Value, Value]:
    """``value`` limited to ``signed(width)``, and whether it had to be: (limited, hit)."""
    value = _as_signed(value)
    if len(value) <= width:
        return Cat(value, value[-1].replicate(width - len(value))).as_signed(), Const(0, 1)
    hit = exceeds(value, width)
    return limit(value, width, hit), hit


def bit_length(value) -> Value:
    """Bits needed for a non-negative ``value`` below 2**31: 0 for 0, else 1 + ⌊log2⌋; unsigned."""
    parts = value,
    for stage in BIT_LENGTH_STAGES:
        parts = stage(*parts)
    return parts[0]


def _top_half(value):
    """Which half of the value matters, and it."""
    # One bit more below the value makes 1 + ⌊log2⌋ of it, and 0 of 0, without an adder.
    doubled = Cat(Const(1, 1), _as_signed(value)[:31])
    return _highest(Cat(doubled, Const(0, 32 - len(doubled))), (16,))


def _top_byte(high, half):
    upper, byte = _highest(half, (8,))
    return Cat(upper, high), byte


def _length_of(high, byte):
    low, _ = _highest(byte, (4, 2, 1))
    return Cat(low, high),


BIT_LENGTH_STAGES = _top_half, _top_byte, _length_of
"""Thirds of :func:`bit_length`, for three clocks: each takes all that the one before returned."""


def _highest(rest, steps):
    """Place of the highest one, by halves; and what is left of the value there."""
    found = []
    for step in steps:
        above = rest[step:].any()
        rest = Mux(above, rest[step:], rest[:step])
        found.insert(0, above)
    return Cat(*found), rest


def narrow(value, width: int) -> Value:
    """``value`` in ``signed(width)``, where the arithmetic guarantees that it fits."""
    return _as_signed(value)[:width].as_signed()


def sign(value) -> tuple[Value, Value]:
    """Whether the value is above zero, and whether it is below."""
    value = _as_signed(value)
    return value.any() & ~value[-1], value[-1]
