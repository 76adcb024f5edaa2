"""How much each default rate matters: every one alone, × ¼ … × 4, on every task.

Judged frozen on validation streams, of seeds that no report uses: nothing here may look at a test.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import as_completed

import numpy as np

from host.store import Store
from host.trial import Trial, run_trial
from host.workers import workers
from model.network import NetworkError
from model.pace import SCALABLE
from model.tasks import TASKS

__all__ = ["FACTORS", "FIRST_SEED", "TASKS_SWEPT", "measure_sensitivity"]

TASKS_SWEPT = ("xor", "xor-deep", "chain", "notes", "lagline")
"""The tasks that the defaults were chosen on."""

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
FIRST_SEED = 100
"""Seeds count from here: those that choose rates, none of which is reported."""
MOST_SEEDS = 100


def measure_sensitivity(tasks: Iterable[str], *, seeds: int = 5, steps: int | None = None,
                        jobs: int = 1, store: Store | None = None,
                        progress: Callable[[int, int], None] | None = None) -> dict:
    """Run rule ``vle`` on ``tasks`` with each kind of rate scaled by each of :data:`FACTORS`.

    steps      training steps; each task's own number if None
    jobs       processes; with 1, this one
    store      where finished trials are looked up and kept
    progress   called as progress(trials done, trials in all)

    Returns what ``vle sensitivity --json`` prints; ``points`` has one entry per task, kind of rate
    and factor, with the frozen errors (over the target's variance) and accuracies of every seed.
    """
    tasks = list(dict.fromkeys(tasks))
    for task in tasks:
        if task not in TASKS:
            raise NetworkError(f"unknown task '{task}'; there are: {', '.join(TASKS)}")
    for name, value, most in (("seeds", seeds, MOST_SEEDS), ("jobs", jobs, np.inf)):
        if not 1 <= value <= most:
            raise NetworkError(f"{name} = {value} is outside 1 … {most:g}")
    store = Store() if store is None else store
    used = range(FIRST_SEED, FIRST_SEED + seeds)
    places = [(task, what, factor) for task in tasks for what in SCALABLE for factor in FACTORS]
    wanted = {(place, seed): _trial(*place, seed, steps) for place in places for seed in used}
    found = _run(list(dict.fromkeys(wanted.values())), store, jobs, progress)
    points = [{"task": task, "what": what, "factor": factor,
               **_summary([found[wanted[(task, what, factor), seed]] for seed in used])}
              for task, what, factor in places]
    return {"tasks": tasks, "steps": steps, "seeds": list(used), "factors": list(FACTORS),
            "rates": SCALABLE, "points": points}


def _trial(task: str, what: str, factor: float, seed: int, steps: int | None) -> Trial:
    steps = TASKS[task].steps if steps is None else steps
    # Times one, all kinds of rates are the same trial.
    return Trial(task, "vle", seed, factor, "validation", steps,
                 "weights" if factor == 1.0 else what)


def _run(trials: list[Trial], store: Store, jobs: int, progress) -> dict[Trial, dict]:
    found = {trial: store.get(trial.key()) for trial in trials}
    missing = [trial for trial in trials if found[trial] is None]

    def keep(trial: Trial, result: dict) -> None:
        store.add(trial.key(), result)
        found[trial] = result
        if progress is not None:
            progress(sum(result is not None for result in found.values()), len(trials))

    if jobs == 1:
        for trial in missing:
            keep(trial, run_trial(trial))
        return found
    with workers(jobs) as submit:
        running = {submit(run_trial, trial): trial for trial in missing}
        for future in as_completed(running):
            keep(running[future], future.result())
    return found


def _summary(results: list[dict]) -> dict:
    """Median and worst of the seeds, and all of them."""
    errors = [result["error"] for result in results]
    accuracies = [result["accuracy"] for result in results]
    scored = None not in accuracies
    return {"median_error": float(np.median(errors)), "worst_error": max(errors),
            "median_accuracy": float(np.median(accuracies)) if scored else None,
            "worst_accuracy": min(accuracies) if scored else None,
            "errors": errors, "accuracies": accuracies if scored else None}
