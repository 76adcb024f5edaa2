"""The routes of all nets, each a tree: how they are kept, changed, and what they take.

Where a large net has to be routed anew, what of it is in time, and alone on its wires, stays.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fpga.search import ahead, route_net

__all__ = [
    "LONGEST", "Trees", "boxes_of", "delays_of", "hopes_of", "packed", "route_nets", "sharing",
    "trees_of",
]

LONGEST = 1 << 18
"""Wires of a net, at most."""
GREED = 1.1
"""Of the search: by how much the way that is left is overrated."""


class Trees(NamedTuple):
    """The tree of net n: ``size[n]`` wires from ``start[n]``; each wire, where the one before it is
    in the tree, by which pip.  ``end``: where the next one begins [1]."""

    wire: np.ndarray
    parent: np.ndarray
    by: np.ndarray
    start: np.ndarray
    size: np.ndarray
    end: np.ndarray


def trees_of(nets: int, room: int) -> Trees:
    """Of so many nets, none of which has one yet; with room for so many wires."""
    return Trees(*(np.empty(room, np.int32) for _ in range(3)),
                 *(np.zeros(nets, np.int64) for _ in range(2)), np.zeros(1, np.int64))


@njit(cache=True)
def _keep(known, trees, net, sinks, late, found):
    """Into ``found``: of a net's tree, what leads to a sink in time and on wires of its own."""
    start, size, tree = trees.start[net], trees.size[net], known.number[1]
    kept, wanted = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    kept[0] = True
    for at in range(1, size):
        kept[at] = kept[trees.parent[start + at]] and known.nets[trees.wire[start + at]] == 1
        known.place[trees.wire[start + at]] = at
        known.tree[trees.wire[start + at]] = -tree
    for number in range(len(sinks)):
        sink = sinks[number]
        if known.tree[sink] == -tree and kept[known.place[sink]] and not late[number]:
            wanted[known.place[sink]] = True
    for at in range(size - 1, 0, -1):
        if wanted[at]:
            wanted[trees.parent[start + at]] = True
    place = np.zeros(size, np.int32)
    for at in range(1, size):
        if wanted[at]:
            place[at] = found.size[0]
            _add(known, found, trees.wire[start + at], place[trees.parent[start + at]],
                 trees.by[start + at], np.float32(0))


@njit(cache=True)
def _add(known, found, wire, parent, by, delay):
    at = found.size[0]
    found.wire[at], found.parent[at], found.by[at], found.delay[at] = wire, parent, by, delay
    known.tree[wire], known.place[wire] = known.number[1], at
    found.size[0] += 1


@njit(cache=True)
def route_nets(graph, known, trees, found, source, first, sink, critical, late, boxes, margins,
               nets, fresh, pressure, heap):
    """The first of ``nets`` anew, as many as there is room for; ``fresh`` says which as a whole.
    How many they were; how many connections have no way."""
    done, lost = 0, 0
    for net in nets:
        if trees.end[0] + LONGEST > len(trees.wire):
            break
        done += 1
        sinks = sink[first[net]:first[net + 1]]
        known.number[1] += 1
        found.size[0] = 0
        _add(known, found, source[net], -1, -1, np.float32(0))
        start, size = trees.start[net], trees.size[net]
        if size and not fresh[net]:
            _keep(known, trees, net, sinks, late[first[net]:first[net + 1]], found)
            for at in range(1, found.size[0]):
                found.delay[at] = (found.delay[found.parent[at]]
                                   + graph.cost[graph.delay[found.by[at]]])
        for at in range(start, start + size):
            known.nets[trees.wire[at]] -= 1
        for at in range(found.size[0]):
            known.nets[found.wire[at]] += 1
        mine = critical[first[net]:first[net + 1]]
        missed, heap = route_net(graph, known, found, sinks, mine, np.argsort(-mine), pressure,
                                 boxes[net], margins[net], GREED, heap)
        lost += missed
        begin, many = trees.end[0], found.size[0]
        trees.wire[begin:begin + many] = found.wire[:many]
        trees.parent[begin:begin + many] = found.parent[:many]
        trees.by[begin:begin + many] = found.by[:many]
        trees.start[net], trees.size[net] = begin, many
        trees.end[0] += many
    return done, lost, heap


@njit(cache=True)
def sharing(known, trees):
    """Nets that share a wire."""
    shares = np.zeros(len(trees.start), np.bool_)
    for net in range(len(shares)):
        for at in range(trees.start[net], trees.start[net] + trees.size[net]):
            if known.nets[trees.wire[at]] > 1:
                shares[net] = True
                break
    return shares


@njit(cache=True)
def delays_of(graph, known, trees, first, sink):
    """Nanoseconds of every connection, as nextpnr counts them."""
    delays = np.zeros(len(sink), np.float32)
    so_far, ends = np.zeros(LONGEST, np.float32), np.zeros(LONGEST, np.int32)
    for net in range(len(trees.start)):
        start, size = trees.start[net], trees.size[net]
        known.number[1] += 1
        for at in range(size):
            ends[at] = 0
            known.tree[trees.wire[start + at]] = known.number[1]
            known.place[trees.wire[start + at]] = at
            if at:
                ends[trees.parent[start + at]] += 1
        for at in range(1, size):
            parent, kind = trees.parent[start + at], graph.delay[trees.by[start + at]]
            so_far[at] = (so_far[parent] + graph.cost[kind]
                          + (ends[parent] - 1) * graph.per_end[kind])
        for number in range(first[net], first[net + 1]):
            if known.tree[sink[number]] == known.number[1]:
                delays[number] = so_far[known.place[sink[number]]]
    return delays


@njit(cache=True)
def boxes_of(graph, source, first, sink):
    """Columns and rows of each net's ends: left, right, low, high [nets, 4]."""
    boxes = np.empty((len(source), 4), np.int64)
    for net in range(len(source)):
        wire = source[net]
        box = boxes[net]
        box[:] = graph.left[wire], graph.right[wire], graph.low[wire], graph.high[wire]
        for number in range(first[net], first[net + 1]):
            wire = sink[number]
            box[0], box[1] = min(box[0], graph.left[wire]), max(box[1], graph.right[wire])
            box[2], box[3] = min(box[2], graph.low[wire]), max(box[3], graph.high[wire])
    return boxes


@njit(cache=True)
def hopes_of(graph, source, first, sink):
    """Nanoseconds that connections would take if they had every wire to themselves, about."""
    hopes = np.empty(len(sink), np.float32)
    for net in range(len(source)):
        for number in range(first[net], first[net + 1]):
            hopes[number] = ahead(graph, source[net], graph.left[sink[number]],
                                  graph.low[sink[number]])
    return hopes


def packed(trees: Trees, nets: int) -> Trees:
    """The same trees, without what is no longer used."""
    room = trees_of(nets, len(trees.wire))
    where = np.repeat(trees.start - np.cumsum(trees.size) + trees.size, trees.size)
    where = where + np.arange(len(where))
    for new, old in zip(room[:3], trees[:3], strict=True):
        new[:len(where)] = old[where]
    room.size[:] = trees.size
    room.start[:] = np.cumsum(trees.size) - trees.size
    room.end[0] = len(where)
    return room
