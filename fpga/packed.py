"""A design as nextpnr has packed and placed it, for an ECP5: what may change places with what.

A tile of logic has four slices of two logic cells each, and a logic cell one table (TRELLIS_COMB)
and one register (TRELLIS_FF).  Tables belong together in twos (a fifth input), fours (a sixth), or
tiles (distributed memory, a seventh input, and carry chains, which go on in the next tile); a
register that takes its input from a table has to stay with it.  The registers of a slice share a
clock enable, those of a tile a reset; a register that is told by the wire M cannot be where a table
needs this wire to choose.

Where that was so before, swaps of equal pieces keep it so, but for enables, resets and M, which
:mod:`fpga.anneal` asks about.  Written after nextpnr's own checks of an ECP5's slices.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fpga.sites import top_of

__all__ = [
    "ALONE", "CELLS", "FIXED", "HALF", "LARGE", "REGISTER", "SLICE", "TABLE", "TILE", "WRITE_PORT",
    "Cells", "Nets", "Packed", "Sites", "Tiles",
]

CELLS = 8
"""Logic cells of a tile."""
ALONE, SLICE, HALF, TILE = range(4)
"""What has to stay together."""
TABLE, REGISTER, WRITE_PORT, LARGE, FIXED = range(5)
"""Kinds of cells: :class:`Cells`."""
PATIENT = {"router2/initCurrCongWeight": "0.500000", "router2/currCongWeightMult": "0.500000"}
"""What router2 is told: how dear a wire is that others have, and by how much dearer it becomes in
each round; by 2 otherwise, and then what had time to spare goes around crowds, and stays there."""
NEEDED = "MULT18X18D"
"""nextpnr looks at all ports of these, and would not read those again that nothing is wired to."""


class Cells(NamedTuple):
    """Arrays [cells].

    x, y      column and row of the tile or site
    place     logic cell: tile × 8 + number within; of a large cell, the site; −1 fixed
    kind      table, register, write port of a distributed memory, large, fixed
    together  what of the surroundings belongs to it, :data:`ALONE` … :data:`TILE`
    goes_on   a carry chain that the next tile's first cell continues
    follows   a register that stays with its table
    chooses   a table that takes M;  enable, reset   marks of a register's
    ends      wires of its tile that it takes
    """

    x: np.ndarray
    y: np.ndarray
    place: np.ndarray
    kind: np.ndarray
    together: np.ndarray
    goes_on: np.ndarray
    follows: np.ndarray
    chooses: np.ndarray
    enable: np.ndarray
    reset: np.ndarray
    ends: np.ndarray


class Tiles(NamedTuple):
    """Tiles of logic, row by row: columns and rows of the device; ``nearest`` row of tiles to a row
    of the device; cells on them, −1 for none [tiles × 8] and [tiles]; how many ends each has."""

    columns: np.ndarray
    rows: np.ndarray
    nearest: np.ndarray
    table: np.ndarray
    register: np.ndarray
    port: np.ndarray
    ends: np.ndarray


class Sites(NamedTuple):
    """Sites of large cells: column and row, the cell there or −1; the range of its kind's sites."""

    x: np.ndarray
    y: np.ndarray
    cell: np.ndarray
    first: np.ndarray
    behind: np.ndarray


class Nets(NamedTuple):
    """Cells of net n: ``cell[first[n]:first[n + 1]]``; nets of cell c: ``net[at[c]:at[c + 1]]``;
    ``bit`` is what the design calls a net."""

    first: np.ndarray
    cell: np.ndarray
    at: np.ndarray
    net: np.ndarray
    bit: np.ndarray


@dataclass
class Packed:
    """See the module; made by :func:`fpga.read_packed.read_packed`.

    names, bels   of the cells, bels as they were; None of what nextpnr is to place
    site_bels     of the sites
    """

    document: dict
    names: list[str]
    bels: list[str | None]
    site_bels: list[str]
    cells: Cells
    tiles: Tiles
    sites: Sites
    nets: Nets

    def bind(self) -> None:
        """The document says of every cell that has a bel where it lies now."""
        cells, columns = top_of(self.document)["cells"], len(self.tiles.columns)
        for number, name in enumerate(self.names):
            attributes, place = cells[name]["attributes"], int(self.cells.place[number])
            bel, kind = self.bels[number], self.cells.kind[number]
            if kind == LARGE:
                bel = self.site_bels[place]
            elif kind != FIXED:
                tile, lc = divmod(place, CELLS)
                row, column = divmod(tile, columns)
                what = ("SLICEC.RAMW" if kind == WRITE_PORT else
                        f"SLICE{'ABCD'[lc // 2]}.{('K', 'FF')[kind]}{lc % 2}")
                bel = f"X{self.tiles.columns[column]}/Y{self.tiles.rows[row]}/{what}"
            # As a wish: what is bound while it is read would have any input of a table permuted.
            for stale in ("NEXTPNR_BEL", "BEL_STRENGTH"):
                attributes.pop(stale, None)
            if bel is not None:
                attributes["BEL"] = bel
            if cells[name]["type"] == NEEDED:
                wired = cells[name]["connections"]
                wired.update({port: ["x"] for port, bits in wired.items() if not bits})

    def write(self, out: Path) -> None:
        """The document, every cell bound, as nextpnr reads it."""
        self.bind()
        for settings in (self.document.get("settings", {}),
                         top_of(self.document).get("settings", {})):
            for name in ("place", "placer", "router", "seed", "target_freq"):
                settings.pop(name, None)
        top_of(self.document).setdefault("settings", {}).update(PATIENT)
        out.write_text(json.dumps(self.document))
