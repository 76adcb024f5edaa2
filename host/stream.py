"""Streams of one's own data through a device: scaled, limited, answered, judged, timed."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from host.deadlines import Deadlines
from host.device import Device
from host.scaling import limited
from host.setup import Setup
from model.formats import MODULATOR, RATE, Format
from model.frames import FROZEN, LEARNING, Frames, Outputs
from model.network import NetworkError

__all__ = ["RECENT", "Streamer"]

RECENT = 4096
"""Taught samples, about, over which the recent error is taken."""


@dataclass
class _Error:
    """Mean square error over the targets' variance, in rates, of all samples and of recent ones."""

    recent: deque = field(default_factory=deque)
    kept: int = 0
    square: float = 0.0
    sums: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def add(self, targets: np.ndarray, outputs: np.ndarray) -> None:
        given = ~np.isnan(targets)
        if not given.any():
            return
        misses, wanted = (outputs - targets)[given], targets[given]
        self.square += float(np.sum(np.square(misses)))
        self.sums += [len(wanted), np.sum(wanted), np.sum(np.square(wanted))]
        self.recent.append(misses)
        self.kept += len(misses)
        while self.kept - len(self.recent[0]) >= RECENT:
            self.kept -= len(self.recent.popleft())

    def result(self) -> tuple[float | None, float | None]:
        """Of all, and of the recent ones; None where nothing was taught, or one value always."""
        count, total, squares = self.sums
        if not count or squares / count - (total / count) ** 2 <= 1e-12:
            return None, None
        variance = squares / count - (total / count) ** 2
        recent = float(np.mean(np.square(np.concatenate(self.recent))))
        return float(self.square / count / variance), recent / variance


class Streamer:
    """Runs blocks of samples, in the units of their files, on a device that has the setup loaded.

    learn     with False, plasticity and noise are off, and targets only serve to judge
    run       in place of ``device.run``, for whoever wants the frames to bring more along
    samples   samples answered
    limited   values beyond what the core holds, by stream
    """

    def __init__(self, device: Device, setup: Setup, *, learn: bool = True,
                 run: Callable[[Frames], Outputs] | None = None, clock=time.monotonic):
        self._setup, self._learn = setup, learn
        self._run = device.run if run is None else run
        self._device, self._clock = device, clock
        self._error = _Error()
        self.deadlines = Deadlines(setup.program.dt, clock=clock)
        self.samples = 0
        self.limited = {"inputs": 0, "targets": 0, "modulator": 0}
        # What a device compiles on its first call must not count as time lost.
        device.run(Frames.of(np.zeros((0, setup.program.inputs)), outputs=setup.program.outputs))
        self._before, self._began = device.counters()["cycles"], clock()

    def block(self, inputs: np.ndarray, targets: np.ndarray | None = None,
              modulator=1.0) -> np.ndarray:
        """The outputs of a block; targets NaN where nothing is taught, modulator one or (T,)."""
        setup = self._setup
        for missing in np.argwhere(np.isnan(inputs))[:1]:
            raise NetworkError(f"sample {self.samples + missing[0] + 1}: input "
                               f"{setup.input_names[missing[1]]} is missing")
        wanted = None
        rates = self._limit("inputs", setup.input.rates(inputs), RATE)
        if targets is not None:
            wanted = self._limit("targets", setup.output.rates(targets), RATE)
        if np.isnan(modulator).any():
            raise NetworkError("the modulator is missing in samples "
                               f"{self.samples + 1} … {self.samples + len(inputs)}")
        factors = self._limit("modulator", modulator, MODULATOR)
        frames = Frames.of(rates, wanted if self._learn else None, outputs=len(setup.output),
                           modulator=factors, flags=LEARNING if self._learn else FROZEN)
        outputs = RATE.real(self._run(frames).rates)
        if wanted is not None:
            self._error.add(wanted, outputs)
        self.samples += len(rates)
        return setup.output.values(outputs)

    def _limit(self, what: str, values, form: Format) -> np.ndarray:
        kept, beyond = limited(values, form)
        self.limited[what] += beyond
        return kept

    def result(self) -> dict:
        """What to say of the stream so far, as plain numbers."""
        counters, seconds = self._device.counters(), self._clock() - self._began
        error, recent = self._error.result()
        rate = self.samples / seconds if seconds > 0 else 0.0
        cycles = None
        if counters["cycles"] is not None and self.samples:
            cycles = (counters["cycles"] - self._before) / self.samples
        return {
            "network": self._setup.program.name, "device": self._device.name,
            "learn": self._learn, "samples": self.samples, "seconds": round(seconds, 3),
            "samples_per_second": round(rate, 1),
            "times_real_time": float(f"{rate * self._setup.program.dt:.4g}"),
            "overruns": self.deadlines.overruns, "cycles_per_sample": cycles,
            "real_time_hertz": None if cycles is None else cycles / self._setup.program.dt,
            "error": error, "recent_error": recent,
            "limited": dict(self.limited),
            "saturations": {name: int(n) for name, n in counters["saturations"].items()},
            "device_overruns": counters["overruns"], "link_errors": counters["link_errors"],
        }
