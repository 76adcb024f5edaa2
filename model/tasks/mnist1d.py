"""MNIST-1D (Greydanus 2020): ten shapes in 40 noisy points, moved, scaled and sheared at random.

The data come from the package's own generator, and so does the split into 4000 training and 1000
test samples.  Whatever is chosen here was chosen on samples which the generator draws from another
seed.  Three variants: eight successive points at once out of 40 or out of 72; or one, where it is
the network that remembers the seven before.
"""

from functools import cache, partial

import numpy as np

from model.formats import RATE
from model.network import Eligibility, Network, NetworkError
from model.tasks.classifier import Layer, classifier
from model.tasks.samples import Samples, SampleTask
from model.tasks.task import random_source

__all__ = ["MNIST1D", "MNIST1D_72", "MNIST1D_SCALAR"]

CLASSES = 10
SEED, VALIDATION_SEED, VALIDATION = 42, 43, 1000
"""The generator's own seed, whose data are those of the publication; another; samples from it."""
AMPLITUDE = 0.5
"""Of the inputs: their standard deviation, so that the largest stay below 4."""
SHIFT, STRETCH, SLANT, NOISE = 0.07, 0.1, 0.3, 0.3
"""How a training sample is varied whenever it is shown: by what share of its points it is moved at
most, its amplitude changed, a ramp across it, and smooth noise, both in standard deviations of the
data: the generator's own ways of varying, and less of each."""
WIDTH = 2.0 / 72
"""Of the smooth noise's Gaussian, as a share of the points: the generator's."""
MOMENTUM_RATE, MOMENTUM, GAIN = 0.124, 2.0**-5, 4.0
"""Rate of the momentum, as high as the learning factor's format has it, and the share of it that a
sample makes; width of the first weights."""
STEPS = (2.0**-12, 2.0**-13, 2.0**-13)
"""Of the weights, layer by layer: smaller where many sources move together."""
MODULATORS = (1.0, 0.005)
SHARPNESS, SMOOTHING, CENTRING = 8.0, 0.1, 0.03
"""The sharpness is that of the mean over the points."""


@cache
def _generated(points: int, seed: int) -> dict:
    try:
        from mnist1d.data import get_dataset_args, make_dataset
    except ImportError as error:
        raise NetworkError("task mnist1d needs the package mnist1d: make data") from error
    arguments = get_dataset_args()
    arguments.final_seq_length, arguments.seed = points, seed
    # The generator draws from NumPy's global one, which is given back as it was.
    before = np.random.get_state()
    try:
        return make_dataset(arguments)
    finally:
        np.random.set_state(before)


def _load(part: str, *, points: int, taps: int) -> Samples:
    data = _generated(points, VALIDATION_SEED if part == "validation" else SEED)
    x, y = (data["x_test"], data["y_test"]) if part == "test" else (data["x"], data["y"])
    samples = Samples(_delayed(AMPLITUDE * x, taps), y)
    return samples.first(VALIDATION) if part == "validation" else samples


def _delayed(x: np.ndarray, taps: int) -> np.ndarray:
    """A point and the ``taps`` − 1 before it (0 before the first), and a channel always 1."""
    channels = [np.pad(x, ((0, 0), (delay, 0)))[:, : x.shape[1]] for delay in range(taps)]
    return np.stack([*channels, np.ones_like(x)], axis=2)


def _varied(frames: np.ndarray, rng: np.random.Generator, *, points: int, taps: int) -> np.ndarray:
    """The sample earlier or later, its ends joined, larger or smaller, aslant, and with noise."""
    reach = round(SHIFT * points)
    series = np.roll(frames[:points, 0], rng.integers(-reach, reach + 1))
    slant = SLANT * rng.uniform(-1, 1) * np.linspace(-0.5, 0.5, points)
    added = slant + NOISE * _smooth_noise(rng, points)
    series = series * (1 + STRETCH * rng.uniform(-1, 1)) + RATE.one * AMPLITUDE * added
    varied, series = frames.copy(), np.clip(np.rint(series), RATE.min, RATE.max).astype(np.int64)
    for delay in range(taps):
        varied[delay:points, delay] = series[: points - delay]
    return varied


@cache
def _kernel(points: int) -> np.ndarray:
    width = WIDTH * points
    offsets = np.arange(-4, 5)
    weights = np.exp(-0.5 * (offsets / width) ** 2)
    return weights / weights.sum()


def _smooth_noise(rng: np.random.Generator, points: int) -> np.ndarray:
    kernel = _kernel(points)
    return np.convolve(rng.standard_normal(points + len(kernel) - 1), kernel, "valid")


def _build(seed: int, *, name: str, taps: int, delays: int, layers: tuple[Layer, ...]) -> Network:
    eligibility = Eligibility(update="sign", momentum=MOMENTUM, scale=2.0**-3)
    return classifier(name, inputs=taps + 1, layers=layers, classes=CLASSES, rate=MOMENTUM_RATE,
                      eligibility=eligibility, steps=STEPS, feedback="kolen-pollack", gain=GAIN,
                      delays=delays, rng=random_source(name, "weights", seed))


def _task(name: str, about: str, *, points: int, taps: int, layers: tuple[Layer, ...],
          epochs: int, delays: int = 0) -> SampleTask:
    return SampleTask(
        name=name, about=about, epochs=epochs, classes=CLASSES, layers=len(layers) + 1,
        drain=len(layers) + 1, sharpness=SHARPNESS / points, smoothing=SMOOTHING,
        centring=CENTRING, modulators=MODULATORS,
        build=partial(_build, name=name, taps=taps, delays=delays, layers=layers),
        load=partial(_load, points=points, taps=taps),
        vary=partial(_varied, points=points, taps=taps))


MNIST1D = _task(
    "mnist1d", "MNIST-1D, 8 of 40 points at a time, the label at the end: 8 → 48 → 32 → 10",
    points=40, taps=8, layers=(Layer(48), Layer(32, (2.0, 4.0, 8.0))), epochs=150)
MNIST1D_72 = _task(
    "mnist1d-72", "MNIST-1D, 8 of 72 points at a time: 8 → 48 → 32 → 10",
    points=72, taps=8, layers=(Layer(48, (1.0, 2.0, 4.0)), Layer(32, (1.0, 2.0, 4.0, 8.0, 16.0))),
    epochs=120)
MNIST1D_SCALAR = _task(
    "mnist1d-scalar", "MNIST-1D, one of 72 points at a time: 1 → a line of 7 → 48 → 32 → 10",
    points=72, taps=1, delays=7,
    layers=(Layer(48, (1.0, 2.0, 4.0)), Layer(32, (1.0, 2.0, 4.0, 8.0, 16.0))), epochs=40)
