"""One run of a task on a device: learn online, then freeze and test on an unseen stream.

Everything reported is computed here, from the integers a device returns and in one order, so that
two devices that agree bit for bit report the same numbers.
"""

import math
import time
from dataclasses import dataclass, field

import numpy as np

from host.device import Device
from host.weights import projection_names, weight_matrices
from model.compiler import compile_network
from model.formats import RATE, TAP_STATE
from model.frames import FROZEN, Frames
from model.network import INPUT, Network, NetworkError
from model.program import Feedback, Program
from model.tasks.task import Stream, Task

__all__ = ["Curves", "Frozen", "Run", "run_task"]

POINTS = 200
"""Points of a learning curve, about."""
BLOCK = (50, 4000)
"""Fewest and most steps given to the device at once."""
ONLINE_PART = 10
"""The online error is that of the last 1/10 of the training."""


@dataclass
class Curves:
    """What was read after each block: steps done, and one list per column."""

    steps: list[int] = field(default_factory=list)
    columns: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: int, values: dict[str, float]) -> None:
        """One more row."""
        self.steps.append(step)
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)

    def matching(self, prefix: str) -> dict[str, list[float]]:
        """Columns whose name starts with ``prefix`` and a space, without it."""
        return {name.removeprefix(prefix + " "): values for name, values in self.columns.items()
                if name.startswith(prefix + " ")}


@dataclass(frozen=True)
class Frozen:
    """The frozen test: targets and outputs, real, (steps, outputs); the first ``washout`` steps
    are not scored."""

    targets: np.ndarray
    outputs: np.ndarray
    washout: int


@dataclass(frozen=True)
class Run:
    """A finished run: the numbers of ``vle run --json``, the curves and the frozen test.

    about            what the task asks, in words
    network          before learning
    before, after    W of every projection by name, before and after learning
    """

    result: dict
    curves: Curves
    frozen: Frozen
    about: str
    network: Network
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]

    @property
    def dt(self) -> float:
        """Seconds of a step."""
        return self.network.dt


def run_task(task: Task, device: Device, *, rule: str = "vle", seed: int = 0,
             steps: int | None = None, progress=None) -> Run:
    """Train ``task`` on an open ``device``, freeze, test.

    steps      training steps; the task's default if None
    progress   None, or called after each block as progress(steps of the block, running error)
    """
    steps = task.steps if steps is None else steps
    if steps < 1:
        raise NetworkError(f"steps = {steps} must be at least 1")
    network = task.network(rule, seed)
    program = compile_network(network, seed=seed)
    device.load(program)
    before, curves = weight_matrices(device, network), Curves()
    stream = task.streams(seed, steps, "train")
    seconds, cycles, online_error = _learn(device, network, program, stream, curves, progress)
    saturations = device.counters()["saturations"]
    frozen = _test(task, device, program, seed)
    test = task.streams(seed, task.test_steps, "test")
    return Run(
        result={
            "task": task.name, "device": device.name, "rule": rule, "seed": seed,
            "lanes": device.lanes, "steps": steps, "seconds": round(seconds, 3),
            "steps_per_second": round(steps / seconds, 1),
            "cycles_per_step": None if cycles is None else cycles / steps,
            "online_error": online_error,
            "frozen_error": task.error(test, frozen.outputs),
            "frozen_mse": task.square_error(test, frozen.outputs),
            "frozen_accuracy": task.accuracy(test, frozen.outputs),
            "backward_alignment": _alignment(device, network, program),
            "learned": _parameters(task, device, program),
            "saturations": {name: int(count) for name, count in saturations.items()},
        },
        curves=curves, frozen=frozen, about=task.about, network=network, before=before,
        after=weight_matrices(device, network),
    )


def _learn(device: Device, network: Network, program: Program, stream: Stream, curves: Curves,
           progress) -> tuple[float, int | None, float | None]:
    """Train in blocks; returns seconds, cycles (None if the device has none) and online error."""
    frames = stream.lesson()
    steps = len(frames)
    size = int(np.clip(steps // POINTS, *BLOCK))
    scale = _variance(stream.targets)
    squares = []
    device.run(frames[:0])  # Whatever a device compiles on its first call is not learning time.
    before, seconds = device.counters()["cycles"], 0.0
    for start in range(0, steps, size):
        block = frames[start : start + size]
        began = time.perf_counter()
        outputs = device.run(block)
        seconds += time.perf_counter() - began
        misses = RATE.real(outputs.rates) - stream.targets[start : start + size]
        squares.append(np.mean(np.square(misses), axis=1))
        error = _over(float(np.mean(squares[-1])), scale)
        curves.add(start + len(block), {"error": error} | _probe(device, network, program))
        if progress is not None:
            progress(len(block), error)
    last = -(-steps // ONLINE_PART)
    online = _over(float(np.mean(np.concatenate(squares)[-last:])), scale)
    cycles = None if before is None else device.counters()["cycles"] - before
    return seconds, cycles, online


def _variance(targets: np.ndarray) -> float:
    return float(np.mean(np.var(targets, axis=0)))


def _over(square: float, scale: float) -> float | None:
    """A mean square over the target's variance; None for a target that never varied."""
    return square / scale if scale > 0 else None


def _test(task: Task, device: Device, program: Program, seed: int) -> Frozen:
    stream = task.streams(seed, task.test_steps, "test")
    frames = Frames.of(stream.inputs, outputs=program.outputs, flags=FROZEN)
    parts = [device.run(frames[start : start + BLOCK[1]]).rates
             for start in range(0, len(frames), BLOCK[1])]
    return Frozen(stream.targets, RATE.real(np.concatenate(parts)), task.washout)


def _probe(device: Device, network: Network, program: Program) -> dict[str, float]:
    """Alignment per projection and mean learned taps per population, for the curves."""
    values = {f"alignment {name}": cosine
              for name, cosine in _alignment(device, network, program).items()}
    taps = {name: TAP_STATE.real(device.read(name)) for name in ("c0", "c1")}
    for population in network.populations:
        if population.taps != "learned":
            continue
        first = network.first(population.name)
        for name, column in taps.items():
            mean = float(np.mean(column[first : first + population.size]))
            values[f"{name} {population.name}"] = mean
    return values


def _parameters(task: Task, device: Device, program: Program) -> dict | None:
    """Parameters that the task wants shown beside its teacher's; None if it has none."""
    if task.learned is None:
        return None
    found = task.learned(program, {name: device.read(name) for name in ("W", "alpha")})
    return {name: {"learned": value, "teacher": teacher}
            for name, (value, teacher) in found.items()}


def _alignment(device: Device, network: Network, program: Program) -> dict[str, float]:
    """Cosine of B and Wᵀ per projection, over the sources that need an error: not the inputs."""
    state = {"W": device.read("W"), "B": device.read("B")}
    cosines = {}
    for number, (name, projection) in enumerate(zip(projection_names(network),
                                                    network.projections, strict=True)):
        names = projection.source
        names = {names} if isinstance(names, str) else set(names)
        if names == {INPUT}:
            continue
        inputs = network.inputs if INPUT in names else 0
        W = program.matrix(state, number, "W")[:, inputs:]
        tied = program.projections[number]["feedback"] == Feedback.TIED
        B = W if tied else program.matrix(state, number, "B")[:, inputs:]
        cosines[name] = _cosine(W, B)
    return cosines


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of two integer arrays; 0 if one of them is zero.  Sums are exact."""
    a, b = a.astype(np.int64), b.astype(np.int64)
    norm = math.sqrt(float(np.sum(a * a)) * float(np.sum(b * b)))
    return float(np.sum(a * b)) / norm if norm else 0.0
