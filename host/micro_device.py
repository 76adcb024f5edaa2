"""Device ``micro``: the small sequential core, simulated as ``sim`` is."""

from hdl.config import MICRO, Config
from host.sim_device import SimDevice

__all__ = ["MicroDevice"]


class MicroDevice(SimDevice):
    """The core of ``hdl.config.MICRO``, one lane whatever is asked for; it does not grow."""

    name = "micro"

    def __init__(self, *, lanes: int = 1, config: Config | None = None):
        super().__init__(lanes=1, config=config or MICRO)
