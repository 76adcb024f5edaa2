"""Experiments: what a network does in a course of conditions, with controls, numbers and pictures.

``core`` is anything with ``load(program)`` and ``run(frames)``, such as a device.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.network import Network, NetworkError

__all__ = ["Experiment", "Findings", "Line", "Panel", "start"]


@dataclass(frozen=True)
class Line:
    """A curve; ``dashed`` for what is given rather than found."""

    label: str
    x: np.ndarray
    y: np.ndarray
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One set of axes."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Findings:
    """What came out: ``numbers`` by name (JSON values), and the panels of the figure."""

    numbers: dict
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """``conduct(core, seed, share, advance)`` → Findings.

    steps     frames of the whole course, about
    conduct   ``share`` of the trials (0 … 1, at least one of each kind) is run; ``advance(frames)``
              is called as they are done
    """

    name: str
    about: str
    steps: int
    conduct: Callable[..., Findings]

    def run(self, core, *, seed: int = 0, steps: int | None = None,
            advance: Callable[[int], None] = lambda _: None) -> Findings:
        """The whole course, or as much less of every part as ``steps`` is less than ``steps``."""
        if steps is not None and steps < 1:
            raise NetworkError(f"steps = {steps} must be at least 1")
        share = 1.0 if steps is None else min(1.0, steps / self.steps)
        return self.conduct(core, seed, share, advance)


def start(core, network: Network, seed: int):
    """Load ``network`` into ``core``; returns its program."""
    # Here, since a list of the tasks should not wait for Numba.
    from model.compiler import compile_network

    program = compile_network(network, seed=seed)
    core.load(program)
    return program
