"""The measured sweep of word lengths that justifies the formats: shorter and longer operands.

Every run is a whole one, training and frozen test on an unseen stream, in :mod:`model.study`.  At
the chosen lengths it must answer as the golden model does, bit for bit; every sweep checks that.
Nothing is tuned here: every run has the task's own rates.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.network import Network, NetworkError
from model.study import Study
from model.tasks.task import Stream, Task, falling
from model.words import CHOSEN, Words

__all__ = ["BITS", "CURVES", "Curve", "measure_word_lengths"]

BITS = (12, 14, 16, 18, 20, 22, 24)
"""Word lengths that are swept; the chosen one is among them."""


@dataclass(frozen=True)
class Curve:
    """One way of changing word lengths: what is swept, the rest stays at the chosen length."""

    about: str
    signals: bool
    weights: bool
    stochastic: bool

    def words(self, bits: int) -> Words:
        """Word lengths at ``bits`` bits."""
        return Words(signals=bits if self.signals else CHOSEN,
                     weights=bits if self.weights else CHOSEN, stochastic=self.stochastic)


CURVES = {
    "stochastic": Curve("all operands, W and B rounded stochastically", True, True, True),
    "half-up": Curve("all operands, W and B rounded half up", True, True, False),
    "weights": Curve("weights alone, rounded stochastically", False, True, True),
    "signals": Curve("rates, errors, taps and coefficients alone", True, False, True),
}


def measure_word_lengths(task: Task, *, rule: str = "vle", seed: int = 0, seeds: int = 5,
                         steps: int | None = None,
                         progress: Callable[[int, int], None] | None = None) -> dict:
    """Sweep ``task`` over :data:`CURVES`, :data:`BITS` and ``seeds`` seeds from ``seed`` on.

    steps      training steps; the task's default if None
    progress   None, or called after each run as progress(runs done, runs in all)

    Returns what ``vle formats --sweep --json`` prints; ``points`` has one entry per curve and
    length, with the frozen errors (over the target's variance) and accuracies of every seed.
    """
    steps = task.steps if steps is None else steps
    for name, value in (("steps", steps), ("seeds", seeds)):
        if value < 1:
            raise NetworkError(f"{name} = {value} must be at least 1")
    used = range(seed, seed + seeds)
    swept = list(dict.fromkeys(curve.words(bits) for curve in CURVES.values() for bits in BITS))
    found = {}
    for number in used:
        trial = _trial(task, rule, number, steps)
        for words in swept:
            found[number, words] = trial(words)
            if progress is not None:
                progress(len(found), len(used) * len(swept))
    points = []
    for name, curve in CURVES.items():
        for bits in BITS:
            figures = [found[number, curve.words(bits)] for number in used]
            points.append({"curve": name, "bits": bits, **_summary(figures)})
    return {"task": task.name, "rule": rule, "task_steps": task.steps, "steps": steps,
            "seeds": list(used), "chosen_bits": CHOSEN,
            "curves": {name: curve.about for name, curve in CURVES.items()},
            "points": points}


def _trial(task: Task, rule: str, seed: int, steps: int) -> Callable[[Words], tuple]:
    """Frozen error and accuracy of one seed as a function of the words."""
    train, test = task.streams(seed, steps, "train"), task.streams(seed, task.test_steps, "test")
    network = task.network(rule, seed)

    def run(words: Words) -> tuple[float, float | None]:
        study = Study(network, words=words, seed=seed)
        study.run(train.inputs, train.targets, falling(len(train)))
        outputs = study.run(test.inputs)
        if words == Words() and not np.array_equal(outputs, _golden(network, seed, train, test)):
            raise NetworkError(f"task {task.name}, rule {rule}, seed {seed}: at {CHOSEN} bits the "
                               "study of word lengths differs from the golden model; the network "
                               "does something that the study does not know")
        return task.error(test, outputs), task.accuracy(test, outputs)

    return run


def _golden(network: Network, seed: int, train: Stream, test: Stream) -> np.ndarray:
    """The golden model's outputs in the frozen test, real."""
    golden = Golden(compile_network(network, seed=seed))
    golden.run(train.lesson())
    frames = Frames.of(test.inputs, outputs=network.outputs, flags=FROZEN)
    return RATE.real(golden.run(frames).rates)


def _summary(figures: list[tuple]) -> dict:
    """Median and worst of the seeds' (error, accuracy), and all of them."""
    errors = [error for error, _ in figures]
    accuracies = [accuracy for _, accuracy in figures if accuracy is not None]
    scored = len(accuracies) == len(figures)
    return {
        "median_error": float(np.median(errors)), "worst_error": max(errors),
        "median_accuracy": float(np.median(accuracies)) if scored else None,
        "worst_accuracy": min(accuracies) if scored else None,
        "errors": errors, "accuracies": accuracies if scored else None,
    }
