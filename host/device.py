"""The seam: one class of calls for every place a program can run; the same calls, the same numbers.

    with open_device("sim", lanes=4) as device:
        device.load(network)
        outputs = device.stream(inputs, targets)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, Self

import numpy as np

from hdl.config import Config
from host.checks import DeviceError, check_range, state_range
from host.probe import ProbeList, probed
from host.setup import Setup
from model.compiler import compile_network
from model.formats import ERROR, MODULATOR, RATE
from model.frames import LEARNING, Frames, Outputs
from model.network import Network
from model.program import Flag, Program, State, Teach

__all__ = ["BLOCK", "DEVICES", "Device", "DeviceError", "DeviceKind", "known_device", "open_device",
           "state_range"]

BLOCK = 4096
"""Most frames that a back end is given at once, so that progress shows and Ctrl-C is heard."""


class Device(ABC):
    """A place where a program runs.  Numbers are integers in the formats of ``model.formats``.

    name, lanes   what it is, as reports call it; a back end without lanes keeps the number given
    most_probes   entries that a probe list can have
    program       what is loaded; calls before the first :meth:`load` raise :class:`DeviceError`

    A back end supplies the calls that begin with an underscore; their arguments are checked.
    ``config`` is the core's, where the default does not do; it brings its lanes.
    """

    name: ClassVar[str]

    def __init__(self, *, lanes: int = 4, config: Config | None = None):
        if lanes < 1:
            raise DeviceError(f"lanes = {lanes} must be at least 1")
        self.lanes = lanes if config is None else config.lanes
        # The default's for every back end, so that all refuse alike.
        self.most_probes = (config or Config).probes
        self._program: Program | None = None
        self._probes: ProbeList | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def program(self) -> Program:
        """The program that is loaded."""
        return self._require_program()

    def _require_program(self) -> Program:
        if self._program is None:
            raise DeviceError(f"device '{self.name}' has no program; load one first")
        return self._program

    def load(self, network: Program | Network | Setup, *, seed: int = 0) -> None:
        """Start a network from its initial state, counters at zero, nothing probed.

        network   compiled, or in SI units, or as :func:`host.network_file.read_network` returns it
        seed      of the random generator, where the network is yet to be compiled

        Raises :class:`model.network.NetworkError` if it cannot be compiled or does not fit.
        """
        program = _compiled(network, seed)
        self._program = None
        self._load(program)
        self._begin(program)

    def adopt(self, network: Program | Network | Setup, *, seed: int = 0) -> None:
        """Go on with a network that the device runs already, as boards do; nothing is probed.

        States and counters stay; arguments as for :meth:`load`.  :class:`DeviceError` where the
        device runs another network, or nothing before one is loaded. Rates of learning and time
        constants count as part of a network, states do not.
        """
        program = _compiled(network, seed)
        self._program = None
        self._adopt(program)
        self._begin(program)
        self._set_probes(self._probes)

    def _begin(self, program: Program) -> None:
        self._program, self._probes = program, ProbeList(program, [], limit=self.most_probes)

    def _adopt(self, program: Program) -> None:
        raise DeviceError(f"device '{self.name}' runs nothing before a network is loaded")

    def probe(self, entries: Iterable[tuple[str, int | slice]]) -> None:
        """Choose the values that frames with ``Flag.PROBE`` bring along, in ``Outputs.probes``.

        entries   (state, index into its array) each, a slice for several: ("u", 3), ("W", 5),
                  ("c0", slice(2, 6)); one column per index, in this order

        The list replaces the one before and stays until the next :meth:`load`; an empty one ends
        probing.  It is no part of what :meth:`save` saves.  :class:`DeviceError` for an unknown
        state, an index out of range, or more than ``most_probes`` columns; the old list then stays.
        """
        probes = ProbeList(self.program, entries, limit=self.most_probes)
        self._set_probes(probes)
        self._probes = probes

    def run(self, frames: Frames, *, progress: Callable[[int], None] | None = None) -> Outputs:
        """Advance by ``len(frames)`` steps; ``progress`` is told of the steps as they are done.

        ``probes`` of what is returned has one row per frame with ``Flag.PROBE`` and one column per
        entry of the probe list: what :meth:`read` would show after that step.
        """
        frames.check(self.program)
        for name, low, high in (
            ("inputs", RATE.min, RATE.max), ("teach", ERROR.min, ERROR.max),
            ("kind", min(Teach), max(Teach)), ("modulator", MODULATOR.min, MODULATOR.max),
            ("flags", 0, sum(Flag)),
        ):
            check_range(getattr(frames, name), low, high, f"frames: {name}")
        shape, row = (len(frames), self.program.outputs), 0
        outputs = Outputs(
            rates=np.zeros(shape, np.int64), errors=np.zeros(shape, np.int64),
            probes=np.zeros((probed(frames).sum(), len(self._probes)), np.int64))
        # An empty block reaches the back end too: it may have something to compile.
        for start in range(0, max(len(frames), 1), BLOCK):
            part = slice(start, start + BLOCK)
            done = self._run(frames[part])
            outputs.rates[part], outputs.errors[part] = done.rates, done.errors
            if self._probes:
                outputs.probes[row : row + len(done.probes)] = done.probes
                row += len(done.probes)
            if progress is not None:
                progress(len(done.rates))
        return outputs

    def stream(self, inputs, targets=None, *, errors=None, modulator=1.0, flags=LEARNING,
               progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Stream real samples; returns the output rates, float64, shape (T, outputs).

        inputs            (T, inputs), |x| < 4
        targets, errors   (T, outputs), NaN where nothing is taught; at most one of the two
        modulator, flags  one value or (T,), |m| < 8
        """
        frames = Frames.of(inputs, targets, outputs=self.program.outputs, errors=errors,
                           modulator=modulator, flags=flags)
        return RATE.real(self.run(frames, progress=progress).rates)

    def live(self, samples: Iterable, *, flags=LEARNING) -> Iterator[np.ndarray]:
        """Step as samples come: yields the output rates of each, float64, shape (outputs,).

        samples   of each step the inputs, or a tuple (inputs, targets) or (inputs, targets,
                  modulator); targets None or NaN where nothing is taught
        """
        def step(inputs, targets=None, modulator=1.0):
            return self.stream(np.reshape(inputs, (1, -1)), targets, modulator=modulator,
                               flags=flags)[0]

        for sample in samples:
            yield step(*sample) if isinstance(sample, tuple) else step(sample)

    def read(self, name: str) -> np.ndarray:
        """A state by name (``State.present()``), int64, in the golden model's order."""
        shape = self.program.state[self._known(name)].shape
        return np.asarray(self._read(name), np.int64).reshape(shape)

    def write(self, name: str, values) -> None:
        """Replace a state; :class:`DeviceError` for a wrong shape, type or range."""
        shape = self.program.state[self._known(name)].shape
        values = np.asarray(values)
        if values.shape != shape:
            raise DeviceError(f"state '{name}' has shape {shape}, not {values.shape}")
        if values.dtype.kind not in "iu":
            raise DeviceError(f"state '{name}' takes integers, not {values.dtype}")
        check_range(values, *state_range(name), f"state '{name}'")
        self._write(name, values.astype(np.int64))

    def save(self) -> State:
        """The whole state, generator included: a resumed run equals an unbroken one."""
        program = self.program
        state = State.zeros(len(program.populations), program.neurons, program.traces,
                            program.synapses, eligible=program.eligible)
        for name in state.present():
            state[name][:] = self.read(name)
        return state

    def restore(self, state: State) -> None:
        """Return to a saved state of the same program; counters go on."""
        for name in state.present():
            self.write(name, state[name])

    def counters(self) -> dict:
        """steps, cycles (None where there is no clock), saturations by counter, overruns and
        link_errors, since the program was loaded."""
        self._require_program()
        return self._counters()

    def info(self) -> dict:
        """What the device says of itself; at least its name and its lanes."""
        return {"device": self.name, "lanes": self.lanes}

    def close(self) -> None:
        """Let go of the back end; the device can be loaded anew."""
        self._program = None

    def _known(self, name: str) -> str:
        state_range(name)
        if name not in self.program.state.present():
            raise DeviceError(f"program '{self.program.name}' has no state '{name}': none of its "
                              "synapses has an eligibility")
        return name

    @abstractmethod
    def _load(self, program: Program) -> None: ...

    @abstractmethod
    def _set_probes(self, probes: ProbeList) -> None: ...

    @abstractmethod
    def _run(self, frames: Frames) -> Outputs: ...

    @abstractmethod
    def _read(self, name: str) -> np.ndarray: ...

    @abstractmethod
    def _write(self, name: str, values: np.ndarray) -> None: ...

    @abstractmethod
    def _counters(self) -> dict: ...


def _compiled(network: Program | Network | Setup, seed: int) -> Program:
    if isinstance(network, Network):
        return compile_network(network, seed=seed)
    return network.program if isinstance(network, Setup) else network


@dataclass(frozen=True)
class DeviceKind:
    """A back end: what it is, and where its class is found when it is opened.

    address   what of the name follows a colon, where there is something: ``serial:URL``
    """

    about: str
    module: str
    type: str
    address: str = ""


DEVICES = {
    "model": DeviceKind("the bit-exact golden model, compiled by Numba; the fastest",
                        "host.model_device", "ModelDevice"),
    "sim": DeviceKind("the core itself, simulated cycle by cycle (Verilator)",
                      "host.sim_device", "SimDevice"),
    "micro": DeviceKind("the small sequential core, simulated cycle by cycle (Verilator)",
                        "host.micro_device", "MicroDevice"),
    "netlist": DeviceKind("the core after synthesis for an ECP5, cell by cell (extra 'fpga')",
                          "host.netlist_device", "NetlistDevice"),
    "micro-netlist": DeviceKind("the sequential core after synthesis for an iCE40, likewise",
                                "host.netlist_device", "MicroNetlistDevice"),
    "serial": DeviceKind("a core behind its link: serial:/dev/ttyUSB0, serial:socket://HOST:PORT",
                         "host.serial_device", "SerialDevice", address="URL"),
}
"""Back ends by name."""


def open_device(name: str, *, lanes: int = 4, config=None) -> Device:
    """A device by its name in :data:`DEVICES`, as a context manager.

    lanes    synapses visited per clock; the numbers do not depend on it; a board has its own
    config   ``hdl.config.Config`` of the core, where the default does not do; it brings its lanes
    """
    kind, address = known_device(name)
    where = {"url": address} if kind.address else {}
    return getattr(import_module(kind.module), kind.type)(**where, lanes=lanes, config=config)


def known_device(name: str) -> tuple[DeviceKind, str]:
    """The back end that ``name`` means, and the address in it; :class:`DeviceError` if none."""
    plain, colon, address = name.partition(":")
    kind = DEVICES.get(plain)
    if kind is None or bool(colon) > bool(kind.address):
        known = [f"{name}:{kind.address}" if kind.address else name
                 for name, kind in DEVICES.items()]
        raise DeviceError(f"unknown device '{name}'; there are: {', '.join(known)}")
    if kind.address and not address:
        raise DeviceError(f"device '{name}' needs an address: {plain}:{kind.address}")
    return kind, address
