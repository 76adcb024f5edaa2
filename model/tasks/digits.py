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
LAYERS = (Layer(48, (1.0, 2.0, 4.0, 8.0)), Layer(24))
STEPS = (2.0**-11, 2.0**-12, 2.0**-12)


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


def _build(seed: int, *, layers: tuple[Layer, ...] = LAYERS) -> Network:
    eligibility = Eligibility(update="sign", momentum=2.0**-5, scale=2.0**-3)
    return classifier(NAME, inputs=ROWS + 1, layers=layers, classes=CLASSES, rate=2.0**-4,
                      eligibility=eligibility, steps=STEPS, feedback="kolen-pollack", gain=2.0,
                      rng=random_source(NAME, "weights", seed))


DIGITS = SampleTask(
    name=NAME, about="handwritten digits row by row, the label at the end: 8 → 48 → 24 → 10",
    epochs=60, classes=CLASSES, layers=len(LAYERS) + 1, drain=len(LAYERS) + 1, sharpness=1.0,
    smoothing=0.1, modulators=(1.0, 0.02), build=partial(_build, layers=LAYERS), load=_load)
