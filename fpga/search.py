"""Routes of one net: a tree of wires from its source to all its sinks.

From the tree as it is, A* to one sink after the other, the most critical first.  A pip costs

    criticality · delay + (1 − criticality) · (delay + hop) · history · (1 + pressure · others)

of the wire that it leads to (McMurchie, Ebeling 1995, with the criticality of Betz, Rose 1997), and
the tree's own wires cost what the way to them takes of a critical connection's time.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fpga.graph import FAR, HOP, SLOPE
from fpga.heap import pop, push

__all__ = ["Found", "Known", "ahead", "known", "route_net"]

MARGIN = 4
"""Columns and rows around a net's box in which it may be routed; grows with every try."""
MANY = 24
"""Wires of a tree from which only near ones are looked at first."""
NEAR = 4
"""Columns and rows that are near."""


class Known(NamedTuple):
    """Of all wires: how many nets have each, and how dear it was; and, for the search under way,
    the least cost yet, its key in the heap, in which search, from where, by which pip; whether it
    may be a last wire; where it is in the tree."""

    nets: np.ndarray
    history: np.ndarray
    cost: np.ndarray
    key: np.ndarray
    search: np.ndarray
    before: np.ndarray
    by: np.ndarray
    allowed: np.ndarray
    tree: np.ndarray
    place: np.ndarray
    number: np.ndarray
    """Of the search, and of the tree, under way: [2]."""


class Found(NamedTuple):
    """A tree: wires, each after the one it comes from; where that is; by which pip; nanoseconds
    from the source.  And how long it is: [1]."""

    wire: np.ndarray
    parent: np.ndarray
    by: np.ndarray
    delay: np.ndarray
    size: np.ndarray


def known(count: int) -> Known:
    """Of so many wires, used by none."""
    zeros = [np.zeros(count, kind) for kind in (
        np.int16, np.float32, np.float32, np.float32, np.int32, np.int32, np.int32, np.int32,
        np.int32, np.int32)]
    zeros[1][:] = 1
    return Known(*zeros, np.zeros(2, np.int64))


@njit(cache=True)
def _allow(graph, known, sink):
    """Which leaves lead to ``sink``; columns and rows of those that others lead to."""
    stack = np.empty(256, np.int32)
    stack[0], size = sink, 1
    left, right, low, high = 1 << 14, -1, 1 << 14, -1
    known.allowed[sink] = known.number[0]
    while size:
        size -= 1
        wire = stack[size]
        for at in range(graph.above_first[wire], graph.above_first[wire + 1]):
            above = graph.above[at]
            if not graph.leaf[above]:
                left, right = min(left, graph.left[wire]), max(right, graph.right[wire])
                low, high = min(low, graph.low[wire]), max(high, graph.high[wire])
            elif known.allowed[above] != known.number[0] and size < 256:
                known.allowed[above] = known.number[0]
                stack[size] = above
                size += 1
    if right < 0:
        return graph.left[sink], graph.right[sink], graph.low[sink], graph.high[sink]
    return left, right, low, high


@njit(cache=True)
def ahead(graph, wire, column, row):
    """Cost from a wire to an input of the tile at ``column``, ``row``, about."""
    dx, dy = column - graph.left[wire], row - graph.low[wire]
    near_x, near_y = max(-FAR, min(FAR, dx)), max(-FAR, min(FAR, dy))
    return (graph.ahead[graph.sort[wire], near_x + FAR, near_y + FAR]
            + SLOPE * (abs(dx - near_x) + abs(dy - near_y)))


@njit(cache=True)
def _near(graph, wire, left, right, low, high, by):
    return (graph.left[wire] <= right + by and graph.right[wire] >= left - by
            and graph.low[wire] <= high + by and graph.high[wire] >= low - by)


@njit(cache=True)
def _connect(graph, known, found, sink, critical, pressure, box, margin, greed, near, heap):
    """A* from the tree to ``sink``; whether there is a way."""
    known.number[0] += 1
    search, tree = known.number[0], known.number[1]
    left, right, low, high = _allow(graph, known, sink)
    keys, wires, size = heap[0], heap[1], 0
    for at in range(found.size[0]):
        wire = found.wire[at]
        if near >= 0 and not _near(graph, wire, left, right, low, high, near):
            continue
        cost = np.float32(critical * found.delay[at])
        known.cost[wire], known.search[wire], known.before[wire] = cost, search, -1
        key = np.float32(cost + greed * ahead(graph, wire, left, low))
        known.key[wire] = key
        keys, wires, size = push(keys, wires, size, key, wire)
    within = (min(box[0], left) - margin, max(box[1], right) + margin,
              min(box[2], low) - margin, max(box[3], high) + margin)
    there = False
    while size:
        key, wire, size = pop(keys, wires, size)
        if wire == sink:
            there = True
            break
        if key > known.key[wire]:
            continue
        cost = known.cost[wire]
        for at in range(graph.first[wire], graph.first[wire + 1]):
            target = graph.target[at]
            if graph.leaf[target]:
                if known.allowed[target] != search:
                    continue
            elif not _near(graph, target, within[0], within[1], within[2], within[3], 0):
                continue
            if known.tree[target] == tree:
                continue
            delay = graph.cost[graph.delay[at]]
            then = np.float32(cost + critical * delay + (1 - critical) * (delay + HOP)
                              * known.history[target] * (1 + pressure * known.nets[target]))
            if known.search[target] == search and known.cost[target] <= then:
                continue
            known.cost[target], known.search[target] = then, search
            known.before[target], known.by[target] = wire, at
            key = np.float32(then + greed * ahead(graph, target, left, low))
            known.key[target] = key
            keys, wires, size = push(keys, wires, size, key, target)
    return there, keys, wires


@njit(cache=True)
def _join(graph, known, found, sink):
    """The way just found becomes part of the tree."""
    length, wire = 0, sink
    while known.before[wire] >= 0:
        length += 1
        wire = known.before[wire]
    end = found.size[0] + length
    at, wire = end - 1, sink
    while known.before[wire] >= 0:
        found.wire[at], found.by[at] = wire, known.by[wire]
        known.tree[wire], known.place[wire] = known.number[1], at
        known.nets[wire] += 1
        wire = known.before[wire]
        at -= 1
    parent = known.place[wire]
    for at in range(found.size[0], end):
        found.parent[at] = parent
        found.delay[at] = found.delay[parent] + graph.cost[graph.delay[found.by[at]]]
        parent = at
    found.size[0] = end


@njit(cache=True)
def route_net(graph, known, found, sinks, critical, order, pressure, box, margin, greed, heap):
    """The tree in ``found`` grows to all ``sinks``; number of those that it does not reach.

    It begins with the source, or with what is left of it, and all its wires are counted.
    """
    lost = 0
    for at in order:
        sink = sinks[at]
        if known.tree[sink] == known.number[1]:
            continue
        there = False
        for attempt in range(3):
            near = NEAR if found.size[0] > MANY and attempt == 0 else -1
            wider = margin if attempt < 2 else 1000
            there, keys, wires = _connect(graph, known, found, sink, critical[at], pressure, box,
                                          wider, greed, near, heap)
            heap = (keys, wires)
            if there:
                break
        if there:
            _join(graph, known, found, sink)
        else:
            lost += 1
    return lost, heap
