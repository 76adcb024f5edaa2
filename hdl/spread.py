"""Words that go to every lane, with registers of each lane's own on the way.

One register cannot drive dozens of lanes across a chip at speed: beyond a few lanes each few have
a copy, and where lanes are many each has its own, and the copies hang on a tree.  (A router may
chain the ends of a net: with one level for sixteen lanes the last of them waited for 20 ns.)
"""

from amaranth.hdl import Module

from hdl.primitives.local_copy import local_copy

__all__ = ["spread", "spread_latency"]

ALONE = 6
"""Up to so many lanes have no copies."""
DIRECT = 4
"""Lanes on a branch of the tree."""
BRANCHES = 2
"""Up to so many branches, what drives a branch drives its lanes as well."""


def spread_latency(lanes: int) -> int:
    """Clocks from a word to its copies."""
    if lanes <= ALONE:
        return 0
    return 1 if lanes <= BRANCHES * DIRECT else 2


def spread(m: Module, value, lanes: int, platform, *, name: str) -> list:
    """``value`` (a Value or a view of a struct) for each lane, ``spread_latency`` clocks later.

    Cost: its bits in flip-flops per branch, and, with many lanes, per lane.
    """
    if spread_latency(lanes) == 0:
        return [value] * lanes
    count = -(-lanes // DIRECT)
    branches = [local_copy(m, value, platform, name=f"{name}_branch_{branch}")
                for branch in range(count)]
    if spread_latency(lanes) == 1:
        return [branches[lane * count // lanes] for lane in range(lanes)]
    return [local_copy(m, branches[lane // DIRECT], platform, name=f"{name}_lane_{lane}")
            for lane in range(lanes)]
