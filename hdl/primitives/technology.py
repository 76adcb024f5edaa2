"""What a design is elaborated for: plain logic, or a family whose blocks are named outright.

The synthesis tools pack no registers into multipliers and block RAM, so the components of this
folder instantiate those blocks themselves.  Each has a portable twin with the same latency and the
same bits, which every simulation uses unless it is asked otherwise.
"""

from enum import Enum

__all__ = ["Technology"]


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
