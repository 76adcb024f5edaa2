"""Was it real time?  Deadlines of samples that arrive, each due one step later."""

import time

__all__ = ["Deadlines"]


class Deadlines:
    """Counts samples that were answered too late.

    A sample is due ``dt`` after it arrived, or ``dt`` after the one before it was due, whichever is
    later: a source that runs ahead of time, as a file does, asks for one answer per ``dt``.

    overruns   samples answered after they were due
    """

    def __init__(self, dt: float, *, clock=time.monotonic):
        self._dt, self._clock = dt, clock
        self._due = float("-inf")
        self.overruns = 0

    def answered(self, arrivals: list[float]) -> None:
        """Samples that arrived at these times, in seconds of the clock, have been answered now."""
        now = self._clock()
        for arrival in arrivals:
            self._due = max(arrival, self._due) + self._dt
            self.overruns += now > self._due

    def answered_block(self, arrival: float, samples: int) -> None:
        """A block that was there at ``arrival`` has been answered now, as a whole."""
        self._due = max(arrival, self._due) + samples * self._dt
        self.overruns += samples * (self._clock() > self._due)
