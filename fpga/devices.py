"""The devices that the flow knows, and what its tools call them and their resources."""

from dataclasses import dataclass

from hdl.primitives.technology import Target, Technology

__all__ = ["DEVICES", "MULTIPLIERS", "Device"]


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device in a package.

    options       place and route's, without the speed grade
    multipliers   blocks that there are; None where they are not counted out
    """

    technology: Technology
    options: tuple[str, ...]
    speed: str | None = None
    multipliers: int | None = None

    def target(self) -> Target:
        """What a design for this device is elaborated for; good for one design."""
        return Target(self.technology, multipliers=self.multipliers)


def _ecp5(size: str) -> Device:
    return Device(technology=Technology.ECP5, options=(f"--{size}", "--package", "CABGA381"),
                  speed="6", multipliers=MULTIPLIERS[size])


MULTIPLIERS = {"12k": 28, "25k": 28, "45k": 72, "85k": 156}
"""MULT18X18D by the number in a device's name; the 12F is routed as the 25F that it is."""

DEVICES = {
    "LFE5U-12F": _ecp5("12k"), "LFE5U-25F": _ecp5("25k"), "LFE5U-45F": _ecp5("45k"),
    "LFE5U-85F": _ecp5("85k"),
    "iCE40UP5K": Device(technology=Technology.ICE40, options=("--up5k", "--package", "sg48")),
}
"""Devices by name, in the grade and package of the boards that carry them most."""
