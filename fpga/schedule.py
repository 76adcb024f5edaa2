"""How long a placement is annealed (:mod:`fpga.anneal`), and what it is to become: how crowded a
tile may be, how fast the clock."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """How long an annealing takes.

    trials     a movable cell, at each temperature
    hottest, coldest, cooling   the first temperature, in tiles; each is so much of the one before,
               down to the last; then one of zero
    crowd      ends of wires that a tile may have for nothing
    gathered   whether the design is placed anew before (:mod:`fpga.gather`)
    aim        megahertz that paths are pulled to (:mod:`fpga.pulls`), some more than is wanted, for
               routed wires take detours; without, only wire counts
    """

    trials: int = 60
    hottest: float = 0.8
    coldest: float = 0.05
    cooling: float = 0.78
    crowd: int = 36
    gathered: bool = False
    aim: float | None = None

    def temperatures(self) -> Iterator[float]:
        steps = math.ceil(math.log(self.coldest / self.hottest) / math.log(self.cooling))
        yield from (self.hottest * self.cooling**step for step in range(steps + 1))
        yield 0.0
