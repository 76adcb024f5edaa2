"""Routes of a placed design, in the words in which nextpnr reads them."""

from collections.abc import Callable

import numpy as np

from fpga.connections import Connections, connections_of, rules_of
from fpga.fabric import Database
from fpga.graph import Graph, graph_of
from fpga.negotiate import negotiate
from fpga.packed import Packed
from fpga.pads import place_ports
from fpga.sites import top_of
from fpga.timing import Timing, analyse, estimated, timing_of
from fpga.trees import Trees

__all__ = ["route"]

STRENGTH = 1
"""How firmly nextpnr holds to it: it may route anew what is in the way of nets that it routes."""


def route(packed: Packed, database: Database, period: float, *,
          tell: Callable[[int, int, int, int, float], None] = lambda *_: None) -> None:
    """The nets of a placed design are told their wires, for paths that take ``period`` nanoseconds
    at most, if they can; ``tell`` as in :func:`fpga.negotiate.negotiate`, and the worst path.

    Ports without a place get one (:mod:`fpga.pads`).  Nets of clocks, and what leads to cells that
    are none of the core's, are left to nextpnr.  ValueError if there are no routes.
    """
    place_ports(packed, database)
    packed.bind()
    wanted = connections_of(packed.document, database)
    graph = graph_of(database, rules_of(packed.document, database))
    clocked = _Clocked(packed, wanted, period)
    trees = negotiate(graph, wanted, clocked.slack_of,
                      tell=lambda *told: tell(*told, clocked.worst))
    _write(packed.document, database, graph, wanted, trees)


class _Clocked:
    """What timing says of connections."""

    def __init__(self, packed: Packed, wanted: Connections, period: float):
        self.timing: Timing = timing_of(packed)
        self._wire = estimated(self.timing, packed.cells.x, packed.cells.y)
        self._period, self._count, self.worst = period, len(wanted.sink), 0.0
        timing = self.timing
        number = [wanted.ends.get((int(bit), packed.names[cell], port), -1)
                  for bit, cell, port in zip(timing.bit[timing.signal], timing.sink,
                                             timing.port, strict=True)]
        self._number = np.array(number)
        self._routed = np.flatnonzero(self._number >= 0)

    def slack_of(self, delays: np.ndarray) -> np.ndarray:
        """Of each connection, given its nanoseconds."""
        wire = self._wire.copy()
        wire[self._routed] = delays[self._number[self._routed]]
        found = analyse(self.timing, wire, self._period)
        slack = np.full(self._count, np.inf)
        np.minimum.at(slack, self._number[self._routed], found.slack[self._routed])
        self.worst = found.worst
        return slack


def _write(document: dict, database: Database, graph: Graph, wanted: Connections,
           trees: Trees) -> None:
    number_of = {int(bit): number for number, bit in enumerate(wanted.bit)}
    for net in top_of(document)["netnames"].values():
        told = net["attributes"]
        number = number_of.get(net["bits"][0]) if len(net["bits"]) == 1 else None
        if number is None:
            continue
        steps = [f"{database.wire_name(int(wanted.source[number]))};;{STRENGTH}"]
        begin = int(trees.start[number])
        for at in range(begin + 1, begin + int(trees.size[number])):
            pip = int(graph.pip[trees.by[at]])
            steps.append(f"{database.wire_name(int(trees.wire[at]))};{database.pip_name(pip)}"
                         f";{STRENGTH}")
        told["ROUTING"] = ";".join(steps)
