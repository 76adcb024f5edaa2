"""One trial of a comparison: one rule, seed and rate, trained, frozen and judged.

The rules run in the golden model, bit for bit what the hardware does; the bound ``adjoint`` is
exact and offline, in float64.
"""

import copy
import hashlib
import math
import time
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

import model
from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.network import Network
from model.offline import descend
from model.pace import scaled
from model.reference import Reference
from model.tasks import TASKS
from model.tasks.task import Stream, Task
from model.variants import VARIANTS, variant

__all__ = ["ADJOINT", "COMPARED", "Trial", "run_trial", "sources_digest"]

ADJOINT = "adjoint"
COMPARED = VARIANTS | {ADJOINT: "exact gradient in float64, offline (Adam): the bound"}
"""One line on everything that can be compared, by name."""
CHECKPOINTS = 16
"""Points of a learning curve, spaced by equal factors of steps."""
CURVE_PART = 6
"""A point of the curve is judged on 1/6 of a test, a stream of part "validation"."""
BLOCK = 4000
"""Most steps at once, so that Ctrl-C is heard."""
KEPT = 12
"""Streams kept: those on which a few seeds try one rate after the other."""


@dataclass(frozen=True)
class Trial:
    """``factor`` multiplies the rates that the task has for the rule, of ``what`` (a name in
    ``model.pace.SCALABLE``); ``part`` is what the frozen network is judged on, "validation" or
    "test"."""

    task: str
    rule: str
    seed: int
    factor: float
    part: str
    steps: int
    what: str = "weights"

    def network(self) -> Network:
        """The network before learning."""
        if self.rule == ADJOINT:
            return TASKS[self.task].network("vle", self.seed)
        return scaled(variant(TASKS[self.task], self.rule, seed=self.seed), self.factor,
                      self.what)

    def key(self) -> dict:
        """What a stored result must match to stand for this trial: names, program and sources."""
        program = compile_network(self.network(), seed=self.seed)
        digest = hashlib.sha256()
        for array in (program.populations, program.projections, program.tables,
                      *(program.state[name] for name in program.state.present())):
            digest.update(np.ascontiguousarray(array).tobytes())
        return asdict(self) | {"program": digest.hexdigest()[:16], "sources": sources_digest()}


@cache
def sources_digest() -> str:
    """Digest of every source file of the model and of this one."""
    files = sorted(Path(model.__path__[0]).rglob("*.py"))
    digest = hashlib.sha256()
    for file in [*files, Path(__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class _Online:
    """The golden model, learning a stream step by step."""

    def __init__(self, network: Network, stream: Stream, trial: Trial):
        self.outputs = network.outputs
        self.golden = Golden(compile_network(network, seed=trial.seed))
        self.frames = stream.lesson()
        self.done = 0

    def learn(self, until: int) -> None:
        while self.done < until:
            stop = min(self.done + BLOCK, until)
            self.golden.run(self.frames[self.done : stop])
            self.done = stop

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        """Real rates (T, outputs) with plasticity and noise off; the learner itself stays put."""
        frozen = copy.deepcopy(self.golden)
        return RATE.real(frozen.run(Frames.of(inputs, outputs=self.outputs, flags=FROZEN)).rates)


class _Offline:
    """The float64 reference, improved by its exact gradient."""

    def __init__(self, network: Network, stream: Stream, trial: Trial):
        self.reference = Reference(network)
        self.updates = descend(self.reference, stream.inputs, stream.targets, scale=trial.factor)
        self.done = 0

    def learn(self, until: int) -> None:
        while self.done < until:
            self.done = next(self.updates)

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        return self.reference.run(inputs)


@lru_cache(maxsize=KEPT)
def _stream(task: str, seed: int, steps: int, part: str) -> Stream:
    return TASKS[task].streams(seed, steps, part)


def run_trial(trial: Trial) -> dict:
    """Train, freeze and judge.

    Returns error (over the target's variance, None where it is not finite), accuracy (None for a
    task without symbols), seconds, and for part "test" the learning curve: steps and the frozen
    error on a validation stream.
    """
    began = time.perf_counter()
    # In float64 a network may diverge; its error then says so; a warning adds nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        found = _judge(trial, TASKS[trial.task])
    return found | {"seconds": round(time.perf_counter() - began, 3)}


def _judge(trial: Trial, task: Task) -> dict:
    kind = _Offline if trial.rule == ADJOINT else _Online
    learner = kind(trial.network(), _stream(task.name, trial.seed, trial.steps, "train"), trial)
    steps, curve = [], []
    if trial.part == "test":
        watched = _stream(task.name, trial.seed, _watched_steps(task), "validation")
        for stop in _checkpoints(trial.steps):
            learner.learn(stop)
            steps.append(stop)
            curve.append(_finite(task.error(watched, learner.answer(watched.inputs))))
    learner.learn(trial.steps)
    stream = _stream(task.name, trial.seed, task.test_steps, trial.part)
    answers = learner.answer(stream.inputs)
    return {"error": _finite(task.error(stream, answers)),
            "accuracy": task.accuracy(stream, answers), "steps": steps, "curve": curve}


def _watched_steps(task: Task) -> int:
    return task.washout + max(2, -(-(task.test_steps - task.washout) // CURVE_PART))


def _checkpoints(steps: int) -> list[int]:
    spaced = np.geomspace(max(1, steps / 200), steps, CHECKPOINTS)
    return sorted({round(step) for step in spaced})


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
