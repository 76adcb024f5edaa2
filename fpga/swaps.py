"""Pieces of a placed design that change places, compiled: what the annealing is made of.

Arrays are those of :class:`fpga.packed.Packed`.
"""

import numpy as np
from numba import njit

from fpga.packed import CELLS, TILE

__all__ = ["chain", "fits", "goal", "may_swap", "room", "swap", "swap_sites"]

BEST = 0.5
"""Share of pieces that try what would be best for them."""
SEARCHED = 64
"""Ends of a net up to which it tells what would be best."""
MOST_NETS = 60
"""Nets of a cell that are asked; it takes twice as much :func:`room`."""


@njit(cache=True)
def fits(tile, cells, tiles):
    """Whether the registers of a tile may be there together, and with these tables."""
    reset = -1
    for place in range(tile * CELLS, (tile + 1) * CELLS):
        register = tiles.register[place]
        if register < 0:
            continue
        if reset >= 0 and cells.reset[register] != reset:
            return False
        reset = cells.reset[register]
        table = tiles.table[place]
        if table >= 0 and cells.chooses[table] and not cells.follows[register]:
            return False
        if place % 2 == 1:
            beside = tiles.register[place - 1]
            if beside >= 0 and cells.enable[beside] != cells.enable[register]:
                return False
    return True


@njit(cache=True)
def swap(here, there, count, tables, registers, cells, tiles):
    """Exchange logic cells; of whole tiles everything.  Done twice, nothing has changed."""
    columns = len(tiles.columns)
    for number in range(count):
        one, other = here + number, there + number
        if tables:
            tiles.table[one], tiles.table[other] = tiles.table[other], tiles.table[one]
        if registers:
            tiles.register[one], tiles.register[other] = (
                tiles.register[other], tiles.register[one])
        if count >= CELLS and one % CELLS == 0:
            a, b = one // CELLS, other // CELLS
            tiles.port[a], tiles.port[b] = tiles.port[b], tiles.port[a]
        for place in (one, other):
            tile = place // CELLS
            x, y = tiles.columns[tile % columns], tiles.rows[tile // columns]
            for kind in range(3):
                if kind == 2 and (count < CELLS or place % CELLS):
                    continue
                cell = (tiles.table[place] if kind == 0 else
                        tiles.register[place] if kind == 1 else tiles.port[tile])
                if cell >= 0:
                    cells.place[cell], cells.x[cell], cells.y[cell] = place, x, y


@njit(cache=True)
def swap_sites(here, there, cells, sites):
    """Exchange what is on two sites."""
    sites.cell[here], sites.cell[there] = sites.cell[there], sites.cell[here]
    for site in (here, there):
        cell = sites.cell[site]
        if cell >= 0:
            cells.place[cell], cells.x[cell], cells.y[cell] = site, sites.x[site], sites.y[site]


@njit(cache=True)
def goes_on(tile, cells, tiles):
    """Whether a carry chain goes on from this tile to the next."""
    last = tiles.table[tile * CELLS + CELLS - 1]
    return last >= 0 and cells.goes_on[last]


@njit(cache=True)
def chain(tile, cells, tiles):
    """First and last tile of what a tile belongs to."""
    first = last = tile
    while first % len(tiles.columns) and goes_on(first - 1, cells, tiles):
        first -= 1
    while goes_on(last, cells, tiles):
        last += 1
    return first, last


@njit(cache=True)
def may_swap(here, there, count, level, cells, tiles):
    """Whether these logic cells, less than a tile, hold nothing larger than the ``level``; or, with
    whole tiles, whether those ``there`` cut no chain, nor overlap, nor leave the row."""
    if level < TILE:
        for start in (here, there):
            for table in tiles.table[start:start + count]:
                if table >= 0 and cells.together[table] > level:
                    return False
        return True
    columns, first, size = len(tiles.columns), there // CELLS, count // CELLS
    if first % columns + size > columns or abs(there - here) < count:
        return False
    return not ((first % columns and goes_on(first - 1, cells, tiles))
                or goes_on(first + size - 1, cells, tiles))


@njit(cache=True)
def room():
    """What :func:`goal` needs to work in."""
    return np.empty((2, 2 * MOST_NETS), np.int64)


@njit(cache=True)
def best(cell, cells, nets, spans):
    """Column and row between the medians of what a cell's nets span without it; −1 if none do."""
    count = 0
    for at in range(nets.at[cell], nets.at[cell + 1]):
        net = nets.net[at]
        if nets.first[net + 1] - nets.first[net] > SEARCHED or count > 2 * MOST_NETS - 2:
            continue
        left = low = 1 << 30
        right = high = -1
        for end in range(nets.first[net], nets.first[net + 1]):
            other = nets.cell[end]
            if other != cell:
                x, y = cells.x[other], cells.y[other]
                left, right, low, high = min(left, x), max(right, x), min(low, y), max(high, y)
        spans[0, count], spans[0, count + 1] = left, right
        spans[1, count], spans[1, count + 1] = low, high
        count += 2
    if count == 0:
        return -1, -1
    for axis in range(2):
        spans[axis, :count].sort()
    middle = count // 2
    return (np.random.randint(spans[0, middle - 1], spans[0, middle] + 1),
            np.random.randint(spans[1, middle - 1], spans[1, middle] + 1))


@njit(cache=True)
def goal(cell, reach, cells, tiles, nets, spans):
    """A tile for a cell to try, or −1."""
    columns, rows = len(tiles.columns), len(tiles.rows)
    tile = cells.place[cell] // CELLS
    if np.random.random() < BEST:
        asks = cell
        if cells.together[cell] == TILE:
            asks = tiles.table[tile * CELLS + np.random.randint(CELLS)]
            asks = asks if asks >= 0 else cell
        x, y = best(asks, cells, nets, spans)
        if x < 0:
            return -1
        near = 1 + np.random.randint(3)
        column, row = x - tiles.columns[0], tiles.nearest[min(y, len(tiles.nearest) - 1)]
    else:
        near, column, row = reach, tile % columns, tile // columns
    column += np.random.randint(-near, near + 1)
    row += np.random.randint(-near, near + 1)
    if 0 <= column < columns and 0 <= row < rows:
        return row * columns + column
    return -1
