"""What a design is elaborated for: plain logic, or a family whose blocks are named outright.

The synthesis tools pack no registers into multipliers and block RAM, so the components of this
folder instantiate those blocks themselves.  Each has a portable twin with the same latency and the
same bits, which every simulation uses unless it is asked otherwise.
"""

from enum import Enum

__all__ = ["Target", "Technology"]


class Technology(Enum):
    """A family; handed to Amaranth as the platform, or as an attribute of one.

    PORTABLE   no block named: any tool may infer what it likes
    ECP5       Lattice ECP5: MULT18X18D, DP16KD, TRELLIS_FF
    ICE40      Lattice iCE40 UltraPlus: SB_MAC16, SB_SPRAM256KA, SB_DFF
    """

    PORTABLE = "portable"
    ECP5 = "ecp5"
    ICE40 = "ice40"

    @classmethod
    def of(cls, platform) -> "Technology":
        """The technology of what ``elaborate`` is given: a member, a board's platform, or None."""
        if isinstance(platform, cls):
            return platform
        return getattr(platform, "technology", cls.PORTABLE)


class Target:
    """A technology of which a device has only so many multiplier blocks.

    Handed to Amaranth as the platform.  Whoever is elaborated first gets a block, which is why the
    lanes come before the neurons; the rest multiply in tables.  A board's platform does the same
    if it has the attribute ``multipliers``.
    """

    def __init__(self, technology: Technology, *, multipliers: int | None = None):
        self.technology, self.multipliers = technology, multipliers

    @staticmethod
    def take_multiplier(platform) -> bool:
        """Whether a block is left for one more product of a design for ``platform``."""
        left = getattr(platform, "multipliers", None)
        if left is None:
            return True
        platform.multipliers = max(0, left - 1)
        return left > 0
