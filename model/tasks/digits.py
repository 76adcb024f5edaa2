"""Handwritten digits, row by row: 8 points at a time, 8 rows, the label at the end.

The 1797 images of 8 × 8 points come with scikit-learn (Alpaydin and Kaynak 1998, test part).  They
are shared out once and for all, whatever the seed of a run: 1077 to learn from, 360 to choose by,
360 to test on.
"""

from functools import cache, partial

import numpy as np

from model.network import Eligibility, Network, NetworkError
from model.tasks.classifier import Layer, classifier
from model.tasks.samples import Samples, SampleTask
from model.tasks.task import random_source

__all__ = ["DIGITS"]

NAME, CLASSES, ROWS = "digits", 10, 8
PARTS = {"train": slice(0, 1077), "validation": slice(1077, 1437), "test": slice(1437, 1797)}
LAYERS = (Layer(64, (1.0, 2.0)), Layer(32))
DELAYS = 3
"""Rows before the present one that the network hears besides: it remembers them itself."""
STEPS = (2.0**-12, 2.0**-13, 2.0**-13)
SHIFT = 1
"""Points and rows by which a training image is moved, at most, whenever it is shown."""


@cache
def _images() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise NetworkError("task digits needs the package scikit-learn: make data") from error
    images, labels = load_digits(return_X_y=True)
    order = random_source(NAME, "split", 0).permutation(len(labels))
    return images.reshape(-1, ROWS, ROWS)[order] / 16.0, labels[order]


def _load(part: str) -> Samples:
    images, labels = (values[PARTS[part]] for values in _images())
    return Samples(np.concatenate([images, np.ones_like(images[:, :, :1])], axis=2), labels)


def _moved(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image moved as a whole, what leaves it lost."""
    down, right = rng.integers(0, 2 * SHIFT + 1, 2)
    moved = frames.copy()
    edged = np.pad(frames[:ROWS, :ROWS], SHIFT)
    moved[:ROWS, :ROWS] = edged[down : down + ROWS, right : right + ROWS]
    return moved


def _build(seed: int, *, layers: tuple[Layer, ...] = LAYERS) -> Network:
    eligibility = Eligibility(update="sign", momentum=2.0**-5, scale=2.0**-3)
    return classifier(NAME, inputs=ROWS + 1, layers=layers, classes=CLASSES, rate=0.124,
                      eligibility=eligibility, steps=STEPS, feedback="kolen-pollack", gain=2.0,
                      emphasis=2.0, delays=DELAYS, rng=random_source(NAME, "weights", seed))


DIGITS = SampleTask(
    name=NAME,
    about="handwritten digits row by row, the label at the end: 8 → a line of 24 → 64 → 32 → 10",
    epochs=200, classes=CLASSES, layers=len(LAYERS) + 1, drain=len(LAYERS) + 1, sharpness=1.0,
    smoothing=0.1, centring=0.03, modulators=(1.0, 0.005), build=partial(_build, layers=LAYERS),
    load=_load, vary=_moved)
