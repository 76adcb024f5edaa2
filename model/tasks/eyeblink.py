"""Eyeblink conditioning: a tone, and after an interval a puff of air; blink when the puff comes.

The tone drives slow neurons and, through fixed random weights, cells that switch at times of their
own, like granule cells.  The one blinking neuron learns from the climbing fibre's error alone, puff
minus blink.  The interval changes and is learned anew; with the fibre blocked nothing is learned.
"""

import numpy as np

from model.formats import RATE
from model.frames import FROZEN, Frames
from model.network import INPUT, Network, Population, Projection
from model.program import Flag
from model.tasks.experiment import Experiment, Findings, Line, Panel, start
from model.tasks.task import random_source

__all__ = ["EYEBLINK", "INTERVALS"]

NAME, DT = "eyeblink", 0.01
INTERVALS = (0.25, 0.35, 0.5, 0.65, 0.8)
"""Seconds from the tone to the puff; then each is exchanged for another."""
LENGTH, TRIALS = 120, 1000
SLOW = np.geomspace(0.05, 1.2, 6)
CELLS, WIDTH, RATE_OUT = 60, 0.08, 0.4
"""Granule cells; width of the puff over the interval; rate of learning per second."""
PART = 40
"""Trials between two looks at the blink."""


def _network(seed: int) -> Network:
    rng = random_source(NAME, "weights", seed)
    slow = [Population(name=f"slow{k}", size=1, tau_m=tau, tau_r=DT, activation="linear")
            for k, tau in enumerate(SLOW)]
    names = tuple(p.name for p in slow)
    mixed = rng.normal(0, 3.0, (CELLS, len(SLOW)))
    # A cell switches where its mixture crosses zero: at a time drawn over the whole trial.
    at = rng.uniform(0.05, 1.1, CELLS)
    mixed *= 6.0 / np.linalg.norm(mixed, axis=1, keepdims=True)
    bias = -(mixed * (1 - np.exp(-at[:, None] / SLOW))).sum(axis=1)
    cells = Population(name="cells", size=CELLS, tau_m=DT, tau_r=DT, bias=bias.clip(-7.9, 7.9))
    blink = Population(name="blink", size=1, tau_m=DT, tau_r=DT, activation="linear", output=True,
                       bias_rate=RATE_OUT)
    wires = [Projection(source=INPUT, target=name, weights=np.ones((1, 1)), plastic=False,
                        feedback="fixed") for name in names]
    wires += [Projection(source=names, target="cells", weights=mixed.clip(-7.9, 7.9),
                         plastic=False, feedback="fixed"),
              Projection(source="cells", target="blink", weights=np.zeros((1, CELLS)),
                         rate=RATE_OUT, feedback="fixed")]
    return Network(name=NAME, dt=DT, inputs=1, populations=[*slow, cells, blink],
                   projections=wires)


def _puff(interval: float) -> np.ndarray:
    time = DT * np.arange(LENGTH)
    return np.exp(-0.5 * ((time - interval) / (WIDTH * interval)) ** 2)


def _trials(count: int, interval: float | None, flags: int) -> Frames:
    """``count`` trials; no error where ``interval`` is None."""
    tone = np.tile(np.ones(LENGTH), count)
    targets = None if interval is None else np.tile(_puff(interval), count)[:, None]
    flags = np.full(len(tone), int(flags))
    flags[::LENGTH] |= int(Flag.RESET_STATE | Flag.RESET_TRACE)
    return Frames.of(tone, targets, outputs=1, flags=flags)


def _blink(core) -> np.ndarray:
    """The blink of one trial (LENGTH,), plasticity off."""
    return RATE.real(core.run(_trials(1, None, FROZEN)).rates[:, 0])


def _peak(blink: np.ndarray) -> float:
    return DT * int(np.argmax(blink))


def _course(core, interval: float | None, trials: int, advance) -> tuple[list[int], list]:
    """Learn; returns trials done and the blinks seen then."""
    done, blinks = [0], [_blink(core)]
    learning = Flag.LEARN | Flag.INTEGRATE
    while done[-1] < trials:
        count = min(PART, trials - done[-1])
        core.run(_trials(count, interval, learning))
        advance(count * LENGTH)
        done.append(done[-1] + count)
        blinks.append(_blink(core))
    return done, blinks


def _conduct(core, seed: int, share: float, advance) -> Findings:
    trials = max(1, round(TRIALS * share))
    numbers = {"intervals": list(INTERVALS), "peaks": [], "relearned": [], "blocked": []}
    shapes, course = [], []
    for k, interval in enumerate(INTERVALS):
        other = INTERVALS[(k + 2) % len(INTERVALS)]
        start(core, _network(seed), seed)
        done, blinks = _course(core, interval, trials, advance)
        numbers["peaks"].append(_peak(blinks[-1]))
        shapes.append((interval, blinks[-1]))
        course.append(Line(f"{interval:g} s, then {other:g} s", np.array(done),
                           np.array([_peak(blink) for blink in blinks])))
        again, blinks = _course(core, other, trials, advance)
        numbers["relearned"].append(_peak(blinks[-1]))
        course[-1] = Line(course[-1].label, np.array(done + [trials + n for n in again]),
                          np.append(course[-1].y, [_peak(blink) for blink in blinks]))
        start(core, _network(seed), seed)
        numbers["blocked"].append(_peak(_course(core, None, trials, advance)[1][-1]))
    asked = np.array(INTERVALS)
    for name, wanted in (("peaks", asked), ("relearned", np.roll(asked, -2)), ("blocked", asked)):
        misses = np.abs(np.array(numbers[name]) - wanted) / wanted
        numbers[f"{name}_within_tenth"] = int((misses <= 0.1).sum())
    time = DT * np.arange(LENGTH)
    lines = [line for interval, blink in shapes for line in (
        Line(f"blink, puff at {interval:g} s", time, blink),
        Line("", time, _puff(interval), dashed=True))]
    return Findings(numbers, (
        Panel("after learning: blinks, and the puffs (dashed)", "s after the tone", "rate",
              tuple(lines)),
        Panel("the interval changes half-way", "trials", "time of the blink's peak (s)",
              tuple(course))))


EYEBLINK = Experiment(
    name=NAME, about="blink at the puff's time, from the climbing fibre's error; five intervals",
    steps=len(INTERVALS) * 3 * TRIALS * LENGTH, conduct=_conduct)
