"""Steps per second of the golden model, NumPy and PyTorch, once they are seen to agree."""

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
from numba import njit

from host.bench.floats import FloatNetwork
from host.bench.numpy_net import NumpyNet
from model.compiler import compile_network
from model.fixed import next_word
from model.formats import RATE
from model.frames import Frames
from model.golden import Golden
from model.network import Network
from model.reference_networks import stream

__all__ = ["SOFTWARE", "deviations", "golden_speed", "signs", "speeds", "timed"]

SOFTWARE = {"golden": "golden model", "pytorch": "PyTorch", "pytorch tuned": "PyTorch, tuned",
            "numpy": "NumPy"}
"""What is timed, and its heading."""
CHECKED_STEPS = 200
BLOCK = 1000
SECONDS = 1.0
"""Processor time that every figure is measured for."""


def _comparators() -> dict[str, Callable]:
    """Classes by name; PyTorch's if it is installed, restricted to one thread."""
    found = {"numpy": NumpyNet}
    if find_spec("torch") is not None:
        import torch

        from host.bench.torch_layers import TorchLayers
        from host.bench.torch_net import TorchNet
        torch.set_num_threads(1)
        found |= {"pytorch": TorchLayers, "pytorch tuned": TorchNet}
    return found


@njit
def _words(word, count):
    words = np.empty(count, np.int64)
    for k in range(count):
        word = next_word(word)
        words[k] = word
    return words


def signs(network: Network, steps: int, *, seed: int = 0) -> np.ndarray:
    """The ±1, shape (steps, neurons), that a program compiled with ``seed`` draws for its rates."""
    start = int(compile_network(network, seed=seed).state.generator[0])
    words = _words(start, steps * (network.inputs + network.neurons))
    return np.where(words.reshape(steps, -1)[:, network.inputs:] >> 31, 1.0, -1.0)


def deviations(network: Network) -> dict[str, float]:
    """Largest difference of an output from the golden model's over some steps of learning.

    The comparators run in the same signs; what is left is rounding, the golden model's above all.
    """
    floats = FloatNetwork.of(network)
    inputs, targets = stream(network, CHECKED_STEPS)
    frames = Frames.of(inputs, targets, outputs=network.outputs)
    expected = RATE.real(Golden(compile_network(network)).run(frames).rates)
    drawn = signs(network, CHECKED_STEPS)
    return {name: float(np.abs(make(floats).run(inputs, targets, drawn) - expected).max())
            for name, make in _comparators().items()}


def timed(run: Callable[[], object], steps: int) -> float:
    """Steps per second of processor time of ``run()``, which takes ``steps``: its best turn.

    Processor time, since other work on the machine would take its share of a clock on the wall.
    """
    run()
    best, ends = float("inf"), time.process_time() + SECONDS
    while time.process_time() < ends:
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return steps / best


def golden_speed(network: Network) -> float:
    """Learning steps per second of the golden model, on one processor core."""
    golden, (inputs, targets) = Golden(compile_network(network)), stream(network, BLOCK)
    frames = Frames.of(inputs, targets, outputs=network.outputs)
    return timed(lambda: golden.run(frames), BLOCK)


def speeds(network: Network) -> dict[str, float | None]:
    """Learning steps per second on one processor core, for each of :data:`SOFTWARE`."""
    inputs, targets = stream(network, BLOCK)
    drawn, floats = signs(network, BLOCK), FloatNetwork.of(network)
    found = {"golden": golden_speed(network)}
    for name, make in _comparators().items():
        found[name] = timed(partial(make(floats).run, inputs, targets, drawn), BLOCK)
    return {name: found.get(name) for name in SOFTWARE}
