"""When signals arrive in a placed design, by estimate: which ends are late before it is routed.

A wire takes as long as it is far from one cell to the other, along columns and rows, the first
tiles counting double; a table, a carry, a memory as much as nextpnr says for an ECP5 of grade 6.
Paths that begin or end at the design's own ports are left out: these are anywhere.

nextpnr forgets which half of a carry cell is which when it reads a packed design again, and counts
each as a whole from then on: 0.07 ns too much for every two bits of a sum.  So there are two ways
to count (``reread``), and what it reports of a design that was annealed is a lower bound.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numba import njit

from fpga.packed import Packed
from fpga.sites import top_of

__all__ = ["Slacks", "Timing", "analyse", "estimated", "timing_of"]

WIRE, LEAST, NEAR = 0.08, 6, 5
"""Nanoseconds a tile; tiles that the shortest wire counts as; tiles that count double."""
STARTS = {"TRELLIS_FF": 0.525, "DP16KD": 0.973, "MULT18X18D": 0.735, "TRELLIS_RAMW": 0.0}
"""Clock to output; of large cells by their output registers."""
SETUPS = {"TRELLIS_FF": 0.0, "DP16KD": 0.251, "MULT18X18D": 0.084, "TRELLIS_RAMW": 0.0}
RESET = 0.424
"""Setup of a register's reset."""
TABLE, WIDE, CHOICE = 0.236, 0.42, 0.256
"""A table of four inputs, with a fifth, its choice."""
INTO_CARRY, CARRY_OUT, CARRY_ON = 0.447, (0.443, 0.403), (0.071, 0.0)
"""Of a carry cell, into the chain or to its sum; from the chain; on, by halves."""
CLOCKS = ("CLK", "WCK", "CLKA", "CLKB", "CLK0")
JOINED = {"FCI", "F1", "FXA", "FXB", "DI", "WAD0", "WAD1", "WAD2", "WAD3", "WD", "WCK"}
"""Ports to which no ordinary wire leads."""
OUTPUTS = ("F", "OFX", "FCO")
NEVER = -1e9


class Timing(NamedTuple):
    """Arcs, from a signal by a wire through a cell to another signal, or to an end, in the order in
    which signals become known.

    signal, sink   the signal, the cell that it reaches
    port           of that cell
    to             the signal that this one is part of; −1 at an end
    delay          of the cell, or its setup
    joined         no ordinary wire leads there
    driver, start  cell of each signal; when it comes out, if it comes from a clock
    bit            what the design calls it
    """

    signal: np.ndarray
    sink: np.ndarray
    port: np.ndarray
    to: np.ndarray
    delay: np.ndarray
    joined: np.ndarray
    driver: np.ndarray
    start: np.ndarray
    bit: np.ndarray


class Slacks(NamedTuple):
    """By how much each arc's wire could be later [arcs]; the worst path; ends that are late."""

    slack: np.ndarray
    worst: float
    late: int


def timing_of(packed: Packed, *, reread: bool = True) -> Timing:
    """What of a design tells its timing, wherever it is placed.

    reread   as nextpnr counts carry chains of a packed design that it has read
    """
    found = top_of(packed.document)["cells"]
    signals, driver, start, outputs = {}, [], [], defaultdict(list)
    for number, name in enumerate(packed.names):
        cell = found[name]
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                for bit in bits:
                    signals[bit] = len(driver)
                    outputs[number].append((port, len(driver)))
                    driver.append(number)
                    start.append(STARTS.get(cell["type"], NEVER))
    arcs = []
    for number, name in enumerate(packed.names):
        cell = found[name]
        if cell["type"] not in (*STARTS, "TRELLIS_COMB"):
            continue
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input" and port not in CLOCKS:
                half = 0 if reread else int(packed.cells.place[number] % 2)
                arcs += [(signals[bit], number, port, to, delay, port in JOINED)
                         for bit in bits if bit in signals
                         for to, delay in _through(cell, port, outputs[number], half)]
    columns = [np.array(column) for column in zip(*arcs, strict=True)]
    order = np.argsort(_levels(columns[0], columns[3], len(driver)), kind="stable")
    return Timing(*(column[order] for column in columns), np.array(driver), np.array(start),
                  np.array(list(signals)))


def _through(cell, port, outputs, half):
    """(signal, delay) of what an input decides; signal −1 if that is clocked."""
    if cell["type"] != "TRELLIS_COMB":
        return [(-1, RESET if port == "LSR" else SETUPS[cell["type"]])]
    if port == "WRE":
        return [(-1, 0.0)]
    if port.startswith("WAD") or port == "WD":
        return []
    carry, reached = cell["parameters"].get("MODE") == "CCU2", []
    for out, signal in outputs:
        if out not in OUTPUTS:
            continue
        if carry:
            reached.append((signal, INTO_CARRY if port != "FCI" else
                            CARRY_ON[half] if out == "FCO" else CARRY_OUT[half]))
        elif out == "OFX":
            reached.append((signal, WIDE if port in "ABCD" else CHOICE))
        elif port in "ABCD":
            reached.append((signal, TABLE))
    return reached


def _levels(signal, to, count) -> np.ndarray:
    """Of each arc, how many cells a signal has behind it; ends last.  ValueError if in a circle."""
    inner = to >= 0
    level = np.zeros(count, int)
    for _ in range(count + 1):
        higher = level.copy()
        np.maximum.at(higher, to[inner], level[signal[inner]] + 1)
        if (higher == level).all():
            return np.where(inner, level[np.maximum(to, 0)], count + 1)
        level = higher
    raise ValueError("signals that wait for themselves")


@njit(cache=True)
def estimated(timing, x, y):
    """Nanoseconds of each arc's wire, for cells at ``x``, ``y``."""
    wire = np.zeros(len(timing.signal))
    for arc in range(len(wire)):
        if not timing.joined[arc]:
            driver, sink = timing.driver[timing.signal[arc]], timing.sink[arc]
            dx, dy = abs(x[driver] - x[sink]), abs(y[driver] - y[sink])
            wire[arc] = WIRE * (LEAST + dx + dy + min(dx, NEAR) + min(dy, NEAR))
    return wire


@njit(cache=True)
def analyse(timing, wire, period):
    """:class:`Slacks` for wires of so many nanoseconds and a clock's ``period``."""
    arcs, signals = len(timing.signal), len(timing.start)
    arrives, wanted = timing.start.copy(), np.full(signals, 1e9)
    slack, worst, late = np.full(arcs, 1e9), 0.0, 0
    for arc in range(arcs):
        signal, to = timing.signal[arc], timing.to[arc]
        there = arrives[signal] + wire[arc] + timing.delay[arc]
        if to >= 0:
            arrives[to] = max(arrives[to], there)
        elif there > 0:
            worst, late = max(worst, there), late + (there > period)
    for arc in range(arcs - 1, -1, -1):
        signal, to = timing.signal[arc], timing.to[arc]
        by = (period if to < 0 else wanted[to]) - wire[arc] - timing.delay[arc]
        wanted[signal] = min(wanted[signal], by)
        if arrives[signal] > -1e8 and by < 1e8:
            slack[arc] = by - arrives[signal]
    return Slacks(slack, worst, late)
