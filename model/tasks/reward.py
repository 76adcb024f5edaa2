"""Reward: which way to go, by a cue that is over, learned from a reward that comes after the act.

A cue of one of two kinds, a pause, then 0.2 s to act: the muscle's sign is the choice.  The reward
comes 0.6 s later.  While acting the neuron before the muscle explores, ε ξ; its synapses keep ξ ψ,
fading, and learn when the reward comes: m = reward − expected reward, the expectation being learned
too, cue by cue.  Without the fading memory, ϑ = 0, there is nothing left to reward.
"""

import numpy as np

from model.formats import RATE
from model.frames import FROZEN, Frames
from model.network import INPUT, Eligibility, Network, Population, Projection
from model.program import Flag
from model.tasks.experiment import Experiment, Findings, Line, Panel, start
from model.tasks.task import random_source

__all__ = ["REWARD"]

NAME, DT = "reward", 0.02
CUE, PAUSE, ACT, WAIT = 10, 15, 10, 30
"""Steps of the cue, before the act, of the act, and until the reward."""
LENGTH = CUE + PAUSE + ACT + WAIT
TRIALS, TESTS, PART = 1500, 200, 50
SLOW, CELLS = (0.2, 0.4, 0.8), 8
FADING, NOISE, ETA = 1 - 2.0**-6, 1.0, 0.5
"""ϑ, ε, and the rate of learning per second."""
EXPECTING = 0.05
"""Share of the surprise that the expectation takes over."""
WINDOW = 100


def _network(seed: int, retention: float) -> Network:
    rng = random_source(NAME, "weights", seed)
    slow = [Population(name=f"slow{k}", size=CELLS, tau_m=tau, tau_r=DT, taps="instant")
            for k, tau in enumerate(SLOW)]
    act = Population(name="act", size=1, tau_m=DT, tau_r=DT, taps="instant", noise=NOISE)
    muscle = Population(name="muscle", size=1, tau_m=DT, tau_r=DT, taps="instant",
                        activation="linear", output=True)
    names, cells = tuple(p.name for p in slow), CELLS * len(SLOW)
    return Network(name=NAME, dt=DT, inputs=2, populations=[*slow, act, muscle],
                   projections=[
        *(Projection(source=INPUT, target=name, weights=rng.normal(0, 1.5, (CELLS, 2)),
                     plastic=False, feedback="fixed") for name in names),
        Projection(source=names, target="act", weights=np.zeros((1, cells)), rate=ETA,
                   feedback="fixed", eligibility=Eligibility(
                       factor="sign", retention=retention, scale=2.0**-3)),
        Projection(source="act", target="muscle", weights=np.ones((1, 1)), plastic=False,
                   feedback="fixed")])


def _trial(cue: int, *, learned: float, explore: bool) -> Frames:
    """One trial; its first frame learns from the last trial's reward, m = ``learned``."""
    inputs = np.zeros((LENGTH, 2))
    inputs[:CUE, cue] = 1.0
    flags = np.full(LENGTH, int(FROZEN))
    acting = slice(CUE + PAUSE, CUE + PAUSE + ACT)
    flags[acting] |= int(Flag.NOISE) if explore else 0
    modulator = np.zeros(LENGTH)
    if learned:
        flags[0], modulator[0] = int(Flag.LEARN), learned
    flags[1] |= int(Flag.RESET_STATE | Flag.RESET_TRACE)
    return Frames.of(inputs, outputs=1, modulator=modulator, flags=flags)


def _choice(core, frames: Frames) -> int:
    # The muscle follows a step later, with the noise.
    rates = core.run(frames).rates[CUE + PAUSE + 1 : CUE + PAUSE + ACT + 1, 0]
    return int(RATE.real(rates).mean() > 0)


def _right(core, rng: np.random.Generator, count: int) -> float:
    """Share of right choices, plasticity and exploration off."""
    cues = rng.integers(2, size=count)
    return float(np.mean([_choice(core, _trial(cue, learned=0.0, explore=False)) == cue
                          for cue in cues]))


def _learn(core, seed: int, retention: float, trials: int, tests: int, advance):
    """Returns rewards per trial, expectations (trials, 2), and the share right when frozen."""
    start(core, _network(seed, retention), seed)
    rng = random_source(NAME, "train", seed)
    expected, surprise = np.full(2, 0.5), 0.0
    rewards, expectations = np.zeros(trials), np.zeros((trials, 2))
    for trial in range(trials):
        cue = int(rng.integers(2))
        choice = _choice(core, _trial(cue, learned=surprise, explore=True))
        rewards[trial] = float(choice == cue)
        surprise = rewards[trial] - expected[cue]
        expected[cue] += EXPECTING * surprise
        expectations[trial] = expected
        if trial % PART == PART - 1:
            advance(PART * LENGTH)
    core.run(_trial(0, learned=surprise, explore=False)[:1])
    return rewards, expectations, _right(core, random_source(NAME, "test", seed), tests)


def _conduct(core, seed: int, share: float, advance) -> Findings:
    trials, tests = max(PART, round(TRIALS * share)), max(20, round(TESTS * share))
    rewards, expectations, right = _learn(core, seed, FADING, trials, tests, advance)
    forgetful, _, wrong = _learn(core, seed, 0.0, trials, tests, advance)
    window = min(trials, WINDOW)
    ends = np.arange(window, trials + 1)

    def running(values):
        return np.convolve(values, np.full(window, 1 / window), mode="valid")

    numbers = {"right": right, "right_without_memory": wrong,
               "rewards_while_learning": float(rewards[-window:].mean()),
               "delay_seconds": WAIT * DT}
    return Findings(numbers, (
        Panel(f"rewards, mean of {window} trials", "trial", "share rewarded",
              (Line("eligibility fades in 1.3 s", ends, running(rewards)),
               Line("no memory, ϑ = 0", ends, running(forgetful)))),
        Panel("the expectation is learned too", "trial", "expected reward",
              tuple(Line(f"cue {k + 1}", np.arange(1, trials + 1), expectations[:, k])
                    for k in range(2)))))


REWARD = Experiment(
    name=NAME, about="a choice by a past cue, from a reward 0.6 s after the act",
    steps=2 * TRIALS * LENGTH, conduct=_conduct)
