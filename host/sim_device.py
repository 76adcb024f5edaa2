"""Device ``sim``: the Verilated core, fed with frame words and read over its bus."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from hdl.config import Config
from hdl.layout import Layout
from hdl.region import Region, address
from host.capacity import fitting
from host.device import Device, DeviceError
from host.probe import ProbeList, probed
from model.formats import COUNTERS
from model.frames import Frames, Outputs
from model.program import Program
from sim.build import build_core
from sim.library import SimulatedCore

__all__ = ["SimDevice", "pack", "unpack"]

OPERAND_BITS = 18
OPERAND_MASK = (1 << OPERAND_BITS) - 1


def pack(frames: Frames) -> np.ndarray:
    """Frame words, uint32: m and flags, then the inputs, then value and kind of every output."""
    head = (frames.modulator & OPERAND_MASK) | (frames.flags << OPERAND_BITS)
    teach = (frames.teach & OPERAND_MASK) | (frames.kind << OPERAND_BITS)
    words = np.concatenate([head[:, None], frames.inputs & OPERAND_MASK, teach], axis=1)
    return words.astype(np.uint32).reshape(-1)


def unpack(words: np.ndarray, outputs: int, *, probed: np.ndarray | None = None,
           probes: int = 0) -> Outputs:
    """Outputs from result words: per frame every output's rate, then every output's error.

    probed   (T,) bool: which frames' words go on with ``probes`` probed ones, raw; None: no frame
    """
    size, probed_words = 2 * outputs, np.zeros((0, probes), np.int64)
    if probed is not None and probes:
        # The frame of every word's place: a probed one is longer.
        starts = np.cumsum(size + probes * probed) - probes * probed - size
        probed_words = words[(starts[probed] + size)[:, None] + np.arange(probes)].astype(np.int64)
        words = words[starts[:, None] + np.arange(size)]
    values = words.view(np.int32).astype(np.int64).reshape(-1, 2, outputs)
    return Outputs(rates=values[:, 0], errors=values[:, 1], probes=probed_words)


class SimDevice(Device):
    """The core, compiled by Verilator; the library is built when a program is first loaded.

    Without a ``config`` its capacities grow with the programs that are loaded.
    """

    name = "sim"

    def __init__(self, *, lanes: int = 4, config: Config | None = None):
        super().__init__(lanes=lanes, config=config)
        try:
            self._smallest = Config(lanes=lanes) if config is None else config
        except ValueError as error:
            raise DeviceError(str(error)) from error
        self._grows = config is None
        self._core: SimulatedCore | None = None
        self._built: Config | None = None
        self._layout: Layout | None = None
        self._addresses: dict[str, np.ndarray] = {}

    def close(self) -> None:
        super().close()
        self._drop_core()
        self._layout = None

    def _build(self, config: Config) -> Path:
        """The library that simulates a core of this size."""
        return build_core(config)

    def _drop_core(self) -> None:
        if self._core is not None:
            self._core.close()
        self._core = self._built = None

    def info(self) -> dict:
        """The core's capacities besides; without a ``config`` they grow as programs need them."""
        config = self._built or self._smallest
        return super().info() | {"core": asdict(config), "grows": self._grows}

    def _load(self, program: Program) -> None:
        config = self._choose(program)
        self._layout = Layout(config, program)
        self._addresses.clear()
        self._obtain(config)
        self._core.reset()
        self._core.write(*self._layout.image())

    def _choose(self, program: Program) -> Config:
        """The core that a program is placed in."""
        return fitting(self._smallest, program) if self._grows else self._smallest

    def _obtain(self, config: Config) -> None:
        """Have that core at hand; it will be reset."""
        if config != self._built:
            self._drop_core()
            self._core, self._built = SimulatedCore(self._build(config)), config

    def _set_probes(self, probes: ProbeList) -> None:
        places = np.zeros(len(probes), np.uint32)
        for gather in probes.gathers:
            places[gather.columns] = self._places(gather.name)[gather.indices]
        entries = address(Region.PROBES, np.arange(len(probes)))
        self._core.write(np.append(entries, self._layout.registers["probes"]),
                         np.append(places, len(probes)))

    def _run(self, frames: Frames) -> Outputs:
        outputs, which, probes = self.program.outputs, probed(frames), len(self._probes)
        words = self._exchange(frames, which)
        results = unpack(words, outputs, probed=which, probes=probes)
        for gather in self._probes.gathers:
            column = results.probes[:, gather.columns]
            results.probes[:, gather.columns] = self._numbers(gather.name, column)
        return results

    def _exchange(self, frames: Frames, which: np.ndarray) -> np.ndarray:
        """Frames in, result words out; ``which`` of them bring probed words along."""
        results = 2 * self.program.outputs * len(frames) + len(self._probes) * which.sum()
        return self._core.run(pack(frames), results)

    def _places(self, name: str) -> np.ndarray:
        """Bus addresses of a state, worked out once a program."""
        if name not in self._addresses:
            self._addresses[name] = self._layout.addresses(name)
        return self._addresses[name]

    def _numbers(self, name: str, words: np.ndarray) -> np.ndarray:
        """A state's values from the words at its places, int64 throughout."""
        if name in ("word", "generator"):
            return words
        sign = 1 << (self._layout.width(name) - 1)
        return ((words & (2 * sign - 1)) ^ sign) - sign

    def _read(self, name: str) -> np.ndarray:
        return self._numbers(name, self._core.read(self._places(name)).astype(np.int64))

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
