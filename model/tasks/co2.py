"""CO₂: how much more of it the air will hold in eight weeks, from weekly measurements.

The series is Mauna Loa's of 1958 to 2001, which comes with statsmodels.  Years follow each other in
three parts: the first two thirds train, over and over; then a sixth to choose by; then a sixth to
test on.  The same inputs serve two baselines: nothing changes (persistence), and recursive least
squares, which goes on learning while it is tested.
"""

from functools import cache

import numpy as np

from model.network import INPUT, Network, NetworkError, Population, Projection
from model.rules import apply_rule
from model.tasks.task import Stream, Task, random_source

__all__ = ["AHEAD", "CO2", "TAPS", "baselines"]

NAME = "co2"
AHEAD, TAPS = 8, 4
"""Weeks to look ahead; weekly changes that are heard at once, this week's and those before."""
DT = 1.0
"""A week is a second."""
SCALES = (0.5, 0.125)
"""Of a week's change in ppm, and of eight weeks'."""
STARTS = {"train": 0, "validation": 4, "test": 5}
PARTS = 6
SLOW, FAST = (4.0, 8.0, 16.0), 2.0
ETA = 0.005
NOISE, FEEDBACK = 2.0**-6, 2.0**-8
"""ε and ηB."""


@cache
def _weeks() -> tuple[np.ndarray, np.ndarray]:
    """Inputs (weeks, TAPS) and targets (weeks, 1), missing weeks on straight lines."""
    try:
        from statsmodels.datasets import co2
    except ImportError as error:
        raise NetworkError("task co2 needs the package statsmodels: make data") from error
    level = co2.load_pandas().data["co2"].to_numpy()
    known = np.flatnonzero(~np.isnan(level))
    level = np.interp(np.arange(len(level)), known, level[known])
    change = np.diff(level, prepend=level[0])
    lagged = [np.pad(change, (lag, 0))[: len(change)] for lag in range(TAPS)]
    weeks = len(level) - AHEAD
    target = level[AHEAD:] - level[:-AHEAD]
    return SCALES[0] * np.stack(lagged, axis=1)[:weeks], SCALES[1] * target[:, None]


def _part(part: str) -> tuple[int, int]:
    """First and last week of a part, the last not included."""
    weeks, ends = len(_weeks()[0]), {"train": 4, "validation": 5, "test": 6}
    return weeks * STARTS[part] // PARTS, weeks * ends[part] // PARTS


def _draw(seed: int, steps: int, part: str) -> Stream:
    """The part again and again; training begins at a week that the seed draws."""
    first, end = _part(part)
    begin = int(random_source(NAME, part, seed).integers(end - first)) if part == "train" else 0
    chosen = first + (begin + np.arange(steps)) % (end - first)
    return Stream(*(values[chosen] for values in _weeks()))


def _build(rule: str, seed: int) -> Network:
    rng = random_source(NAME, "weights", seed)
    names = tuple(f"slow{k}" for k in range(1, len(SLOW) + 1))
    populations = [Population(name=name, size=6, tau_m=tau, tau_r=DT, bias_rate=ETA, noise=NOISE)
                   for name, tau in zip(names, SLOW, strict=True)]
    populations += [
        Population(name="hidden", size=10, tau_m=FAST, tau_r=FAST, bias_rate=ETA, noise=NOISE),
        Population(name="out", size=1, tau_m=DT, tau_r=DT, activation="linear", bias_rate=ETA,
                   output=True)]
    projections = [Projection(source=INPUT, target=name, rate=ETA,
                              weights=rng.normal(0, 1.5, (6, TAPS))) for name in names]
    projections += [
        Projection(source=names, target="hidden", rate=ETA, feedback_rate=FEEDBACK,
                   weights=rng.normal(0, 0.3, (10, 18))),
        Projection(source="hidden", target="out", rate=ETA, feedback_rate=FEEDBACK,
                   weights=rng.normal(0, 0.2, (1, 10)))]
    network = Network(name=NAME, dt=DT, inputs=TAPS, populations=populations,
                      projections=projections)
    return apply_rule(network, rule, seed=seed)


def baselines(part: str, *, forgetting: float = 1.0) -> dict[str, float]:
    """Mean squared errors on a part over the variance of its targets: persistence, and recursive
    least squares with the same taps and a constant, learning from the first week to the last."""
    inputs, targets = _weeks()
    first, end = _part(part)
    first += CO2.washout
    heard = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    weights, inverse = np.zeros(TAPS + 1), 1e3 * np.eye(TAPS + 1)
    misses = np.zeros(end)
    for week in range(end):
        misses[week] = targets[week, 0] - weights @ heard[week]
        if week < AHEAD:
            continue
        # Only what is known by now can be learned: the change up to this week.
        x, known = heard[week - AHEAD], targets[week - AHEAD, 0]
        gain = inverse @ x / (forgetting + x @ inverse @ x)
        weights += gain * (known - weights @ x)
        inverse = (inverse - np.outer(gain, x @ inverse)) / forgetting
    square = float(np.var(targets[first:end]))
    return {"persistence": float(np.mean(targets[first:end] ** 2)) / square,
            "least squares": float(np.mean(misses[first:] ** 2)) / square}


CO2 = Task(
    name=NAME, about="CO₂ eight weeks ahead, Mauna Loa: 4 → 18 slow → 10 → 1, tanh",
    steps=60_000, test_steps=380, washout=60, build=_build, draw=_draw,
)
