"""Processes that trials run in."""

import multiprocessing
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

__all__ = ["workers"]


@contextmanager
def workers(jobs: int):
    """A call submit(function, argument) → Future; with one job it runs here and now."""
    if jobs == 1:
        yield _here
        return
    # Children that were forked would share locks of Numba's; new ones start clean.
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _default_interrupt)
    try:
        yield pool.submit
    finally:
        pool.shutdown(cancel_futures=True)


def _here(function, argument) -> Future:
    future = Future()
    future.set_result(function(argument))
    return future


def _default_interrupt() -> None:
    """Ctrl-C, which a terminal sends to children too, ends them silently; the parent reports."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
