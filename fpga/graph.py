"""What a router searches: wires, where each leads, what that costs, how far it is from there."""

import re
from typing import NamedTuple

import numpy as np
from numba import njit

from fpga.fabric import Database
from fpga.heap import pop, push

__all__ = ["ANY", "CARRY", "FAR", "HOP", "NONE", "SLOPE", "Graph", "graph_of"]

CLOSED = re.compile(r"G_\w+|[LR]_HPBX\w+|BNK_\w+|(MUX)?CLK\d")
"""Wires of the clocks, which nextpnr routes."""
PERMUTES, ANY, CARRY, NONE = 0x4000, 0, 1, 2
"""A pip that permutes inputs of tables; how those of a slice may be."""
HOP = 0.03
"""Nanoseconds that a pip costs beyond its delay, where only wires count."""
DEPTH = 8
"""Pips in a row that lead nowhere but into one cell, at most."""
LINES = re.compile(r"([HV]0[126])([NSEW])\d+")
"""Wires that leave their tile: how long and where to; each such class has a table of its own."""
FAR = 20
"""Tiles up to which costs are searched for; on from there they grow by ``SLOPE`` nanoseconds."""
SLOPE = 0.06
USUAL = 0.5
"""Of the inputs of a tile, the cheapest part that a table speaks of."""


class Graph(NamedTuple):
    """Pips from wire w: those from ``first[w]`` to ``first[w + 1]``.

    target, delay, pip          where each leads, class of its delay, its number in the device
    left, right, low, high      columns and rows in which a wire has pips [wires]
    leaf                        wires that lead into a cell, and nowhere else [wires]
    above_first, above          wires that lead to leaves, by leaf
    cost                        nanoseconds of a pip of each class, one end
    per_end                     ... more for every further pip from the same wire
    sort                        class of each wire [wires]
    ahead                       cost from a wire of a class to an input so many columns and rows
                                from its leftmost and lowest pip, beginning with −``FAR``
    """

    first: np.ndarray
    target: np.ndarray
    delay: np.ndarray
    pip: np.ndarray
    left: np.ndarray
    right: np.ndarray
    low: np.ndarray
    high: np.ndarray
    leaf: np.ndarray
    above_first: np.ndarray
    above: np.ndarray
    cost: np.ndarray
    per_end: np.ndarray
    sort: np.ndarray
    ahead: np.ndarray


def graph_of(database: Database, rules: np.ndarray) -> Graph:
    """``rules`` say for every slice, by location, how inputs of its tables may be permuted."""
    source, target, delay, permutes = database.pips()
    place = np.repeat(np.arange(len(database.kind)), np.diff(database.first_pip))
    rule = rules[place, (permutes >> 5) & 3]
    apart = ((permutes >> 3) & 1) != ((permutes >> 1) & 1)
    barred = ((permutes & PERMUTES) != 0) & ((rule == NONE) | ((rule == CARRY) & apart))
    barred |= _closed(database)[target]
    kept = np.flatnonzero(~barred)
    count = int(database.first_wire[-1])
    first, order = _sorted(source[kept], count)
    pip = kept[order].astype(np.int32)
    x, y = (part.astype(np.int16) for part in (place % database.width, place // database.width))
    own = np.repeat(np.arange(len(database.kind)), np.diff(database.first_wire))
    boxes = _boxes(first, pip, x, y, (own % database.width).astype(np.int16),
                   (own // database.width).astype(np.int16))
    leaf = _leaves(first, target[pip])
    into = np.flatnonzero(leaf[target[pip]])
    above_first, above = _sorted(target[pip[into]], count)
    names, sort = _sorts(database)
    graph = Graph(first, target[pip], delay[pip], pip, *boxes, leaf, above_first,
                  source[pip[into[above]]], database.delay + database.per_fanout,
                  database.per_fanout, sort,
                  np.zeros((names, 2 * FAR + 1, 2 * FAR + 1), np.float32))
    column, row = database.width // 2, database.height // 2 - 2
    for kind in range(names):
        found = _spread(graph, kind, column, row, count)
        graph.ahead[kind] = _table(found, graph, column, row)
    worst = np.where(np.isfinite(graph.ahead), graph.ahead, 0).max(0)
    graph.ahead[:] = np.where(np.isfinite(graph.ahead), graph.ahead, worst)
    return graph


def _sorts(database: Database) -> tuple[int, np.ndarray]:
    """How many classes of wires there are, and that of each."""
    number, told = {"": 0}, []
    for location in database.locations:
        found = [LINES.fullmatch(name) for name in location.wires]
        told.append(np.array([number.setdefault(line[1] + line[2] if line else "", len(number))
                              for line in found], np.int8))
    return len(number), np.concatenate([told[kind] for kind in database.kind])


def _closed(database: Database) -> np.ndarray:
    closed = [np.array([bool(CLOSED.fullmatch(name)) for name in location.wires], bool)
              for location in database.locations]
    return np.concatenate([closed[kind] for kind in database.kind])


@njit(cache=True)
def _sorted(key, count):
    """Where each key's begin, and in which order they come."""
    first = np.zeros(count + 1, np.int32)
    for value in key:
        first[value + 1] += 1
    for value in range(count):
        first[value + 1] += first[value]
    at, order = first[:-1].copy(), np.empty(len(key), np.int32)
    for number in range(len(key)):
        order[at[key[number]]] = number
        at[key[number]] += 1
    return first, order


@njit(cache=True)
def _boxes(first, pip, x, y, own_x, own_y):
    left, right, low, high = own_x.copy(), own_x.copy(), own_y.copy(), own_y.copy()
    for wire in range(len(own_x)):
        for at in range(first[wire], first[wire + 1]):
            column, row = x[pip[at]], y[pip[at]]
            if at == first[wire]:
                left[wire] = right[wire] = column
                low[wire] = high[wire] = row
            left[wire], right[wire] = min(left[wire], column), max(right[wire], column)
            low[wire], high[wire] = min(low[wire], row), max(high[wire], row)
    return left, right, low, high


@njit(cache=True)
def _leaves(first, target):
    leaf = first[1:] == first[:-1]
    for _ in range(DEPTH):
        for wire in range(len(leaf)):
            if not leaf[wire]:
                only = True
                for at in range(first[wire], first[wire + 1]):
                    if not leaf[target[at]]:
                        only = False
                        break
                leaf[wire] = only
    return leaf


@njit(cache=True)
def _spread(graph, sort, column, row, count):
    """Cost of every wire from the best of a class whose first pip is at ``column``, ``row``."""
    cost = np.full(count, np.inf, np.float32)
    keys, wires, size = np.empty(1024, np.float32), np.empty(1024, np.int32), 0
    for wire in range(count):
        if (graph.sort[wire] == sort and graph.left[wire] == column and graph.low[wire] == row
                and not graph.leaf[wire] and graph.first[wire] < graph.first[wire + 1]):
            cost[wire] = 0
            keys, wires, size = push(keys, wires, size, np.float32(0), wire)
    while size:
        now, wire, size = pop(keys, wires, size)
        if now > cost[wire]:
            continue
        for at in range(graph.first[wire], graph.first[wire + 1]):
            target = graph.target[at]
            if (abs(graph.left[target] - column) > FAR + 6
                    or abs(graph.low[target] - row) > FAR + 6):
                continue
            then = np.float32(now + graph.cost[graph.delay[at]] + HOP)
            if then < cost[target]:
                cost[target] = then
                # Of leaves, the first is an input.
                if not graph.leaf[target]:
                    keys, wires, size = push(keys, wires, size, then, target)
    return cost


def _table(cost, graph: Graph, column: int, row: int) -> np.ndarray:
    """The usual cost by distance."""
    leaves = np.flatnonzero(graph.leaf & np.isfinite(cost))
    dx, dy = graph.left[leaves] - column, graph.low[leaves] - row
    near = (np.abs(dx) <= FAR) & (np.abs(dy) <= FAR)
    leaves, place = leaves[near], ((dx + FAR) * (2 * FAR + 1) + dy + FAR)[near]
    order = np.lexsort((cost[leaves], place))
    places, first, count = np.unique(place[order], return_index=True, return_counts=True)
    table = np.full((2 * FAR + 1) ** 2, np.inf)
    table[places] = cost[leaves][order][first + (count * USUAL).astype(int)]
    return table.reshape(2 * FAR + 1, -1)
