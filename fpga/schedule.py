"""How a design is placed (:mod:`fpga.gather`, :mod:`fpga.anneal`), for how long, and what it is to
become, there and by its routes (:mod:`fpga.route`): how crowded a tile, how fast the clock."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """Of an annealing, after gathering.

    trials     a movable cell, at each temperature
    hottest, coldest, cooling   the first temperature, in tiles; each is so much of the one before,
               down to the last; then one of zero
    crowd      ends of wires that a tile may have for nothing
    aim        megahertz that paths are pulled to (:mod:`fpga.pulls`), some more than is wanted, for
               routed wires take detours; without, only wire counts
    goal   megahertz that routes are to reach (:mod:`fpga.route`); without, nextpnr routes
    """

    trials: int = 25
    hottest: float = 0.9
    coldest: float = 0.06
    cooling: float = 0.7
    crowd: int = 30
    aim: float | None = None
    goal: float | None = None

    def temperatures(self) -> Iterator[float]:
        steps = math.ceil(math.log(self.coldest / self.hottest) / math.log(self.cooling))
        yield from (self.hottest * self.cooling**step for step in range(steps + 1))
        yield 0.0
