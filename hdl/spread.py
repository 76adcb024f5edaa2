"""Words that go to every lane, with registers of each group's own on the way.

One register cannot drive dozens of lanes across a chip at speed: beyond a few lanes each group of
them has a copy, and where there are many groups the copies hang on others, on the way.  (A router
may chain the ends of a net: with one register for sixteen lanes the last of them waited for 20 ns.)
"""

from amaranth.hdl import Module

from hdl.primitives.local_copy import local_copy

__all__ = ["groups", "spread", "spread_latency"]

GROUP = 4
"""Lanes of a full group."""
ALONE = 6
"""Up to so many lanes have no copies."""
BRANCH = 2
"""Groups on a register on the way; up to so many hang on the word itself."""


def groups(lanes: int) -> list[range]:
    """Which lanes are in each group."""
    return [range(first, min(first + GROUP, lanes)) for first in range(0, lanes, GROUP)]


def spread_latency(lanes: int) -> int:
    """Clocks from a word to its copies."""
    if lanes <= ALONE:
        return 0
    return 1 if lanes <= BRANCH * GROUP else 2


def spread(m: Module, value, lanes: int, platform, *, name: str) -> list:
    """``value`` (a Value or a view of a struct) for each group, ``spread_latency`` clocks later.

    Cost: its bits in flip-flops per group, and, with many, per two of them.
    """
    count = len(groups(lanes))
    sources = [value] * count
    if spread_latency(lanes) == 0:
        return sources
    if spread_latency(lanes) == 2:
        branches = [local_copy(m, value, platform, name=f"{name}_branch_{branch}")
                    for branch in range(-(-count // BRANCH))]
        sources = [branches[group // BRANCH] for group in range(count)]
    return [local_copy(m, source, platform, name=f"{name}_group_{group}")
            for group, source in enumerate(sources)]
