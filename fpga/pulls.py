"""What is late pulls harder: for annealing, wires between two cells whose weight is how little time
they have left.

A wire with no time left weighs ``GAIN`` ends of a net more, one with ``BAND`` nanoseconds nothing.
What stays late weighs more with every look (its price, as of a Lagrangian relaxation), and less
again when it is in time.

Slacks as weights: Marquardt, Betz, Rose 2000 (VPR), there for each end of a net, too.
"""

import numpy as np

from fpga.packed import Nets, Packed
from fpga.timing import WIRE, Slacks, analyse, estimated, timing_of
from fpga.wires import Wires, measured

__all__ = ["Pulls"]

GAIN, BAND, POWER = 1.5, 1.6, 2
RISE, FALL, DEAREST = 1.5, 0.85, 15.0
"""What a nanosecond too late adds to a price, what is left of one in time; the highest."""
SHARE = 0.3
"""Of the time that a net has left, what it may take between two looks: others are on its way."""
LEAST = 0.05
"""Weight from which a wire is looked at."""


class Pulls:
    """Of one design.

    period   nanoseconds that paths may take
    """

    def __init__(self, packed: Packed, period: float):
        self.packed, self.period, self.timing = packed, period, timing_of(packed)
        timing, nets, count = self.timing, packed.nets, len(packed.cells.kind)
        self._wired = np.flatnonzero(~timing.joined)
        signal = timing.signal[self._wired]
        pairs, self._pair_of = np.unique(
            timing.driver[signal] * count + timing.sink[self._wired], return_inverse=True)
        self._driver, self._sink = np.divmod(pairs, count)
        self._price = np.zeros(len(pairs))
        self._net_of_end = np.repeat(np.arange(len(nets.first) - 1), np.diff(nets.first))
        number = {bit: net for net, bit in enumerate(nets.bit.tolist())}
        net_of = np.array([number.get(bit, -1) for bit in timing.bit.tolist()])[signal]
        self._counted = self._wired[net_of >= 0]
        self._net_of = net_of[net_of >= 0]

    def slacks(self) -> Slacks:
        """As the cells lie now."""
        cells = self.packed.cells
        return analyse(self.timing, estimated(self.timing, cells.x, cells.y), self.period)

    def look(self) -> Wires:
        """The nets as they are now, and behind them the wires that are urgent."""
        slack, base, cells = self.slacks().slack, self.packed.nets, self.packed.cells
        of_pair, of_net = np.full(len(self._price), 1e9), np.full(len(base.first) - 1, 1e9)
        np.minimum.at(of_pair, self._pair_of, slack[self._wired])
        np.minimum.at(of_net, self._net_of, slack[self._counted])
        self._price = np.where(of_pair < 0, np.minimum(
            DEAREST, self._price - RISE * of_pair), FALL * self._price)
        weight = self._price + GAIN * np.clip(1 - of_pair / BAND, 0, 1)**POWER
        urgent = np.flatnonzero((weight > LEAST) & (self._driver != self._sink))
        nets = self._with(urgent)
        lengths = measured(nets, cells)
        return Wires(nets, lengths, np.concatenate([np.ones(len(of_net)), weight[urgent]]),
                     np.concatenate([lengths[:len(of_net)] + SHARE / WIRE * np.maximum(of_net, 0),
                                     np.full(len(urgent), np.inf)]))

    def _with(self, urgent: np.ndarray) -> Nets:
        """The design's nets, and one for each of these wires."""
        base, count = self.packed.nets, len(self.packed.nets.first) - 1
        ends = np.stack([self._driver[urgent], self._sink[urgent]], axis=1).ravel()
        cell = np.concatenate([base.cell, ends])
        net = np.concatenate([self._net_of_end,
                              np.repeat(count + np.arange(len(urgent)), 2)])
        many = np.bincount(cell, minlength=len(self.packed.cells.kind))
        return Nets(first=np.concatenate([base.first,
                                          base.first[-1] + 2 * np.arange(1, len(urgent) + 1)]),
                    cell=cell, at=np.concatenate([[0], np.cumsum(many)]),
                    net=net[np.argsort(cell, kind="stable")], bit=base.bit)
