"""Every rule at its own best rate: choose on validation streams, report on test streams.

For each rule, trials on separate seeds walk a grid of learning rates, which grows while its best
is at an edge; the best is then run on all seeds and judged on the third stream.  What is still to
do follows from the results alone, so that a comparison can stop anywhere and go on.
"""

import math
import statistics
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from host.store import Store
from host.trial import COMPARED, Trial, run_trial
from host.workers import workers
from model.network import NetworkError
from model.tasks import TASKS

__all__ = ["FACTORS", "MOST_SEEDS", "TUNING_SEEDS", "Comparison", "Ranking", "compare"]

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""The grid, times the task's own rate."""
LOWEST, HIGHEST = 2.0**-6, 2.0**4
"""How far the grid may grow."""
TUNING_SEEDS = (100, 101, 102)
MOST_SEEDS = 100
"""Seeds 0 … 99 are reported; none of them chooses a rate."""


@dataclass
class Ranking:
    """What is known of one rule: ``tuning[factor, seed]`` and ``final[seed]``."""

    task: str
    rule: str
    seeds: int
    steps: int
    tuning: dict[tuple[float, int], dict] = field(default_factory=dict)
    final: dict[int, dict] = field(default_factory=dict)

    def add(self, trial: Trial, result: dict) -> None:
        """Take in the result of one trial."""
        if trial.part == "test":
            self.final[trial.seed] = result
        else:
            self.tuning[trial.factor, trial.seed] = result

    def scores(self) -> dict[float, tuple[float, float]]:
        """Score of each factor that all tuning seeds have run; smaller is better.

        Share of wrong answers first, where the task has symbols, then the mean logarithm of the
        error.
        """
        found = {}
        for factor in sorted({factor for factor, _ in self.tuning}):
            results = [self.tuning.get((factor, seed)) for seed in TUNING_SEEDS]
            if None not in results:
                found[factor] = (
                    -statistics.fmean(r["accuracy"] or 0.0 for r in results),
                    statistics.fmean(_logarithm(r["error"]) for r in results),
                )
        return found

    def best(self) -> float | None:
        """The factor that was chosen; None while the grid is incomplete, or may have to grow."""
        scores = self.scores()
        return None if self._missing(scores) else min(scores, key=scores.get)

    def at_edge(self) -> bool:
        """Whether the chosen factor is an end of the grid that could not grow."""
        return self.best() in (LOWEST, HIGHEST)

    def needed(self) -> list[Trial]:
        """Trials to run now: what the grid lacks, then what the chosen rate lacks."""
        missing = self._missing(self.scores())
        if missing:
            return [self._trial(seed, factor, "validation") for factor in missing
                    for seed in TUNING_SEEDS if (factor, seed) not in self.tuning]
        return [self._trial(seed, self.best(), "test") for seed in range(self.seeds)
                if seed not in self.final]

    def expected(self) -> int:
        """Trials in all, as far as is known."""
        grid = {factor for factor, _ in self.tuning} | set(FACTORS) | set(
            self._missing(self.scores()))
        return len(grid) * len(TUNING_SEEDS) + self.seeds

    def _missing(self, scores: dict) -> list[float]:
        missing = [factor for factor in FACTORS if factor not in scores]
        if missing:
            return missing
        best = min(scores, key=scores.get)
        if best == min(scores) and best > LOWEST:
            return [best / 2]
        if best == max(scores) and best < HIGHEST:
            return [best * 2]
        return []

    def _trial(self, seed: int, factor: float, part: str) -> Trial:
        return Trial(self.task, self.rule, seed, factor, part, self.steps)


def _logarithm(error: float | None) -> float:
    return math.inf if error is None else math.log(max(error, 1e-300))


@dataclass(frozen=True)
class Comparison:
    """A finished comparison, rule by rule."""

    task: str
    steps: int
    seeds: int
    rankings: list[Ranking]


def compare(task: str, *, rules: Iterable[str] = tuple(COMPARED), seeds: int = 5,
            steps: int | None = None, jobs: int = 1, store: Store | None = None,
            progress: Callable[[int, int], None] | None = None) -> Comparison:
    """Compare ``rules``, names in COMPARED, on seeds 0 … ``seeds`` − 1 of a task.

    jobs       processes; with 1, this one
    store      where finished trials are looked up and kept
    progress   called as progress(trials done, trials in all as far as is known)
    """
    if task not in TASKS:
        raise NetworkError(f"unknown task '{task}'; there are: {', '.join(TASKS)}")
    rules = list(dict.fromkeys(rules))
    for rule in rules:
        if rule not in COMPARED:
            raise NetworkError(f"unknown rule '{rule}'; there are: {', '.join(COMPARED)}")
    for name, value, most in (("seeds", seeds, MOST_SEEDS), ("jobs", jobs, math.inf)):
        if not 1 <= value <= most:
            raise NetworkError(f"{name} = {value} is outside 1 … {most:g}")
    steps = TASKS[task].steps if steps is None else steps
    store = Store() if store is None else store
    rankings = {rule: Ranking(task, rule, seeds, steps) for rule in rules}
    for done, (trial, result) in enumerate(_exhaust(rankings, store, jobs), 1):
        rankings[trial.rule].add(trial, result)
        if progress is not None:
            progress(done, sum(ranking.expected() for ranking in rankings.values()))
    return Comparison(task, steps, seeds, list(rankings.values()))


def _exhaust(rankings: dict[str, Ranking], store: Store, jobs: int):
    """(trial, result), as they come, until nothing is needed.

    Each result must have been added to its ranking before the next one is asked for.
    """
    asked: set[Trial] = set()
    queue: deque[Trial] = deque()
    running: dict[Future, tuple[Trial, dict]] = {}
    with workers(jobs) as submit:
        while True:
            for ranking in rankings.values():
                fresh = [trial for trial in ranking.needed() if trial not in asked]
                asked.update(fresh)
                queue.extend(fresh)
            if queue and len(running) < jobs:
                trial = queue.popleft()
                key = trial.key()
                kept = store.get(key)
                if kept is None:
                    running[submit(run_trial, trial)] = trial, key
                else:
                    yield trial, kept
            elif running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    trial, key = running.pop(future)
                    result = future.result()
                    store.add(key, result)
                    yield trial, result
            else:
                return
