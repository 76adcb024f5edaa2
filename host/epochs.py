"""One run of a task of labelled samples: epochs of learning, then a frozen test.

As in ``host.run``, all that is reported comes from the integers a device returns, in one order: two
devices that agree bit for bit report the same numbers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from host.device import Device
from host.weights import weight_matrices
from model.compiler import compile_network
from model.frames import Frames
from model.network import Network, NetworkError
from model.tasks.samples import Samples, SampleTask, Teacher
from model.tasks.task import random_source

__all__ = ["EpochRun", "run_samples", "samples_of"]

FEWEST = 20
"""Samples that are judged at least, however short the run."""


@dataclass
class EpochRun:
    """The numbers of ``vle run --json``; per epoch, accuracies while learning and on the validation
    samples; of the test samples, how many of each class (rows) were taken for which (columns); what
    the task asks, the network before learning, and W before and after, by projection."""

    about: str
    network: Network
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray] = field(default_factory=dict)
    result: dict = field(default_factory=dict)
    training: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    confusion: np.ndarray | None = None


def samples_of(task: SampleTask, steps: int | None) -> int:
    """Training samples that a run of ``steps`` frames has, all epochs counted."""
    train = task.samples("train")
    if steps is None:
        return task.epochs * len(train)
    if steps < 1:
        raise NetworkError(f"steps = {steps} must be at least 1")
    frames = train.inputs.shape[1] + task.drain + task.lesson
    return min(max(1, steps // frames), task.epochs * len(train))


def run_samples(task: SampleTask, device: Device, *, seed: int = 0, steps: int | None = None,
                progress: Callable[[int, float | None], None] | None = None) -> EpochRun:
    """Train ``task`` on an open ``device``, judge it after every epoch, and test it at the end.

    steps      training frames; fewer than the task's own shorten the training, and leave as many
               samples for the judgement
    progress   None, or called as progress(samples learned, validation accuracy or None)
    """
    total = samples_of(task, steps)
    network = task.network(seed)
    program = compile_network(network, seed=seed)
    device.load(program)
    # Whatever a device compiles on its first call is not learning time.
    device.run(Frames.of(np.zeros((0, program.inputs)), outputs=program.outputs))
    parts = {part: task.samples(part) for part in ("train", "validation", "test")}
    if steps is not None:
        parts |= {part: parts[part].first(max(total, FEWEST)) for part in ("validation", "test")}
    teacher = Teacher(task, device, program, parts["train"].inputs.shape[1])
    run, clock = EpochRun(task.about, network, weight_matrices(device, network)), _Clock(device)
    order, vary = random_source(task.name, "order", seed), random_source(task.name, "vary", seed)
    points, done = teacher.quantized(parts["train"]), 0
    judged = teacher.quantized(parts["validation"])
    while done < total:
        chosen = order.permutation(len(points))[: total - done]
        with clock:
            right = _epoch(task, teacher, points, parts["train"], chosen, vary, done, total,
                           progress)
        done += len(chosen)
        run.training.append(right / len(chosen))
        run.validation.append(float(np.mean(teacher.answers(judged)
                                            == parts["validation"].labels)))
        if progress is not None:
            progress(0, run.validation[-1])
    saturations, run.after = device.counters()["saturations"], weight_matrices(device, network)
    answers = teacher.answers(teacher.quantized(parts["test"]))
    run.confusion = _confusion(task, parts["test"].labels, answers)
    run.result = {
        "task": task.name, "device": device.name, "seed": seed, "lanes": device.lanes,
        "epochs": len(run.training), "samples": total,
        "steps": total * (teacher.steps + task.lesson),
        "synapses": program.synapses, "seconds": round(clock.seconds, 3),
        "samples_per_second": round(total / clock.seconds, 1),
        "cycles_per_sample": None if clock.cycles is None else clock.cycles / total,
        "training_accuracy": run.training[-1], "validation_accuracy": run.validation[-1],
        "test_accuracy": float(np.trace(run.confusion) / run.confusion.sum()),
        "test_samples": len(answers), "confusion": run.confusion.tolist(),
        "saturations": {name: int(count) for name, count in saturations.items()},
    }
    return run


class _Clock:
    """Seconds and cycles (None where a device has none) spent within, added up."""

    def __init__(self, device: Device):
        self._device, self.seconds = device, 0.0
        self.cycles = device.counters()["cycles"]

    def __enter__(self):
        self._began, self._before = time.perf_counter(), self._device.counters()["cycles"]

    def __exit__(self, *_):
        self.seconds += time.perf_counter() - self._began
        if self.cycles is not None:
            self.cycles += self._device.counters()["cycles"] - self._before


def _epoch(task: SampleTask, teacher: Teacher, points: np.ndarray, samples: Samples, chosen,
           vary: np.random.Generator, done: int, total: int, progress) -> int:
    """Learn the ``chosen`` samples; returns how many were answered right before."""
    right = 0
    for number, k in enumerate(chosen, start=done):
        shown = points[k] if task.vary is None else task.vary(points[k], vary)
        right += teacher.learn(shown, int(samples.labels[k]), task.modulator(number / total))
        if progress is not None:
            progress(1, None)
    teacher.settle()
    return right


def _confusion(task: SampleTask, labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    counts = np.zeros((task.classes, task.classes), np.int64)
    np.add.at(counts, (labels, answers), 1)
    return counts
