"""A whole design placed anew from its nets alone, so that what is wired together is together.

nextpnr's placers settle the few large cells late, and tear what belongs to them apart.  Here all
pieces of a design (:mod:`fpga.pieces`) are where springs along the nets hold them: a sparse linear
system, in which a net pulls between its ends and its outermost ones as strongly as its length
grows.  Then they are moved apart where they are too dense (:mod:`fpga.spread`), each large cell is
assigned to a site, all of a kind optimally (the Hungarian method), springs hold each piece where it
came to lie so, a little stronger in each round, and again; at last they are settled in tiles
(:mod:`fpga.settle`).

SimPL: Kim, Lee, Markov 2012; its nets: Spindler, Schlichtmann, Johannes 2008 (bound to bound).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.linalg import LinearOperator, cg

from fpga.packed import LARGE, Packed
from fpga.pieces import Pieces, between, pieces_of
from fpga.pulls import Pulls
from fpga.settle import settle
from fpga.spread import spread
from fpga.wires import length

__all__ = ["gather"]

ROUNDS = 100
HOLD = 0.03
"""How much stronger the springs to where a piece was moved are in each round, for each net."""
FIRST, SCATTER = 4, 5.0
"""Times that the first system is solved; tiles around the middle from which it starts."""
SETTLED, LOOKING = 0.3, 3
"""Share of the rounds after which it is looked at what is late, then in every so manieth."""
NEAREST = 0.5
"""Tiles; springs are as strong as at this distance where it is less."""
SOLVED, STEPS = 1e-3, 150
"""Relative residue at which a system counts as solved, and steps after which it must do."""
FULLEST = 0.93
"""Of the device, what pieces may fill of it."""


class Places(NamedTuple):
    """Columns and rows of pieces, between tiles too."""

    x: np.ndarray
    y: np.ndarray


def gather(packed: Packed, *, crowd: float, seed: int, rounds: int = ROUNDS,
           pulls: Pulls | None = None,
           tell: Callable[[int, float], None] = lambda number, wire: None) -> None:
    """Place ``packed`` anew, wherever it is.

    crowd   ends of wires that a tile may have
    pulls   of what is late, as it lies after some rounds
    tell    is called after each round, with the wire as it is when nothing is too dense
    """
    pieces = pieces_of(packed, crowd)
    columns, rows = packed.tiles.columns, packed.tiles.rows
    logic = np.flatnonzero(pieces.kind < LARGE)
    area = pieces.area[logic]
    area = area * min(1, FULLEST * len(columns) * len(rows) / area.sum())
    x, y = pieces.x.copy(), pieces.y.copy()
    chance = np.random.default_rng(seed)
    for at, middle in ((x, columns.mean()), (y, rows.mean())):
        at[:pieces.movable] = chance.normal(middle, SCATTER, pieces.movable)
    held_x, held_y, nets, weights = x, y, pieces.nets, np.ones(len(pieces.nets.first) - 1)
    for number in range(rounds):
        if pulls is not None and number >= rounds * SETTLED and number % LOOKING == 0:
            packed.cells.x[:], packed.cells.y[:] = (
                np.rint(at[pieces.of]) for at in (held_x, held_y))
            wires = pulls.look()
            nets, of = between(wires.nets, pieces.of, len(x))
            weights = wires.weight[of]
        for _ in range(FIRST if number == 0 else 1):
            x = _solved(pieces, nets, weights, x, held_x, HOLD * number)
            y = _solved(pieces, nets, weights, y, held_y, HOLD * number)
        held_x, held_y = x.copy(), y.copy()
        across = np.interp(x[logic], columns, np.arange(len(columns))) + 0.5
        up = np.interp(y[logic], rows, np.arange(len(rows))) + 0.5
        spread(across, up, area, len(columns), len(rows))
        held_x[logic] = np.interp(across - 0.5, np.arange(len(columns)), columns)
        held_y[logic] = np.interp(up - 0.5, np.arange(len(rows)), rows)
        sites = _sited(packed, pieces, x, y)
        for piece, site in sites.items():
            held_x[piece], held_y[piece] = packed.sites.x[site], packed.sites.y[site]
        tell(number, _wire(pieces.nets, Places(held_x, held_y)))
    settle(packed, pieces, held_x, held_y, sites, crowd)


def _sited(packed: Packed, pieces: Pieces, x, y) -> dict[int, int]:
    """A site for every large piece, near where it is."""
    found, large = {}, np.flatnonzero(pieces.kind == LARGE)
    first, cell = pieces.members
    on = packed.cells.place[cell[first[large]]]
    for start in np.unique(packed.sites.first[on]):
        mine = large[packed.sites.first[on] == start]
        there = np.arange(start, packed.sites.behind[start])
        ways = (np.abs(x[mine][:, None] - packed.sites.x[there])
                + np.abs(y[mine][:, None] - packed.sites.y[there]))
        for row, column in zip(*linear_sum_assignment(ways), strict=True):
            found[int(mine[row])] = int(there[column])
    return found


def _solved(pieces: Pieces, nets, weights, at, held, hold) -> np.ndarray:
    """Where along one axis springs hold the pieces."""
    count = pieces.movable
    one, other, strength = _springs(nets.first, nets.cell, weights, at)
    diagonal = np.bincount(one, strength, len(at)) + np.bincount(other, strength, len(at))
    inner = (one < count) & (other < count)
    right = np.zeros(len(at))
    for near, far in ((one, other), (other, one)):
        out = (near < count) & (far >= count)
        right += np.bincount(near[out], strength[out] * at[far[out]], len(at))
    diagonal, right = diagonal[:count] + 1e-9, right[:count]
    if hold:
        springs = hold * np.diff(pieces.nets.at)[:count] / np.maximum(
            np.abs(at - held)[:count], NEAREST)
        diagonal, right = diagonal + springs, right + springs * held[:count]
    one, other, strength = one[inner], other[inner], -strength[inner]
    which = np.arange(count)
    matrix = coo_array((np.concatenate([strength, strength, diagonal]),
                        (np.concatenate([one, other, which]), np.concatenate([other, one, which]))),
                       shape=(count, count)).tocsr()
    found, _ = cg(matrix, right, x0=at[:count], rtol=SOLVED, maxiter=STEPS,
                  M=LinearOperator((count, count), matvec=lambda v: v / diagonal))
    return np.concatenate([found, at[count:]])


@njit(cache=True)
def _springs(first, cell, weights, at):
    """(one end, other end, strength) of a net's: from each end to both of the outermost."""
    total = 0
    for net in range(len(first) - 1):
        total += 2 * (first[net + 1] - first[net]) - 3
    one, other = np.empty(total, np.int64), np.empty(total, np.int64)
    strength = np.empty(total)
    count = 0
    for net in range(len(first) - 1):
        begin, end = first[net], first[net + 1]
        low = high = begin
        for e in range(begin + 1, end):
            if at[cell[e]] < at[cell[low]]:
                low = e
            if at[cell[e]] >= at[cell[high]]:
                high = e
        if low == high:
            high = begin if low != begin else begin + 1
        for e in range(begin, end):
            for outer in (low, high):
                if e == outer or (e == low and outer == high):
                    continue
                one[count], other[count] = cell[e], cell[outer]
                strength[count] = weights[net] / ((end - begin - 1) * max(
                    NEAREST, abs(at[cell[e]] - at[cell[outer]])))
                count += 1
    return one[:count], other[:count], strength[:count]


@njit(cache=True)
def _wire(nets, places):
    """Half the circumference of the nets' bounding boxes."""
    total = 0.0
    for net in range(len(nets.first) - 1):
        total += length(net, nets, places)
    return total
