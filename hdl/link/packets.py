"""The memory for packets of one direction."""

from amaranth.lib import memory

__all__ = ["FEW", "PACKET_BYTES", "packets"]

PACKET_BYTES = 256
FEW = 2
"""Up to so many packets an ECP5 keeps in distributed memory: a core may need all block RAMs."""


def packets(slots: int) -> memory.Memory:
    """Of ``slots`` packets, byte by byte."""
    attrs = {"ram_style": "distributed"} if slots <= FEW else {}
    return memory.Memory(shape=8, depth=PACKET_BYTES * slots, init=[], attrs=attrs)
