"""One of many words, a level of small multiplexers per clock."""

from amaranth.hdl import Array, Module, Signal

from hdl.delay import delayed
from hdl.primitives.local_copy import local_copy

__all__ = ["select", "select_latency"]

RADIX = 4
INDEX_BITS = 2


def select_latency(count: int) -> int:
    """Clocks that :func:`select` takes among ``count`` words."""
    levels = 1
    while count > RADIX ** levels:
        levels += 1
    return levels


def select(m: Module, words: list, index, platform, *, name: str):
    """``words[index]``, ``select_latency(len(words))`` clocks later; the index comes a clock before
    the words, for every multiplexer has its own copy of it."""
    for level in range(select_latency(len(words))):
        chosen = []
        for start in range(0, len(words), RADIX):
            group = words[start:start + RADIX]
            word = Signal.like(group[0], name=f"{name}_{level}_{start}", reset_less=True)
            if len(group) > 1:
                mine = local_copy(m, index[:INDEX_BITS], platform, name=f"{word.name}_index")
                m.d.sync += word.eq(Array(group)[mine])
            else:
                m.d.sync += word.eq(group[0])
            chosen.append(word)
        words, index = chosen, delayed(m, index[INDEX_BITS:], 1, f"{name}_index_{level}")
    return words[0]
