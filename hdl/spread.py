"""Words that go to every lane, with registers of each lane's own on the way.

One register cannot drive dozens of lanes across a chip at speed: beyond a few lanes each has its
own copy, beyond sixteen the copies hang on a tree.
"""

from amaranth.hdl import Module

from hdl.primitives.local_copy import local_copy

__all__ = ["spread", "spread_latency"]

DIRECT, ONE_LEVEL, GROUP = 4, 16, 6
"""Lanes without copies, lanes with one level of copies, and lanes per branch of two levels."""


def spread_latency(lanes: int) -> int:
    """Clocks from a word to its copies."""
    return 0 if lanes <= DIRECT else 1 if lanes <= ONE_LEVEL else 2


def spread(m: Module, value, lanes: int, platform, *, name: str) -> list:
    """``value`` (a Value or a view of a struct) for each lane, ``spread_latency`` clocks later.

    Cost: its bits in flip-flops per lane, and per group of lanes where there are two levels.
    """
    levels = spread_latency(lanes)
    if levels == 0:
        return [value] * lanes
    roots = [value] * lanes
    if levels == 2:
        groups = [local_copy(m, value, platform, name=f"{name}_group_{group}")
                  for group in range(-(-lanes // GROUP))]
        roots = [groups[lane // GROUP] for lane in range(lanes)]
    return [local_copy(m, root, platform, name=f"{name}_lane_{lane}")
            for lane, root in enumerate(roots)]
