"""What annealing measures of a placement: how long its nets are, and what that costs."""

from typing import NamedTuple

import numpy as np
from numba import njit

from fpga.packed import Cells, Nets

__all__ = ["Wires", "cost", "length", "measured", "wires_of"]

BEYOND = 20.0
"""What a tile of wire costs that takes a net longer than its leash."""


class Wires(NamedTuple):
    """Nets, their lengths as the cells lie, what a tile of each weighs, and from which length on
    (its leash) a tile costs :data:`BEYOND` more."""

    nets: Nets
    length: np.ndarray
    weight: np.ndarray
    leash: np.ndarray


def wires_of(nets: Nets, cells: Cells) -> Wires:
    """All nets alike, on no leash."""
    lengths = measured(nets, cells)
    return Wires(nets, lengths, np.ones(len(lengths)), np.full(len(lengths), np.inf))


@njit(cache=True)
def length(net, nets, cells):
    """Half the circumference of a net's bounding box; ``cells`` is whatever has ``x`` and ``y``."""
    first = nets.cell[nets.first[net]]
    left = right = cells.x[first]
    low = high = cells.y[first]
    for end in range(nets.first[net] + 1, nets.first[net + 1]):
        x, y = cells.x[nets.cell[end]], cells.y[nets.cell[end]]
        left, right, low, high = min(left, x), max(right, x), min(low, y), max(high, y)
    return right - left + high - low


@njit(cache=True)
def measured(nets, cells):
    """Length of every net."""
    lengths = np.empty(len(nets.first) - 1, np.int64)
    for net in range(len(lengths)):
        lengths[net] = length(net, nets, cells)
    return lengths


@njit(cache=True)
def cost(net, length, wires):
    """Of a net as long as that."""
    return wires.weight[net] * length + BEYOND * max(0.0, length - wires.leash[net])
