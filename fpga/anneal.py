"""A placed design, annealed: pieces change places, until its wire is short and nowhere dense.

nextpnr's placers end with a descent, and fill tiles to the last pin wherever wires are short; its
router then does not find its way out of the densest.  Here equal pieces of a design (a register, a
table with its register, a slice, half a tile, the tiles of a carry chain, a block RAM) change
places: always where that shortens the wire, and at a temperature T with probability exp(−Δ/T) where
it does not.  Half of the pieces try the place that would be best for them, between what they are
wired to; the others any place near by.

Cost: half the circumference of each net's bounding box, in tiles, and for each tile what it has
beyond so many ends of wires, its limit, squared: ``crowd``, or less in the middle of the device and
more at its edges, where fewer wires pass.

Simulated annealing: Kirkpatrick et al. 1983; for FPGAs Betz, Rose 1997 (VPR); places between the
medians of a cell's nets: Pan, Viswanathan, Chu 2005 (FastDP).
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit

from fpga.packed import ALONE, CELLS, HALF, LARGE, REGISTER, SLICE, TABLE, TILE, Packed
from fpga.pulls import Pulls
from fpga.schedule import Schedule
from fpga.swaps import chain, fits, goal, may_swap, room, swap, swap_sites
from fpga.wires import cost, length, measured, wires_of

__all__ = ["anneal", "wire"]

WEIGHT = 0.1
"""Tiles of wire that a tile's first end too many costs."""
UPWARD = (0.02, 0.04, 0.08)
"""Shares of smaller pieces that take along a tile, at least half of one, at least a slice."""
BOTH = 0.3
"""Share of tables that take along registers which need not stay with them."""
LOOKS = 8
"""Times at each temperature that it is asked what is late."""
MACROS = 2
"""How much oftener than others a carry chain, a distributed memory, a large cell is moved."""


def anneal(packed: Packed, schedule: Schedule, *, seed: int, pulls: Pulls | None = None,
           tell: Callable[[float, int], None] = lambda temperature, wire: None) -> None:
    """Anneal ``packed`` where it lies.

    pulls   of what is late; without, only the wire counts
    tell    is called after each temperature, with the wire as it is then
    """
    movable, wires = _movable(packed), wires_of(packed.nets, packed.cells)
    limits = _limits(packed, schedule)
    looks = 1 if pulls is None else LOOKS
    for number, temperature in enumerate(schedule.temperatures()):
        reach = max(2, round(10 * temperature))
        for look in range(looks):
            if pulls is not None:
                wires = pulls.look()
            _try((seed * 1000 + number) * looks + look, packed.cells, packed.tiles, packed.sites,
                 wires, movable, temperature, reach, limits,
                 schedule.trials * len(movable) // looks)
        tell(temperature, wire(packed))


def _movable(packed: Packed) -> np.ndarray:
    """Cells that may be moved, large ones and heads of chains more than once."""
    cells = packed.cells
    tables = np.flatnonzero(cells.kind == TABLE)
    small = [*np.flatnonzero((cells.kind == REGISTER) & ~cells.follows),
             *tables[cells.together[tables] < TILE]]
    heads = [table for table in tables[(cells.together[tables] == TILE)
                                       & (cells.place[tables] % CELLS == 0)]
             if cells.place[table] // CELLS == chain(
                 cells.place[table] // CELLS, cells, packed.tiles)[0]]
    return np.array(small + MACROS * [*heads, *np.flatnonzero(cells.kind == LARGE)])


def _limits(packed: Packed, schedule: Schedule) -> np.ndarray:
    """Ends of wires that each tile may have for nothing [tiles]; ``crowd`` on the mean."""
    across, along = (np.abs(2 * lines - lines[0] - lines[-1]) / (lines[-1] - lines[0])
                     for lines in (packed.tiles.columns, packed.tiles.rows))
    edge = np.maximum(along[:, None], across[None, :]).ravel()
    return schedule.crowd * (1 + schedule.outward * (edge - edge.mean()))


def wire(packed: Packed) -> int:
    """Half the circumference of the nets' bounding boxes, in tiles, summed over the nets."""
    return int(measured(packed.nets, packed.cells).sum())


@njit(cache=True)
def _try(seed, cells, tiles, sites, wires, movable, temperature, reach, limits, trials):
    """So many ``trials`` at one temperature."""
    np.random.seed(seed)
    nets, lengths, spans = wires.nets, wires.length, room()
    stamps, touched, becomes = (np.zeros(len(lengths), np.int64), np.zeros(len(lengths), np.int64),
                                np.zeros(len(lengths), np.int64))
    for trial in range(1, trials + 1):
        cell = movable[np.random.randint(len(movable))]
        if cells.kind[cell] == LARGE:
            here = cells.place[cell]
            there = np.random.randint(sites.first[here], sites.behind[here])
            if here == there:
                continue
            swap_sites(here, there, cells, sites)
            count, tables, registers, more = 0, False, False, 0
        else:
            here, there, count, tables, registers = _piece(
                cell, reach, cells, tiles, nets, spans)
            if count == 0:
                continue
            swap(here, there, count, tables, registers, cells, tiles)
            if count < CELLS and not (fits(here // CELLS, cells, tiles)
                                      and fits(there // CELLS, cells, tiles)):
                swap(here, there, count, tables, registers, cells, tiles)
                continue
            more = _more(here, there, count, tables, registers, cells, tiles)
        here_tile, there_tile = here // CELLS, there // CELLS
        change, found = _remeasured(here, there, count, tables, registers, cells, tiles, sites,
                                    wires, stamps, trial, touched, becomes)
        if count >= CELLS:
            for number in range(count // CELLS):
                a, b = here_tile + number, there_tile + number
                change += WEIGHT * _moved(tiles.ends[a] - tiles.ends[b], a, b, tiles.ends, limits)
        elif more:
            change += WEIGHT * _moved(more, here_tile, there_tile, tiles.ends, limits)
        if change <= 0 or (temperature > 0
                           and np.random.random() < math.exp(-change / temperature)):
            lengths[touched[:found]] = becomes[:found]
            if count >= CELLS:
                for number in range(count // CELLS):
                    a, b = here_tile + number, there_tile + number
                    tiles.ends[a], tiles.ends[b] = tiles.ends[b], tiles.ends[a]
            else:
                tiles.ends[there_tile] += more
                tiles.ends[here_tile] -= more
        elif count:
            swap(here, there, count, tables, registers, cells, tiles)
        else:
            swap_sites(here, there, cells, sites)


@njit(cache=True)
def _remeasured(here, there, count, tables, registers, cells, tiles, sites, wires, stamps, trial,
                touched, becomes):
    """By how much the wire has changed with the last swap; and how many nets it has ``touched``,
    whose lengths it ``becomes``.  A stamp tells which are counted in this ``trial``."""
    nets, change, found = wires.nets, 0.0, 0
    for number in range(max(1, count)):
        for place in (here + number, there + number):
            for kind in range(3):
                cell = _cell(kind, place, count, tables, registers, tiles, sites)
                if cell < 0:
                    continue
                for at in range(nets.at[cell], nets.at[cell + 1]):
                    net = nets.net[at]
                    if stamps[net] != trial:
                        stamps[net] = trial
                        touched[found], becomes[found] = net, length(net, nets, cells)
                        change += (cost(net, becomes[found], wires)
                                   - cost(net, wires.length[net], wires))
                        found += 1
    return change, found


@njit(cache=True)
def _piece(cell, reach, cells, tiles, nets, spans):
    """(here, there, how many logic cells, their tables, their registers) to exchange; none, if the
    place that came up will not do."""
    none = 0, 0, 0, False, False
    tile = goal(cell, reach, cells, tiles, nets, spans)
    if tile < 0:
        return none
    place, level, upward = cells.place[cell], cells.together[cell], np.random.random()
    for higher, share in ((TILE, UPWARD[0]), (HALF, UPWARD[1]), (SLICE, UPWARD[2])):
        if level < higher and upward < share:
            level = higher
            break
    if level == ALONE and cells.kind[cell] == REGISTER:
        there = tile * CELLS + np.random.randint(CELLS)
        other = tiles.register[there]
        if there == place or (other >= 0 and cells.follows[other]):
            return none
        return place, there, 1, False, True
    if level < TILE:
        count = 1 << level
        here = place // count * count
        there = tile * CELLS + np.random.randint(CELLS // count) * count
        registers = level > ALONE or np.random.random() < BOTH
        for start in (here, there):
            follower = tiles.register[start]
            registers = registers or (follower >= 0 and cells.follows[follower])
    else:
        first, last = chain(place // CELLS, cells, tiles)
        here, there, count, registers = (
            first * CELLS, tile * CELLS, (last - first + 1) * CELLS, True)
    if tile == place // CELLS or not may_swap(here, there, count, level, cells, tiles):
        return none
    return here, there, count, True, registers


@njit(cache=True)
def _cell(kind, place, count, tables, registers, tiles, sites):
    """Of what was swapped, the table, register or write port at a place; or the large cell."""
    if count == 0:
        return sites.cell[place] if kind == 0 else -1
    if kind == 0:
        return tiles.table[place] if tables else -1
    if kind == 1:
        return tiles.register[place] if registers else -1
    return tiles.port[place // CELLS] if count >= CELLS and place % CELLS == 0 else -1


@njit(cache=True)
def _more(here, there, count, tables, registers, cells, tiles):
    """Ends of wires that the tile ``there`` has more, and the one ``here`` less; in whole tiles
    they come along."""
    more = 0
    for number in range(count if count < CELLS else 0):
        for kind in range(2):
            if tables if kind == 0 else registers:
                on = tiles.table if kind == 0 else tiles.register
                come, left = on[there + number], on[here + number]
                more += (cells.ends[come] if come >= 0 else 0) - (
                    cells.ends[left] if left >= 0 else 0)
    return more if here // CELLS != there // CELLS else 0


@njit(cache=True)
def _moved(more, a, b, ends, limits):
    """Growth of what two tiles have beyond their limits, squared, if the tile ``b`` has so many
    ends ``more``, and ``a`` less."""
    return _growth(ends[b] - limits[b], more) + _growth(ends[a] - limits[a], -more)


@njit(cache=True)
def _growth(beyond, more):
    """Of the square of what is beyond the limit."""
    return max(0.0, beyond + more)**2 - max(0.0, beyond)**2
