"""Devices and tasks that stand in for real ones in the tests of host."""

import numpy as np

from host.model_device import ModelDevice
from model.network import INPUT, Network, Population, Projection
from model.program import Flag
from model.tasks.task import Stream, Task

__all__ = ["ECHO", "Broken", "Sabotaged"]


class Sabotaged(ModelDevice):
    """The golden model with a fault: ``fault(device, step)`` is called before each step, and
    returns the flags to take away from that step's frame.

    The step counter is part of what is saved, so that a fault shows again when a block is replayed;
    unless ``once``.
    """

    name = "sabotaged"

    def __init__(self, fault, *, once: bool = False):
        super().__init__()
        self._fault, self._once, self.step = fault, once, 0

    def _load(self, program):
        super()._load(program)
        self.step = 0

    def _run(self, frames):
        parts = []
        for k in range(len(frames)):
            frame = frames[k : k + 1]
            taken = self._fault(self, self.step) or 0
            parts.append(super()._run(type(frames)(frame.inputs, frame.teach, frame.kind,
                                                   frame.modulator, frame.flags & ~taken)))
            self.step += 1
        return type(parts[0])(*(np.concatenate([getattr(part, name) for part in parts])
                                for name in ("rates", "errors")))

    def save(self):
        return super().save(), self.step

    def restore(self, state):
        super().restore(state[0])
        if not self._once:
            self.step = state[1]


class Broken(Sabotaged):
    """A device that loses one update, as ``open_device`` makes it."""

    name = "broken"

    def __init__(self, *, lanes: int = 4, config=None):
        super().__init__(lambda device, step: Flag.LEARN if step == 30 else 0)


def _echo_network(rule: str, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    one = {"tau_m": 0.1, "tau_r": 0.05}
    return Network(dt=0.01, inputs=2, name="echo", populations=[
        Population(name="hidden", size=3, noise=2.0**-6, **one),
        Population(name="out", size=1, activation="linear", output=True, **one),
    ], projections=[
        Projection(source=INPUT, target="hidden", weights=rng.normal(size=(3, 2))),
        Projection(source=(INPUT, "hidden"), target="out", weights=rng.normal(size=(1, 5)),
                   feedback="tied" if rule == "gle" else "mirror"),
    ])


def _echo_stream(seed: int, steps: int, part: str) -> Stream:
    rng = np.random.default_rng([seed, len(part)])
    inputs = rng.uniform(-1, 1, (steps, 2))
    return Stream(inputs, inputs[:, :1] / 2)


ECHO = Task(name="echo", about="halve the first input", steps=600, test_steps=300, washout=50,
            build=_echo_network, draw=_echo_stream)
"""A small task without symbols, whose output projection spans the input and a population."""
