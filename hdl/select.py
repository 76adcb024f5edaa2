"""One of many words, a level of small multiplexers per clock."""

from amaranth.hdl import Array, Module, Signal

from hdl.delay import delayed
from hdl.primitives.local_copy import local_copy

__all__ = ["select", "select_latency"]

RADIX_BITS = 2
"""Bits of the index that a level decides."""


def select_latency(count: int, *, radix_bits: int = RADIX_BITS) -> int:
    """Clocks that :func:`select` takes among ``count`` words."""
    levels = 1
    while count > 1 << (radix_bits * levels):
        levels += 1
    return levels


def select(m: Module, words: list, index, platform, *, name: str, radix_bits: int = RADIX_BITS):
    """``words[index]``, ``select_latency`` clocks later; the index comes a clock before the words,
    for every multiplexer has its own copy of it.  Of larger ones (``radix_bits``) there are fewer,
    and fewer registers."""
    radix = 1 << radix_bits
    for level in range(select_latency(len(words), radix_bits=radix_bits)):
        chosen = []
        for start in range(0, len(words), radix):
            group = words[start:start + radix]
            word = Signal.like(group[0], name=f"{name}_{level}_{start}", reset_less=True)
            if len(group) > 1:
                mine = local_copy(m, index[:radix_bits], platform, name=f"{word.name}_index")
                m.d.sync += word.eq(Array(group)[mine])
            else:
                m.d.sync += word.eq(group[0])
            chosen.append(word)
        words, index = chosen, delayed(m, index[radix_bits:], 1, f"{name}_index_{level}")
    return words[0]
