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
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fpga.floorplan import KINDS, top_of

__all__ = ["Cells", "Nets", "Packed", "Sites", "Tiles"]

CELLS = 8
"""Logic cells of a tile."""
ALONE, SLICE, HALF, TILE = range(4)
"""What has to stay together."""
TABLE, REGISTER, WRITE_PORT, LARGE, FIXED = range(5)
BROADEST = 400
"""Ends of a net up to which its length counts: clocks and resets are everywhere."""
SPECIAL = re.compile(r"CLK|CE|LSR|WCK|WRE|FC[IO]|DI\d?|F1|FX[AB]|OFX|W(AD|D)O?\d?")
"""Ports that take none of a tile's ordinary wires, or share one."""
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
    """Cells of net n: ``cell[first[n]:first[n + 1]]``; nets of cell c: ``net[at[c]:at[c + 1]]``."""

    first: np.ndarray
    cell: np.ndarray
    at: np.ndarray
    net: np.ndarray


@dataclass
class Packed:
    """See the module; ``names`` of the cells, ``bels`` of those that stay and of the sites."""

    document: dict
    names: list[str]
    bels: list[str]
    site_bels: list[str]
    cells: Cells
    tiles: Tiles
    sites: Sites
    nets: Nets

    @classmethod
    def read(cls, placed: Path, sites: dict[str, list[str]], tiles: Iterable[str]) -> "Packed":
        """What nextpnr wrote after placing.

        sites   bels of all sites for large cells, by kind
        tiles   bels of which every tile of logic has one
        """
        document = json.loads(placed.read_text())
        return _read(cls, document, top_of(document)["cells"], sites, tiles)

    def write(self, out: Path) -> None:
        """The same design, every cell bound to its bel."""
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
            attributes["BEL"] = bel
            if cells[name]["type"] == NEEDED:
                wired = cells[name]["connections"]
                wired.update({port: ["x"] for port, bits in wired.items() if not bits})
        for settings in (self.document.get("settings", {}),
                         top_of(self.document).get("settings", {})):
            for name in ("place", "placer", "router", "seed"):
                settings.pop(name, None)
        for net in top_of(self.document)["netnames"].values():
            net["attributes"].pop("ROUTING", None)
        out.write_text(json.dumps(self.document))


def _where(bel: str) -> tuple[int, int, str]:
    column, row, rest = bel.split("/", 2)
    return int(column[1:]), int(row[1:]), rest


def _read(cls, document, found, sites, tiles):
    names = list(found)
    bels = [found[name]["attributes"].get("NEXTPNR_BEL", "X0/Y0/") for name in names]
    places = [_where(bel) for bel in bels]
    grid = {_where(bel)[:2] for bel in tiles}
    columns, rows = (np.array(sorted({place[axis] for place in grid})) for axis in (0, 1))
    if len(grid) != len(columns) * len(rows):
        raise ValueError(f"{len(grid)} tiles of logic are no grid")
    tile_of = {(x, y): number for number, (y, x) in enumerate(
        (y, x) for y in rows.tolist() for x in columns.tolist())}
    count, tile_count = len(names), len(grid)
    kinds = np.array([_kind(found[name], place) for name, place in zip(names, places, strict=True)])
    cells = Cells(
        x=np.array([place[0] for place in places]), y=np.array([place[1] for place in places]),
        place=np.full(count, -1), kind=kinds,
        together=np.full(count, ALONE), goes_on=np.zeros(count, bool),
        follows=np.array([bool(found[name]["connections"].get("DI")) for name in names]),
        chooses=np.array([kind == TABLE and bool(found[name]["connections"].get("M"))
                          for name, kind in zip(names, kinds, strict=True)]),
        enable=_marks(found, names, "CE"), reset=_marks(found, names, "LSR"),
        ends=np.array([_ends(found[name]) if kind <= WRITE_PORT else 0
                       for name, kind in zip(names, kinds, strict=True)]))
    made = Tiles(columns=columns, rows=rows,
                 nearest=np.abs(rows[None] - np.arange(rows[-1] + 2)[:, None]).argmin(1),
                 table=np.full(tile_count * CELLS, -1), register=np.full(tile_count * CELLS, -1),
                 port=np.full(tile_count, -1), ends=np.zeros(tile_count, int))
    for number, ((x, y, rest), kind) in enumerate(zip(places, kinds, strict=True)):
        if kind <= WRITE_PORT:
            tile = tile_of[x, y]
            lc = 0 if kind == WRITE_PORT else 2 * "ABCD".index(rest[5]) + int(rest[-1])
            cells.place[number] = tile * CELLS + lc
            if kind == WRITE_PORT:
                made.port[tile] = number
            else:
                (made.table, made.register)[kind][tile * CELLS + lc] = number
            made.ends[tile] += cells.ends[number]
    _join(found, names, cells, made)
    site_bels, placed = _sites(bels, names, found, sites, cells)
    return cls(document=document, names=names, bels=bels, site_bels=site_bels, cells=cells,
               tiles=made, sites=placed, nets=_nets(found, names))


def _kind(cell, place) -> int:
    kinds = {"TRELLIS_COMB": TABLE, "TRELLIS_FF": REGISTER, "TRELLIS_RAMW": WRITE_PORT}
    return kinds.get(cell["type"], LARGE if cell["type"] in KINDS else FIXED)


def _marks(found, names, port) -> np.ndarray:
    """A number for every signal that reaches a register's port, and way in which it does."""
    marks, numbers = {}, []
    for name in names:
        told = found[name]["parameters"]
        way = (*found[name]["connections"].get(port, []), told.get(f"{port}MUX"), told.get("GSR"),
               told.get("SRMODE") == "ASYNC")
        numbers.append(marks.setdefault(way, len(marks)))
    return np.array(numbers)


def _ends(cell) -> int:
    return sum(bool(bits) and not SPECIAL.fullmatch(port)
               for port, bits in cell["connections"].items())


def _join(found, names, cells, tiles) -> None:
    """What belongs together, as it lies."""
    def bits(number, port):
        return set(found[names[number]]["connections"].get(port, []))

    tables = np.flatnonzero(cells.kind == TABLE)
    mode = {number: found[names[number]]["parameters"].get("MODE") for number in tables}
    continues = {bit: number for number in tables for bit in bits(number, "FCI")}
    outputs = {bit: number for number in tables for bit in bits(number, "OFX")}
    for number in tables:
        place = cells.place[number]
        first, size = place, 1
        if mode[number] in ("CCU2", "DPRAM", "RAMW_BLOCK"):
            size = CELLS
            if place % CELLS == CELLS - 1:
                cells.goes_on[number] = any(bit in continues for bit in bits(number, "FCO"))
        elif bits(number, "FXA"):
            lie = [cells.place[outputs[bit]]
                   for port in ("FXA", "FXB") for bit in bits(number, port)]
            size = 4 if all(where // 4 == place // 4 for where in lie) else CELLS
        elif bits(number, "F1"):
            size = 2
        if mode[number] is not None:
            cells.together[number] = TILE
            continue
        first = place // size * size
        for member in tiles.table[first:first + size] if size > 1 else ():
            if member >= 0:
                level = {2: SLICE, 4: HALF, CELLS: TILE}[size]
                cells.together[member] = max(cells.together[member], level)


def _sites(bels, names, found, sites, cells):
    names_of, first, behind = [], [], []
    for kind in KINDS:
        start, listed = len(names_of), sites.get(kind, [])
        names_of += listed
        first += [start] * len(listed)
        behind += [start + len(listed)] * len(listed)
    number_of = {bel: number for number, bel in enumerate(names_of)}
    there = np.full(len(names_of), -1)
    for number in np.flatnonzero(cells.kind == LARGE):
        cells.place[number] = number_of[bels[number]]
        there[number_of[bels[number]]] = number
    places = [_where(bel) for bel in names_of]
    return names_of, Sites(x=np.array([x for x, _, _ in places], int),
                           y=np.array([y for _, y, _ in places], int), cell=there,
                           first=np.array(first, int), behind=np.array(behind, int))


def _nets(found, names) -> Nets:
    ends = defaultdict(set)
    for number, name in enumerate(names):
        for bits in found[name]["connections"].values():
            for bit in bits:
                ends[bit].add(number)
    lists = [sorted(cells) for bit, cells in ends.items()
             if isinstance(bit, int) and 2 <= len(cells) <= BROADEST]
    mine = [[] for _ in names]
    for net, cells in enumerate(lists):
        for cell in cells:
            mine[cell].append(net)

    def flat(lists):
        return (np.cumsum([0, *map(len, lists)]),
                np.fromiter((item for items in lists for item in items), int))
    return Nets(*flat(lists), *flat(mine))
