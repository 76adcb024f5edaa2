"""Device ``serial:URL``: a core behind its link, on a board or served by ``vle serve``."""

import numpy as np

from hdl.config import Config
from hdl.layout import Layout
from hdl.link.commands import LINK_REGISTERS, VERSION
from host.checks import DeviceError
from host.line import Line, SerialLine
from host.remote import RemoteCore, link_address
from host.sim_device import SimDevice, pack
from model.frames import Frames
from model.program import Program

__all__ = ["SerialDevice"]

NETWORK = link_address(LINK_REGISTERS["network"].offset)


class SerialDevice(SimDevice):
    """The core at ``url``, as :class:`host.line.SerialLine`; lanes and capacities are its own.

    line       another line to it, made anew by a call when the device is used after :meth:`close`
    lanes, config   taken for the sake of the seam; a core that exists has its own
    """

    name = "serial"

    def __init__(self, *, url: str = "", lanes: int = 4, config: Config | None = None,
                 line=None, **options):
        self._open = line or (lambda: SerialLine(url))
        self._options = options
        core = self._connect()
        super().__init__(config=core.config)
        self._core = core

    def _connect(self) -> RemoteCore:
        line: Line = self._open()
        try:
            return RemoteCore(line, **self._options)
        except BaseException:
            line.close()
            raise

    def info(self) -> dict:
        """What the core says of itself: board, revision, capacities, formats; and the link."""
        core = self._core.info
        told = {"device": self.name, "lanes": self.lanes}
        return told | {"protocol": VERSION} | core | {"link": self._core.link_counters()}

    def link_counters(self) -> dict[str, int]:
        """The link's counters, as :meth:`host.remote.RemoteCore.link_counters`."""
        return self._core.link_counters()

    def _adopt(self, program: Program) -> None:
        config = self._choose(program)
        layout = Layout(config, program)
        self._obtain(config)
        sizes = {"populations": len(program.populations), "projections": len(program.projections),
                 "inputs": program.inputs, "outputs": program.outputs}
        found = self._core.read([layout.registers[name] for name in sizes])
        for (name, size), there in zip(sizes.items(), map(int, found), strict=True):
            if there != size:
                raise DeviceError(f"the core runs {there} {name}; the program has {size}")
        if int(self._core.read([NETWORK])[0]) != layout.mark():
            raise DeviceError(f"the core runs another network of the size of '{program.name}'")
        self._layout = layout
        self._addresses.clear()
        self._before = self._core.link_counters()

    def _obtain(self, config: Config) -> None:
        if self._core is None:
            self._core = self._connect()

    def _load(self, program: Program) -> None:
        super()._load(program)
        self._core.write([NETWORK], [self._layout.mark()])
        self._before = self._core.link_counters()

    def _exchange(self, frames: Frames, which: np.ndarray) -> np.ndarray:
        program = self.program
        words = pack(frames).reshape(len(frames), 1 + program.inputs + program.outputs)
        return self._core.stream(words, results=2 * program.outputs, probes=len(self._probes),
                                 probed=which)

    def _counters(self) -> dict:
        now = self._core.link_counters()
        since = {name: now[name] - self._before[name] for name in now}
        return super()._counters() | {
            "overruns": since["overruns"],
            "link_errors": since["bad_packets"] + since["bad_answers"]}
