"""The seam: one class of calls for every place a program can run; the same calls, the same numbers.

    with open_device("sim", lanes=4) as device:
        device.load(program)
        outputs = device.stream(inputs, targets)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, Self

import numpy as np

from model.formats import ERROR, MODULATOR, RATE
from model.frames import LEARNING, Frames
from model.golden import Outputs
from model.network import NetworkError
from model.program import NEURON_STATES, SYNAPSE_STATES, TRACE_STATES, Flag, Program, State, Teach

__all__ = ["BLOCK", "DEVICES", "Device", "DeviceError", "DeviceKind", "open_device", "state_range"]

BLOCK = 4096
"""Most frames that a back end is given at once, so that progress shows and Ctrl-C is heard."""


class DeviceError(NetworkError):
    """A call that a device cannot serve; the message names the value and the limit in one line."""


def state_range(name: str) -> tuple[int, int]:
    """Smallest and largest integer of a state."""
    if name in ("xi", "psi_xi"):
        return -1, 1
    if name in ("word", "generator"):
        # Zero is the one state that the generator never leaves.
        return int(name == "generator"), 2**32 - 1
    form = {**NEURON_STATES, **TRACE_STATES, **SYNAPSE_STATES}.get(name)
    if form is None:
        raise DeviceError(f"unknown state '{name}'; there are: {', '.join(State.names())}")
    return form.min, form.max


def _check_range(values: np.ndarray, low: int, high: int, what: str) -> None:
    outside = (values < low) | (values > high)
    if outside.any():
        at = tuple(int(k) for k in np.argwhere(outside)[0])
        raise DeviceError(f"{what} {list(at)} is {values[at]}; the limits are {low} … {high}")


class Device(ABC):
    """A place where a program runs.  Numbers are integers in the formats of ``model.formats``.

    name, lanes   what it is, as reports call it; a back end without lanes keeps the number given
    program       what is loaded; calls before the first :meth:`load` raise :class:`DeviceError`

    A back end supplies the calls that begin with an underscore; their arguments are checked.
    """

    name: ClassVar[str]

    def __init__(self, *, lanes: int = 4):
        if lanes < 1:
            raise DeviceError(f"lanes = {lanes} must be at least 1")
        self.lanes = lanes
        self._program: Program | None = None

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

    def load(self, program: Program) -> None:
        """Start ``program`` from its initial state, counters at zero.

        Raises :class:`model.network.NetworkError` if the program does not fit.
        """
        self._program = None
        self._load(program)
        self._program = program

    def run(self, frames: Frames, *, progress: Callable[[int], None] | None = None) -> Outputs:
        """Advance by ``len(frames)`` steps; ``progress`` is told of the steps as they are done."""
        frames.check(self.program)
        for name, low, high in (
            ("inputs", RATE.min, RATE.max), ("teach", ERROR.min, ERROR.max),
            ("kind", min(Teach), max(Teach)), ("modulator", MODULATOR.min, MODULATOR.max),
            ("flags", 0, sum(Flag)),
        ):
            _check_range(getattr(frames, name), low, high, f"frames: {name}")
        shape = (len(frames), self.program.outputs)
        outputs = Outputs(rates=np.zeros(shape, np.int64), errors=np.zeros(shape, np.int64))
        # An empty block reaches the back end too: it may have something to compile.
        for start in range(0, max(len(frames), 1), BLOCK):
            part = slice(start, start + BLOCK)
            done = self._run(frames[part])
            outputs.rates[part], outputs.errors[part] = done.rates, done.errors
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

    def read(self, name: str) -> np.ndarray:
        """A state by name (``State.names()``), int64, in the golden model's order."""
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
        _check_range(values, *state_range(name), f"state '{name}'")
        self._write(name, values.astype(np.int64))

    def save(self) -> State:
        """The whole state, generator included: a resumed run equals an unbroken one."""
        program = self.program
        state = State.zeros(program.neurons, program.traces, program.synapses)
        for name in State.names():
            state[name][:] = self.read(name)
        return state

    def restore(self, state: State) -> None:
        """Return to a saved state of the same program; counters go on."""
        for name in State.names():
            self.write(name, state[name])

    def counters(self) -> dict:
        """steps, cycles (None where there is no clock), saturations by counter, overruns and
        link_errors, since the program was loaded."""
        self._require_program()
        return self._counters()

    def close(self) -> None:
        """Let go of the back end; the device can be loaded anew."""
        self._program = None

    @staticmethod
    def _known(name: str) -> str:
        state_range(name)
        return name

    @abstractmethod
    def _load(self, program: Program) -> None: ...

    @abstractmethod
    def _run(self, frames: Frames) -> Outputs: ...

    @abstractmethod
    def _read(self, name: str) -> np.ndarray: ...

    @abstractmethod
    def _write(self, name: str, values: np.ndarray) -> None: ...

    @abstractmethod
    def _counters(self) -> dict: ...


@dataclass(frozen=True)
class DeviceKind:
    """A back end: what it is, and where its class is found when it is opened."""

    about: str
    module: str
    type: str


DEVICES = {
    "model": DeviceKind("the bit-exact golden model, compiled by Numba; the fastest",
                        "host.model_device", "ModelDevice"),
    "sim": DeviceKind("the core itself, simulated cycle by cycle (Verilator)",
                      "host.sim_device", "SimDevice"),
}
"""Back ends by name."""


def open_device(name: str, *, lanes: int = 4, config=None) -> Device:
    """A device by its name in :data:`DEVICES`, as a context manager.

    lanes    synapses visited per clock; the numbers do not depend on it
    config   ``hdl.config.Config`` of the core, where the default does not do; it brings its lanes
    """
    if name not in DEVICES:
        raise DeviceError(f"unknown device '{name}'; there are: {', '.join(DEVICES)}")
    kind = DEVICES[name]
    return getattr(import_module(kind.module), kind.type)(lanes=lanes, config=config)
