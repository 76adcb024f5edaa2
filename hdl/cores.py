"""The core of a configuration; all have the ports of ``hdl.top.Core`` and give the same bits."""

from amaranth.lib import wiring

from hdl.config import Config
from hdl.micro.top import MicroCore
from hdl.top import Core

__all__ = ["make_core"]


def make_core(config: Config) -> wiring.Component:
    """The core that ``config.core`` names."""
    return MicroCore(config) if config.core == "micro" else Core(config)
