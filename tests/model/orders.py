"""A small task of samples: which of two channels came first?"""

import numpy as np

from model.network import Eligibility, Network
from model.tasks.classifier import Layer, classifier
from model.tasks.samples import Samples, SampleTask
from model.tasks.task import random_source

__all__ = ["ORDERS", "STEPS"]

STEPS = 10


def _load(part: str) -> Samples:
    rng = random_source("orders", part, 0)
    count = 300 if part == "train" else 100
    labels = rng.integers(2, size=count)
    inputs = rng.normal(0, 0.05, (count, STEPS, 3))
    for sample, label in zip(inputs, labels, strict=True):
        first, second = np.sort(rng.choice(STEPS, 2, replace=False))
        sample[[first, second], [label, 1 - label]] += 1.0
    inputs[:, :, 2] = 1.0
    return Samples(np.concatenate([inputs] * (4 if part == "train" else 1)),
                   np.concatenate([labels] * (4 if part == "train" else 1)))


def _build(seed: int) -> Network:
    return classifier("orders", inputs=3, layers=(Layer(12, (2.0, 5.0)),), classes=2,
                      rate=2.0**-4, steps=(2.0**-7, 2.0**-7), feedback="kolen-pollack", gain=2.0,
                      eligibility=Eligibility(update="sign", momentum=2.0**-3),
                      rng=random_source("orders", "weights", seed))


ORDERS = SampleTask(name="orders", about="which of two channels came first", epochs=2, classes=2,
                    layers=2, drain=2, sharpness=1.0, smoothing=0.1, centring=0.03,
                    modulators=(1.0, 0.05), build=_build, load=_load)
