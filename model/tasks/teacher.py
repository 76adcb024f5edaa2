"""Teacher–student tasks: mixtures of sines in, and the answer of a network with other weights out.

The teacher is the task's own architecture run by the golden model without plasticity and noise, so
that the student can in principle be exact.
"""

from itertools import pairwise

import numpy as np

from model.formats import RATE
from model.frames import FROZEN, Frames
from model.network import Network

__all__ = ["WANDER", "mixtures", "respond"]

WANDER = 20.0
"""Seconds after which a sine's amplitude and phase are drawn anew."""


def respond(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Rates (T, outputs) of ``network`` from rest for real ``inputs`` (T, n_in), frozen."""
    # Here, since a list of the tasks should not wait for Numba.
    from model.compiler import compile_network
    from model.golden import Golden

    golden = Golden(compile_network(network))
    frames = Frames.of(inputs, outputs=network.outputs, flags=FROZEN)
    return RATE.real(golden.run(frames).rates)


def mixtures(rng: np.random.Generator, frequencies: np.ndarray, amplitudes: tuple[float, float],
             steps: int, dt: float) -> np.ndarray:
    """Sums of sines, one sum per channel: shape (steps, channels).

    ``frequencies`` (channels, sines) are in rad/s.  Every sine has an amplitude, uniform in
    ``amplitudes``, and a phase; both wander: every :data:`WANDER` seconds new ones are drawn, and
    in between the complex amplitude goes there in a straight line.  A mixture that kept its
    phases would leave several students alike, which other phases would then tell apart.
    """
    period = round(WANDER / dt)
    low, high = amplitudes
    drawn = rng.uniform(size=(-(-steps // period) + 1, 2, *frequencies.shape))
    knots = (low + (high - low) * drawn[:, 0]) * np.exp(2j * np.pi * drawn[:, 1])
    way = (np.arange(period) / period)[:, None, None]
    blocks = []
    # Block by block: the same arithmetic, to the last bit, however long the stream is.
    for block, (here, there) in enumerate(pairwise(knots)):
        time = dt * np.arange(block * period, (block + 1) * period)
        waves = (here * (1 - way) + there * way) * np.exp(1j * np.multiply.outer(time, frequencies))
        blocks.append(waves.imag.sum(axis=2))
    return np.concatenate(blocks)[:steps]
