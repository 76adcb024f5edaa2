"""Devices ``netlist``, ``micro-netlist``: a core after synthesis, simulated cell by cell."""

from pathlib import Path

from hdl.config import Config
from host.micro_device import MicroDevice
from host.sim_device import SimDevice

__all__ = ["MicroNetlistDevice", "NetlistDevice"]


class NetlistDevice(SimDevice):
    """The mapped core; synthesised and compiled when a program is first loaded.

    The sequential core (``hdl.config.MICRO``) is mapped for an iCE40, any other for an ECP5.
    """

    name = "netlist"

    def _build(self, config: Config) -> Path:
        from fpga.netlist import build_netlist
        from hdl.primitives.technology import Technology

        technology = Technology.ICE40 if config.core == "micro" else Technology.ECP5
        return build_netlist(config, technology)


class MicroNetlistDevice(MicroDevice, NetlistDevice):
    """The core of ``micro``, mapped as the ``netlist`` of any other."""

    name = "micro-netlist"
