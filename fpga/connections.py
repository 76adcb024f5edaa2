"""What is to be routed: nets of a placed design, as wires of their device."""

from dataclasses import dataclass

import numpy as np

from fpga.fabric import Database
from fpga.graph import ANY, CARRY, NONE
from fpga.sites import top_of

__all__ = ["Connections", "connections_of", "rules_of"]

MODES = {"CCU2": CARRY, "DPRAM": NONE, "RAMW_BLOCK": NONE}
ROUTED = ("TRELLIS_COMB", "TRELLIS_FF", "TRELLIS_RAMW", "DP16KD", "MULT18X18D", "TRELLIS_IO")
"""Kinds of cells between which nets are routed here; what else they lead to is left to nextpnr."""
PAD = ("TRELLIS_IO", "B")
GLOBAL = "ECP5_IS_GLOBAL"


@dataclass
class Connections:
    """Nets and where they lead.

    bit      what the design calls each net
    source   its wire
    first    connections of net n: from ``first[n]`` to ``first[n + 1]``
    sink     wire of each connection
    ends     (bit, cell, port) → connection
    """

    bit: np.ndarray
    source: np.ndarray
    first: np.ndarray
    sink: np.ndarray
    ends: dict[tuple[int, str, str], int]


def _bel(cell) -> str | None:
    told = cell["attributes"]
    return told.get("NEXTPNR_BEL", told.get("BEL"))


def connections_of(document: dict, database: Database) -> Connections:
    """Of a placed design, but for the nets of clocks, which have wires of their own.

    ValueError if a bel does not have a pin that is used.
    """
    top = top_of(document)
    barred = {bit for net in top["netnames"].values() if GLOBAL in net["attributes"]
              for bit in net["bits"]}
    sources, sinks = {}, {}
    for name, cell in top["cells"].items():
        bel = _bel(cell)
        if bel is None or cell["type"] not in ROUTED:
            continue
        for port, bits in cell["connections"].items():
            for bit in bits:
                if not isinstance(bit, int) or bit in barred or (cell["type"], port) == PAD:
                    continue
                wire = database.pin(bel, port)
                if wire is None:
                    raise ValueError(f"{name} at {bel} has no pin {port} that is known")
                if cell["port_directions"][port] == "output":
                    sources[bit] = wire
                else:
                    sinks.setdefault(bit, []).append((name, port, wire))
    found = [bit for bit in sources if bit in sinks]
    ends = {(bit, name, port): number for number, (bit, name, port) in enumerate(
        (bit, name, port) for bit in found for name, port, _ in sinks[bit])}
    return Connections(
        bit=np.array(found), source=np.array([sources[bit] for bit in found], np.int32),
        first=np.cumsum([0, *(len(sinks[bit]) for bit in found)]),
        sink=np.array([wire for bit in found for *_, wire in sinks[bit]], np.int32), ends=ends)


def rules_of(document: dict, database: Database) -> np.ndarray:
    """How inputs of tables may be permuted, for every slice of every location."""
    rules = np.full((len(database.kind), 4), ANY, np.int8)
    for cell in top_of(document)["cells"].values():
        rule = MODES.get(cell["parameters"].get("MODE")) if cell["type"] == "TRELLIS_COMB" else None
        bel = _bel(cell)
        if rule is not None and bel is not None:
            place, rest = database.place(bel)
            rules[place, "ABCD".index(rest[5])] = rule
    return rules
