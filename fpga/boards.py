"""Boards: their pins (amaranth-boards), which configurations they carry, and the link's speed."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from hdl.primitives.technology import Technology

__all__ = ["BOARDS", "Board"]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board, and what its bitstream is made of.

    module, platform   the board in ``amaranth_boards``
    configuration      the one that it gets by default (``fpga.configurations``)
    baud               of the link
    lights             LED of heartbeat, learning, error: (resource, number, subsignal) each
    prepare            adds what the platform lacks, such as a UART on a header
    """

    about: str
    module: str
    platform: str
    configuration: str
    baud: int
    lights: tuple[tuple[str, int, str | None], ...]
    technology: Technology = Technology.ECP5
    prepare: Callable = lambda platform: None

    def open(self):
        """Its Amaranth platform, made for the technology of the board's device."""
        platform = getattr(import_module(f"amaranth_boards.{self.module}"), self.platform)()
        platform.technology = self.technology
        self.prepare(platform)
        return platform


def _serial_on_header(platform) -> None:
    """OrangeCrab has no UART: pins 0 (rx) and 1 (tx) of its header become one."""
    from amaranth.build import Attrs
    from amaranth_boards.resources import UARTResource
    platform.add_resources([UARTResource(0, rx="0", tx="1", conn=("io", 0),
                                         attrs=Attrs(IO_TYPE="LVCMOS33"))])


def _lights_on_pmod(platform) -> None:
    """The iCEBreaker's snap-off section carries a third light."""
    platform.add_resources(platform.break_off_pmod)


def _leds(*numbers: int):
    return tuple(("led", number, None) for number in numbers)


def _colours(number: int):
    return tuple(("rgb_led", number, colour) for colour in "bgr")


BOARDS = {
    "ulx3s": Board(about="Radiona ULX3S, LFE5U-85F", module="ulx3s", platform="ULX3S_85F_Platform",
                   configuration="medium", baud=3_000_000, lights=_leds(0, 1, 2)),
    "ulx3s-12f": Board(about="Radiona ULX3S, LFE5U-12F", module="ulx3s",
                       platform="ULX3S_12F_Platform", configuration="mini", baud=3_000_000,
                       lights=_leds(0, 1, 2)),
    "orangecrab": Board(about="OrangeCrab 0.2, LFE5U-25F; UART on pins 0 (rx) and 1 (tx)",
                        module="orangecrab_r0_2", platform="OrangeCrabR0_2_25FPlatform",
                        configuration="mini", baud=3_000_000, lights=_colours(0),
                        prepare=_serial_on_header),
    "orangecrab-85f": Board(about="OrangeCrab 0.2, LFE5U-85F; UART on pins 0 (rx) and 1 (tx)",
                            module="orangecrab_r0_2", platform="OrangeCrabR0_2_85FPlatform",
                            configuration="medium", baud=3_000_000, lights=_colours(0),
                            prepare=_serial_on_header),
    "icebreaker": Board(about="1BitSquared iCEBreaker, iCE40UP5K", module="icebreaker",
                        platform="ICEBreakerPlatform", configuration="tiny", baud=1_000_000,
                        lights=(("led_g", 0, None), ("led_r", 0, None), ("led_r", 1, None)),
                        technology=Technology.ICE40, prepare=_lights_on_pmod),
    "ecpix5": Board(about="LambdaConcept ECPIX-5, LFE5UM5G-85F", module="ecpix5",
                    platform="ECPIX585Platform", configuration="medium", baud=3_000_000,
                    lights=_colours(0)),
}
"""Boards by name."""
