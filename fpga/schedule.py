"""How a design is placed (:mod:`fpga.gather`, :mod:`fpga.anneal`), for how long, and what it is to
become, there and by its routes (:mod:`fpga.route`): how crowded a tile, how fast the clock."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

__all__ = ["Schedule"]

AIM, GOAL = 1.4, 1.1
"""What is aimed at, in places and in routes, of a clock that is to be kept."""


@dataclass(frozen=True)
class Schedule:
    """Of an annealing, after gathering.

    trials     a movable cell, at each temperature
    hottest, coldest, cooling   the first temperature, in tiles; each is so much of the one before,
               down to the last; then one of zero
    crowd      ends of wires that a tile may have for nothing
    outward    how much of it moves from the middle of a device, where most wires pass, to its edges
    aim        megahertz that paths are pulled to (:mod:`fpga.pulls`), some more than is wanted, for
               routed wires take detours; without, only wire counts
    goal   megahertz that routes are to reach (:mod:`fpga.route`); without, nextpnr routes
    """

    trials: int = 25
    hottest: float = 0.9
    coldest: float = 0.06
    cooling: float = 0.7
    crowd: int = 30
    outward: float = 0.0
    aim: float | None = None
    goal: float | None = None

    def for_clock(self, megahertz: float) -> "Schedule":
        """The same for a design that has a clock to keep: beyond what it needs with some to spare,
        paths that can do with less would be in the way of those that cannot."""
        aim, goal = (None if wish is None else min(wish, spare * megahertz)
                     for wish, spare in ((self.aim, AIM), (self.goal, GOAL)))
        return replace(self, aim=aim, goal=goal)

    def temperatures(self) -> Iterator[float]:
        steps = math.ceil(math.log(self.coldest / self.hottest) / math.log(self.cooling))
        yield from (self.hottest * self.cooling**step for step in range(steps + 1))
        yield 0.0
