"""Places for multipliers and block RAMs, near what they are wired to.

nextpnr's placers settle thousands of small cells well, and the few large ones late: each on the
free site next to where it would like to be, in the order in which they come.  In a core that fills
most of the block RAMs, a lane's memories end up all over the chip.  So the design is placed once,
each large cell is then assigned to a site, all of a kind at once and optimally (the Hungarian
method), and the design is placed again around them.

The cost of a site is the growth of the bounding boxes of a cell's nets, and the way to the middle
of the module that it is part of, for what surrounds it would stay where the cell was.
"""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["KINDS", "PER_TILE", "Placement", "assign", "census", "sites_of", "top_of", "with_sites"]

KINDS = ("DP16KD", "MULT18X18D")
"""Cells that are assigned."""
PER_TILE = "TRELLIS_RAMW"
"""A cell of which every tile of logic has one."""
BROADEST = 40
"""Ends of a net up to which it pulls."""
DEPTH, CROWD = 3, 300
"""Levels of hierarchy that tell what is a module, and small cells that give one a middle."""
SETTLING = 4
"""Times that the kinds take turns: each is assigned as the other was."""


def census(counts: dict[str, int]) -> dict:
    """A netlist with so many cells of each kind, wired to nothing, to learn where there are sites.

    Placed, it says where they all are: :func:`sites_of`.
    """
    cells = {f"{kind}_{number}": {
        "hide_name": 0, "type": kind, "parameters": {}, "attributes": {}, "port_directions": {},
        "connections": {}} for kind, count in counts.items() for number in range(count)}
    return {"creator": "census", "modules": {"top": {
        "attributes": {"top": "1"}, "ports": {}, "cells": cells, "netnames": {}}}}


def _place_of(cell: dict) -> tuple[int, int] | None:
    """Column and row of a placed cell."""
    found = re.match(r"X(\d+)/Y(\d+)/", cell["attributes"].get("NEXTPNR_BEL", ""))
    return found and (int(found[1]), int(found[2]))


def sites_of(placed: Path) -> dict[str, list[str]]:
    """Names of the sites that the large cells of a placed design are on, and those of which every
    tile has one, by kind."""
    sites = defaultdict(list)
    for cell in top_of(json.loads(placed.read_text()))["cells"].values():
        if cell["type"] in (*KINDS, PER_TILE):
            sites[cell["type"]].append(cell["attributes"]["NEXTPNR_BEL"])
    return dict(sites)


def top_of(netlist: dict) -> dict:
    """The top module of a netlist."""
    return next(module for module in netlist["modules"].values()
                if int(module["attributes"].get("top", "0"), 2))


def _module_of(name: str) -> str:
    return ".".join(name.split(".")[:DEPTH]).split("$")[0]


@dataclass
class Placement:
    """Where the cells of a placed design are, and what a large one is wired to.

    where    (column, row) by cell
    large    names of the large cells by kind
    nets     of each large cell, the other cells of each of its nets
    middles  median place of the small cells of a module, where there are many
    """

    where: dict[str, np.ndarray]
    large: dict[str, list[str]]
    nets: dict[str, list[list[str]]]
    middles: dict[str, np.ndarray]

    @classmethod
    def read(cls, placed: Path) -> "Placement":
        """From the JSON that nextpnr writes."""
        where, large, ends, crowds = {}, defaultdict(list), defaultdict(set), defaultdict(list)
        for name, cell in top_of(json.loads(placed.read_text()))["cells"].items():
            place = _place_of(cell)
            if place is None:
                continue
            where[name] = np.array(place, float)
            if cell["type"] in KINDS:
                large[cell["type"]].append(name)
            else:
                crowds[_module_of(name)].append(place)
            for bits in cell["connections"].values():
                for bit in bits:
                    ends[bit].add(name)
        every, nets = {name for names in large.values() for name in names}, defaultdict(list)
        for cells in ends.values():
            if 2 <= len(cells) <= BROADEST:
                for name in cells & every:
                    nets[name].append([other for other in cells if other != name])
        return cls(where=where, large=dict(large), nets=dict(nets), middles={
            module: np.median(places, axis=0) for module, places in crowds.items()
            if len(places) > CROWD})

    @property
    def wire(self) -> float:
        """Half the bounding boxes' circumference, summed over the nets of large cells."""
        return float(sum(np.ptp([self.where[cell] for cell in (name, *net)], axis=0).sum()
                         for name, nets in self.nets.items() for net in nets))

    def cost(self, name: str, places: np.ndarray, pull: float) -> np.ndarray:
        """What ``places`` [sites, 2] would cost this cell [sites]."""
        nets, total = self.nets.get(name, []), np.zeros(len(places))
        for net in nets:
            others = np.array([self.where[cell] for cell in net])
            total += (np.maximum(others.min(0) - places, 0)
                      + np.maximum(places - others.max(0), 0)).sum(1)
        middle = self.middles.get(_module_of(name))
        if middle is not None:
            total += pull * len(nets) * np.abs(places - middle).sum(1)
        return total


def assign(placement: Placement, sites: dict[str, list[str]], *, pull: float) -> dict[str, str]:
    """A site for each large cell; ``placement`` is moved there.

    sites   all that there are, by kind
    pull    weight of the way to a module's middle against that along the nets

    ValueError if there are more cells than sites.
    """
    assigned = {}
    for _ in range(SETTLING):
        for kind, names in placement.large.items():
            if len(names) > len(sites[kind]):
                raise ValueError(f"{len(names)} cells of {kind}, {len(sites[kind])} sites")
            places = np.array([[int(number) for number in re.findall(r"[XY](\d+)/", site)]
                               for site in sites[kind]], float)
            costs = np.array([placement.cost(name, places, pull) for name in names])
            for row, column in zip(*linear_sum_assignment(costs), strict=True):
                assigned[names[row]] = sites[kind][column]
                placement.where[names[row]] = places[column]
    return assigned


def with_sites(netlist: Path, assigned: dict[str, str], out: Path) -> None:
    """Write the netlist to ``out``, its large cells bound to the sites that they were assigned."""
    whole = json.loads(netlist.read_text())
    cells = top_of(whole)["cells"]
    for name, site in assigned.items():
        if name in cells:
            cells[name]["attributes"]["BEL"] = site
    out.write_text(json.dumps(whole))
