"""Ranges that a task really uses of every number format, while it learns and frozen.

Every so often a run stops around one step; its states, streams and operands are kept
(:mod:`host.quantities`).  Minimum, maximum and percentiles are of what was kept; saturations are
the device's own count of all steps.
"""

from dataclasses import dataclass, field

import numpy as np

from host.device import Device
from host.quantities import quantities
from model.compiler import compile_network
from model.formats import RATE, Format
from model.frames import FROZEN, Frames
from model.network import NetworkError
from model.tasks.task import Task

__all__ = ["PERCENTILES", "PHASES", "Ranges", "measure_formats"]

PERCENTILES = (1, 50, 99, 99.9)
"""Percentiles of the magnitude that are reported."""
PHASES = ("training", "frozen")
SAMPLES = 1000
"""Steps that are looked at in a phase, about."""
MOST_VALUES = 4_000_000
"""Values kept of a quantity in a phase; larger networks are looked at less often."""


@dataclass
class Ranges:
    """What was kept of one phase: formats, and lists of integer arrays, by quantity."""

    formats: dict[str, Format] = field(default_factory=dict)
    kept: dict[str, list[np.ndarray]] = field(default_factory=dict)
    saturations: dict[str, int] = field(default_factory=dict)

    def add(self, found: dict[str, tuple[Format, np.ndarray]]) -> None:
        """Keep the quantities of one step."""
        for name, (form, values) in found.items():
            self.formats[name] = form
            self.kept.setdefault(name, []).append(values)

    def summary(self, name: str) -> dict | None:
        """Range of a quantity in real units, or None if the phase never had a value of it.

        bits      bits that hold every value, two's complement
        at_limit  share of values at either end of the format
        """
        values = np.concatenate(self.kept.get(name, [np.zeros(0, np.int64)]))
        if not values.size:
            return None
        form, low, high = self.formats[name], int(values.min()), int(values.max())
        percentiles = np.percentile(np.abs(form.real(values)), PERCENTILES)
        return {
            "min": low / form.one, "max": high / form.one,
            **{f"p{p:g}": float(value) for p, value in zip(PERCENTILES, percentiles, strict=True)},
            "bits": 1 + max(high.bit_length() if high > 0 else 0,
                            (~low).bit_length() if low < 0 else 0),
            "at_limit": float(np.mean((values == form.min) | (values == form.max))),
        }


def measure_formats(task: Task, device: Device, *, rule: str = "vle", seed: int = 0,
                    steps: int | None = None, samples: int = SAMPLES, progress=None) -> dict:
    """Train ``task`` on an open ``device``, freeze, test; the ranges used on the way.

    steps      training steps; the task's default if None
    samples    steps looked at in each phase, at most
    progress   None, or called after each block as progress(its steps)

    Returns what ``vle formats --json`` prints: the run's names and frozen figures, saturations by
    phase and counter, and per quantity its format and the :meth:`Ranges.summary` of each phase.
    """
    steps = task.steps if steps is None else steps
    if steps < 1:
        raise NetworkError(f"steps = {steps} must be at least 1")
    program = compile_network(task.network(rule, seed), seed=seed)
    device.load(program)
    train, test = task.streams(seed, steps, "train"), task.streams(seed, task.test_steps, "test")
    largest = max(program.neurons, program.traces, program.synapses)
    samples = max(1, min(samples, MOST_VALUES // largest))
    phases = {
        "training": train.lesson(),
        "frozen": Frames.of(test.inputs, outputs=program.outputs, flags=FROZEN),
    }
    ranges, rates = {}, {}
    for phase, frames in phases.items():
        ranges[phase], rates[phase] = _look(device, frames, samples, progress)
    outputs = RATE.real(rates["frozen"])
    return {
        "task": task.name, "device": device.name, "rule": rule, "seed": seed, "steps": steps,
        "frozen_error": task.error(test, outputs), "frozen_accuracy": task.accuracy(test, outputs),
        "saturations": {phase: ranges[phase].saturations for phase in PHASES},
        "quantities": [_quantity(name, ranges) for name in ranges["training"].formats],
    }


def _quantity(name: str, ranges: dict[str, Ranges]) -> dict:
    form = ranges["training"].formats[name]
    return {"name": name, "format": form.name, "width": form.width, "frac": form.frac,
            "limit": form.limit, "counter": form.counter,
            **{phase: ranges[phase].summary(name) for phase in PHASES}}


def _look(device: Device, frames: Frames, samples: int, progress) -> tuple[Ranges, np.ndarray]:
    """Run ``frames``, looking at the last step of each of ``samples`` equal blocks."""
    ranges, rates = Ranges(), []
    counted = device.counters()["saturations"]
    size = -(-len(frames) // samples)
    for start in range(0, len(frames), size):
        block = frames[start : start + size]
        rates.append(device.run(block[:-1]).rates)
        before = device.save()
        outputs = device.run(block[-1:])
        rates.append(outputs.rates)
        ranges.add(quantities(device.program, before, device.save(), block[-1:], outputs))
        if progress is not None:
            progress(len(block))
    ranges.saturations = {name: int(count) - int(counted[name])
                          for name, count in device.counters()["saturations"].items()}
    return ranges, np.concatenate(rates)
