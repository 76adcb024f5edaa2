"""Streams of random symbols whose answers are the XOR of a symbol and an earlier one."""

import numpy as np

from model.tasks.task import Stream

__all__ = ["xor_stream"]


def xor_stream(rng: np.random.Generator, steps: int, *, delay: int, symbol_steps: int,
               smoothing: float, dt: float) -> Stream:
    """Symbols ±1 of ``symbol_steps`` steps each, and the XOR of each and the one ``delay`` before.

    +1: they differ, −1: they are equal.  Both are smoothed by a Gaussian whose standard deviation
    is ``smoothing`` (s), at most a quarter of a symbol.
    """
    reach = round(4 * smoothing / dt)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * dt / smoothing) ** 2)
    kernel /= kernel.sum()
    # One symbol and the delay precede the stream, one symbol follows it: smoothing has no edges.
    symbols = rng.choice([-1.0, 1.0], -(-steps // symbol_steps) + 2 + delay)
    answers = -symbols[delay:] * symbols[:-delay]

    def smooth(values):
        wave = np.convolve(np.repeat(values, symbol_steps), kernel, mode="valid")
        return wave[symbol_steps - reach :][:steps, None]

    return Stream(smooth(symbols[delay:]), smooth(answers), answers[1:-1].astype(np.int64),
                  symbol_steps)
