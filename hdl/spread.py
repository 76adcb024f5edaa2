"""Words that go to every lane, with registers of each lane's own on the way.

One register cannot drive dozens of lanes across a chip at speed: beyond a few lanes each has its
own copy, and the copies hang on a tree.  (A router may chain the ends of a net: with one level for
sixteen lanes the last of them waited for 20 ns.)
"""

from amaranth.hdl import Module

from hdl.primitives.local_copy import local_copy

__all__ = ["spread", "spread_latency"]

DIRECT = 4
"""Lanes without copies, and lanes on a branch of the tree."""


def spread_latency(lanes: int) -> int:
    """Clocks from a word to its copies."""
    return 0 if lanes <= DIRECT else 2


def spread(m: Module, value, lanes: int, platform, *, name: str) -> list:
    """``value`` (a Value or a view of a struct) for each lane, ``spread_latency`` clocks later.

    Cost: its bits in flip-flops per lane and per branch.
    """
    if spread_latency(lanes) == 0:
        return [value] * lanes
    branches = [local_copy(m, value, platform, name=f"{name}_branch_{branch}")
                for branch in range(-(-lanes // DIRECT))]
    return [local_copy(m, branches[lane // DIRECT], platform, name=f"{name}_lane_{lane}")
            for lane in range(lanes)]
