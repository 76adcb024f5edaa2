"""Routes of all nets: they are found one after the other, as if wires could be shared; what is
shared becomes dearer, from round to round, until nothing is (PathFinder).

    McMurchie, Ebeling 1995, "PathFinder: a negotiation-based performance-driven router for FPGAs"

In each round nets are routed anew that share a wire, or that are late.  How little a connection
minds what is dear, its criticality, is known from when signals arrive by the routes of the rounds
before.  Once nothing is shared, and as long as connections are late, sharing is made cheap again,
so that others make room for them, time after time; the best routes are kept.
"""

from collections.abc import Callable
from itertools import count

import numpy as np

from fpga.connections import Connections
from fpga.graph import Graph
from fpga.search import MARGIN, Found, known
from fpga.trees import (
    LONGEST,
    Trees,
    boxes_of,
    delays_of,
    hopes_of,
    packed,
    route_nets,
    sharing,
    trees_of,
)

__all__ = ["negotiate"]

PRESSURE, RISE, HIGHEST = 0.5, 1.3, 1000.0
"""Of the first round; from one to the next; at most."""
AGAIN, TIMES = 2.0, 8
"""Of the first round after one in which nothing was shared; so often in a row without being faster
for it."""
HISTORY = 0.5
"""By how much a wire that two nets want becomes dearer in each round."""
LARGE = 16
"""Connections of a net that is not routed anew as a whole."""
SHARPEST, BAND, NEWS = 0.99, 4.0, 0.5
"""Criticality of a connection that is late; nanoseconds in time from which there is none; how much
of it is the last round's."""
CALM = 0.9
"""What is left of it with every round in the second half of those that there are, as long as wires
are shared: two that are late would take one from each other for ever."""
MANY = 100
"""Wires that are shared after half of all rounds where there will be no routes: what was routed in
the end had some fifty after twenty."""
FEW, PATIENCE = 10, 4
"""Wires that may be shared after all those rounds, for so many times as many: such rounds are
short, and the last wire is passed on from net to net before one finds another.  So often also
after the first round in which nothing is shared."""


def negotiate(graph: Graph, wanted: Connections, slack_of: Callable[[np.ndarray], np.ndarray], *,
              rounds: int = 80,
              tell: Callable[[int, int, int, int], None] = lambda *_: None) -> Trees:
    """Trees of all nets.  ``slack_of`` tells by how much connections could be later, given the
    nanoseconds that they take; ``tell`` is called with the round, the wires that are shared, the
    nets that were routed anew, and the connections that are late.

    ValueError if many wires are still shared after half of so many ``rounds``, more than a few
    after all, or any after four times as many, or if a connection has no way.  Then there are
    four times as many again, at most, for what is late; these are short.
    """
    nets, fanout = len(wanted.source), np.diff(wanted.first)
    known_ = known(len(graph.leaf))
    trees = trees_of(nets, max(1 << 22, 64 * len(wanted.sink)) + LONGEST)
    found = Found(*(np.empty(LONGEST, np.int32) for _ in range(3)),
                  np.empty(LONGEST, np.float32), np.zeros(1, np.int64))
    heap = (np.empty(1 << 16, np.float32), np.empty(1 << 16, np.int32))
    boxes = boxes_of(graph, wanted.source, wanted.first, wanted.sink)
    margins = np.full(nets, MARGIN)
    slack = slack_of(hopes_of(graph, wanted.source, wanted.first, wanted.sink))
    pressure, due, best, vain = PRESSURE, np.ones(nets, bool), None, 0
    critical = _criticality(slack)
    last = PATIENCE * rounds
    for number in count(1):
        told = critical if best is not None else np.float32(
            CALM ** max(0, number - rounds // 2)) * critical
        hottest = np.maximum.reduceat(told, wanted.first[:-1])
        order = np.flatnonzero(due)
        left = order = order[np.argsort(-hottest[order], kind="stable")]
        fresh = (fanout <= LARGE) | (number == 1)
        while len(left):
            if trees.end[0] + LONGEST > len(trees.wire):
                trees = packed(trees, nets)
            done, lost, heap = route_nets(
                graph, known_, trees, found, wanted.source, wanted.first, wanted.sink, told,
                slack < 0, boxes, margins, left, fresh, pressure, heap)
            if lost:
                raise ValueError(f"{lost} connections have no way")
            left = left[done:]
        shared = known_.nets > 1
        known_.history[shared] += HISTORY * (known_.nets[shared] - 1)
        slack = slack_of(delays_of(graph, known_, trees, wanted.first, wanted.sink))
        late = np.add.reduceat(slack < 0, wanted.first[:-1])
        tell(number, int(np.count_nonzero(shared)), len(order), int(late.sum()))
        critical = (1 - NEWS) * critical + NEWS * _criticality(slack)
        clash = sharing(known_, trees)
        margins[clash] += 1
        due = clash | (late > 0)
        pressure = min(HIGHEST, pressure * RISE)
        if not shared.any():
            pressure, vain = AGAIN, vain + 1
            if best is None:
                last = number + PATIENCE * rounds
            if best is None or slack.min() > best[0]:
                best, vain = (slack.min(), packed(trees, nets)), 0
            if not due.any() or vain == TIMES:
                break
        many = np.count_nonzero(shared)
        if best is None and (number == last or (number >= rounds and many > FEW)
                             or (number >= rounds // 2 and many > MANY)):
            raise ValueError(f"{many} wires are shared after {number} rounds")
        if number == last:
            break
    return best[1]


def _criticality(slack: np.ndarray) -> np.ndarray:
    return np.clip(SHARPEST * (1 - slack / BAND), 0, SHARPEST).astype(np.float32)
