"""Device ``sim``: the Verilated core, fed with frame words and read over its bus."""

import numpy as np

from hdl.config import Config
from hdl.layout import Layout
from host.device import Device, DeviceError
from model.formats import COUNTERS
from model.frames import Frames
from model.golden import Outputs
from model.network import NetworkError
from model.program import Program
from sim.build import build_core
from sim.library import SimulatedCore

__all__ = ["SimDevice", "pack", "unpack"]

OPERAND_BITS = 18
OPERAND_MASK = (1 << OPERAND_BITS) - 1
GROWTH = ("rows", "trace_rows", "words", "inputs", "outputs", "populations", "projections")
"""Capacities that a second, larger core has twice of."""


def pack(frames: Frames) -> np.ndarray:
    """Frame words, uint32: m and flags, then the inputs, then value and kind of every output."""
    head = (frames.modulator & OPERAND_MASK) | (frames.flags << OPERAND_BITS)
    teach = (frames.teach & OPERAND_MASK) | (frames.kind << OPERAND_BITS)
    words = np.concatenate([head[:, None], frames.inputs & OPERAND_MASK, teach], axis=1)
    return words.astype(np.uint32).reshape(-1)


def unpack(words: np.ndarray, outputs: int) -> Outputs:
    """Outputs from result words: per frame every output's rate, then every output's error."""
    values = words.view(np.int32).astype(np.int64).reshape(-1, 2, outputs)
    return Outputs(rates=values[:, 0], errors=values[:, 1])


class SimDevice(Device):
    """The core, compiled by Verilator; the library is built when a program is first loaded."""

    name = "sim"

    def __init__(self, *, lanes: int = 4, config: Config | None = None):
        super().__init__(lanes=lanes if config is None else config.lanes)
        if config is not None:
            self._configs = [config]
        else:
            try:
                small = Config(lanes=lanes)
            except ValueError as error:
                raise DeviceError(str(error)) from error
            double = {name: 2 * getattr(small, name) for name in GROWTH}
            self._configs = [small, Config(lanes=lanes, **double)]
        self._core: SimulatedCore | None = None
        self._built: Config | None = None
        self._layout: Layout | None = None
        self._addresses: dict[str, np.ndarray] = {}

    def close(self) -> None:
        super().close()
        if self._core is not None:
            self._core.close()
        self._core = self._built = self._layout = None

    def _fit(self, program: Program) -> Layout:
        """The layout in the first core that holds the program."""
        *smaller, largest = self._configs
        for config in smaller:
            try:
                return Layout(config, program)
            except NetworkError:
                continue
        return Layout(largest, program)

    def _load(self, program: Program) -> None:
        self._layout = self._fit(program)
        self._addresses.clear()
        if self._layout.config != self._built:
            if self._core is not None:
                self._core.close()
            self._built = self._layout.config
            self._core = SimulatedCore(build_core(self._built))
        self._core.reset()
        self._core.write(*self._layout.image())

    def _run(self, frames: Frames) -> Outputs:
        outputs = self.program.outputs
        return unpack(self._core.run(pack(frames), 2 * outputs * len(frames)), outputs)

    def _places(self, name: str) -> np.ndarray:
        """Bus addresses of a state, worked out once a program."""
        if name not in self._addresses:
            self._addresses[name] = self._layout.addresses(name)
        return self._addresses[name]

    def _read(self, name: str) -> np.ndarray:
        values = self._core.read(self._places(name)).astype(np.int64)
        if name in ("word", "generator"):
            return values
        sign = 1 << (self._layout.width(name) - 1)
        return ((values & (2 * sign - 1)) ^ sign) - sign

    def _write(self, name: str, values: np.ndarray) -> None:
        self._core.write(self._places(name), (values & 0xFFFFFFFF).astype(np.uint32))

    def _counters(self) -> dict:
        registers = self._layout.registers
        names = [name for name in registers
                 if name.startswith(("steps_", "cycles_", "saturation_"))]
        read = self._core.read(np.array([registers[name] for name in names], np.uint32))
        value = dict(zip(names, map(int, read), strict=True))
        return {
            "steps": value["steps_high"] << 32 | value["steps_low"],
            "cycles": value["cycles_high"] << 32 | value["cycles_low"],
            "saturations": {name: value[f"saturation_{name}"] for name in COUNTERS},
            # The simulated streams wait for each other: no frame is ever lost between them.
            "overruns": 0, "link_errors": 0,
        }
