"""Songbird: a fixed conductor drives a network that learns a tutor's song from its own error.

The conductor is a sequence of bursts, as in the nucleus HVC; the song, notes of two muscles, each
held for a time of its own.  What the bird hears of itself, less the template, is its error.  Deaf
it learns nothing; after a change of the tutor it adapts.
"""

import numpy as np

from model.formats import RATE
from model.frames import FROZEN, Frames
from model.network import INPUT, Network, Population, Projection
from model.program import Flag
from model.tasks.experiment import Experiment, Findings, Line, Panel, start
from model.tasks.task import falling, random_source

__all__ = ["SONGBIRD"]

NAME, DT = "songbird", 0.01
LENGTH, BURSTS, NOTES, MUSCLES = 200, 20, 12, 2
HIDDEN, TRIALS, PART = 32, 3000, 50
ETA = 2.0
"""Rate of learning per second, while the neuromodulator is 1."""
NOISE, FEEDBACK = 2.0**-6, 2.0**-8
"""ε and ηB."""


def _conductor() -> np.ndarray:
    """Bursts (LENGTH, BURSTS), one after the other."""
    time, peaks = np.arange(LENGTH), (np.arange(BURSTS) + 0.5) * LENGTH / BURSTS
    width = 0.6 * LENGTH / BURSTS
    return np.exp(-0.5 * ((time[:, None] - peaks) / width) ** 2)


def _song(seed: int, tutor: int) -> np.ndarray:
    """Notes (LENGTH, MUSCLES) in −0.8 … 0.8, with smooth passages of 30 ms."""
    rng = random_source(NAME, f"tutor {tutor}", seed)
    edges = np.sort(rng.choice(np.arange(6, LENGTH - 6, 4), NOTES - 1, replace=False))
    notes = rng.uniform(-0.8, 0.8, (NOTES, MUSCLES))
    steps = notes[np.searchsorted(edges, np.arange(LENGTH), side="right")]
    kernel = np.exp(-0.5 * (np.arange(-9, 10) / 3.0) ** 2)
    padded = np.pad(steps, ((9, 9), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid")
                     for column in padded.T], axis=1)


def _network(seed: int) -> Network:
    rng = random_source(NAME, "weights", seed)
    hidden = Population(name="motor", size=HIDDEN, tau_m=0.03, tau_r=DT, bias_rate=ETA,
                        noise=NOISE)
    muscles = Population(name="muscles", size=MUSCLES, tau_m=0.02, tau_r=DT, activation="linear",
                         output=True, bias_rate=ETA)
    return Network(name=NAME, dt=DT, inputs=BURSTS, populations=[hidden, muscles], projections=[
        Projection(source=INPUT, target="motor", weights=rng.normal(0, 1, (HIDDEN, BURSTS)),
                   rate=ETA, feedback="fixed"),
        Projection(source="motor", target="muscles", rate=ETA, feedback_rate=FEEDBACK,
                   weights=rng.normal(0, 0.5 / np.sqrt(HIDDEN), (MUSCLES, HIDDEN)))])


def _renditions(count: int, song: np.ndarray | None, flags: int, modulator=1.0) -> Frames:
    flags = np.full(count * LENGTH, int(flags))
    flags[::LENGTH] |= int(Flag.RESET_STATE | Flag.RESET_TRACE)
    targets = None if song is None else np.tile(song, (count, 1))
    return Frames.of(np.tile(_conductor(), (count, 1)), targets, outputs=MUSCLES, flags=flags,
                     modulator=modulator)


def _sing(core) -> np.ndarray:
    return RATE.real(core.run(_renditions(1, None, FROZEN)).rates)


def _error(song: np.ndarray, sung: np.ndarray) -> float:
    """Mean squared error over the song's variance."""
    return float(np.mean((sung - song) ** 2) / np.mean(np.var(song, axis=0)))


def _practise(core, song: np.ndarray, trials: int, advance, deaf: bool = False):
    """Learn, less and less; returns trials done and the errors of frozen renditions."""
    done, errors, modulator = [0], [_error(song, _sing(core))], falling(trials * LENGTH)
    while done[-1] < trials:
        count = min(PART, trials - done[-1])
        steps = slice(done[-1] * LENGTH, (done[-1] + count) * LENGTH)
        core.run(_renditions(count, None if deaf else song,
                             Flag.LEARN | Flag.INTEGRATE | Flag.NOISE, modulator[steps]))
        advance(count * LENGTH)
        done.append(done[-1] + count)
        errors.append(_error(song, _sing(core)))
    return np.array(done), np.array(errors)


def _conduct(core, seed: int, share: float, advance) -> Findings:
    trials, songs = max(1, round(TRIALS * share)), [_song(seed, tutor) for tutor in range(2)]
    start(core, _network(seed), seed)
    done, errors = _practise(core, songs[0], trials, advance)
    sung = _sing(core)
    again, changed = _practise(core, songs[1], trials, advance)
    start(core, _network(seed), seed)
    _, deaf = _practise(core, songs[0], trials, advance, deaf=True)
    numbers = {"error": errors[-1], "error_at_the_change": changed[0],
               "error_after_the_change": changed[-1], "error_deaf": deaf[-1]}
    time = DT * np.arange(LENGTH)
    song_lines = [line for k in range(MUSCLES) for line in (
        Line(f"muscle {k + 1}, sung", time, sung[:, k]),
        Line("", time, songs[0][:, k], dashed=True))]
    return Findings({name: float(value) for name, value in numbers.items()}, (
        Panel("the song after practice, and the tutor's (dashed)", "s", "rate", tuple(song_lines)),
        Panel("error / variance of the song; half-way the tutor changes", "renditions",
              "log10 of the error",
              (Line("hears itself", np.append(done, trials + again),
                    np.log10(np.append(errors, changed))),
               Line("deaf", done, np.log10(deaf))))))


SONGBIRD = Experiment(
    name=NAME, about="a tutor's song of 12 notes from a conductor's bursts: 20 → 32 → 2",
    steps=3 * TRIALS * LENGTH, conduct=_conduct)
