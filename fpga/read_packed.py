"""What nextpnr wrote of a packed design, read as :class:`fpga.packed.Packed`."""

import re
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from fpga.packed import (
    ALONE,
    CELLS,
    FIXED,
    HALF,
    LARGE,
    REGISTER,
    SLICE,
    TABLE,
    TILE,
    WRITE_PORT,
    Cells,
    Nets,
    Packed,
    Sites,
    Tiles,
)
from fpga.sites import KINDS, place_of, top_of

__all__ = ["marks", "read_packed"]

BROADEST = 1000
"""Ends of a net up to which its length counts: clocks and resets are everywhere."""
SPECIAL = re.compile(r"CLK|CE|LSR|WCK|WRE|FC[IO]|DI\d?|F1|FX[AB]|OFX|W(AD|D)O?\d?")
"""Ports that take none of a tile's ordinary wires, or share one."""
NOWHERE = "X0/Y0/"


def read_packed(document: dict, sites: dict[str, list[str]], tiles: Iterable[str]) -> Packed:
    """What nextpnr wrote after packing, with places of all that is to be moved.

    sites   bels of all sites for large cells, by kind
    tiles   bels of which every tile of logic has one

    What has no place, such as ports on any pins, is left to nextpnr, and its wires do not count.
    ValueError if the tiles fill no grid.
    """
    found = top_of(document)["cells"]
    for net in top_of(document)["netnames"].values():
        # Routes of where cells were.
        net["attributes"].pop("ROUTING", None)
    names = list(found)
    bels = [told.get("NEXTPNR_BEL", told.get("BEL"))
            for told in (found[name]["attributes"] for name in names)]
    places = [place_of(bel or NOWHERE) for bel in bels]
    kinds = np.array([_kind(found[name]) for name in names])
    cells = Cells(
        x=np.array([place[0] for place in places]), y=np.array([place[1] for place in places]),
        place=np.full(len(names), -1), kind=kinds,
        together=np.full(len(names), ALONE), goes_on=np.zeros(len(names), bool),
        follows=np.array([bool(found[name]["connections"].get("DI")) for name in names]),
        chooses=np.array([kind == TABLE and bool(found[name]["connections"].get("M"))
                          for name, kind in zip(names, kinds, strict=True)]),
        enable=marks(found, names, "CE"), reset=marks(found, names, "LSR"),
        ends=np.array([_ends(found[name]) if kind <= WRITE_PORT else 0
                       for name, kind in zip(names, kinds, strict=True)]))
    filled = _settled(places, cells, {place_of(bel)[:2] for bel in tiles})
    _join(found, names, cells, filled)
    site_bels, on_sites = _sites(bels, sites, cells)
    return Packed(document=document, names=names, bels=bels, site_bels=site_bels, cells=cells,
                  tiles=filled, sites=on_sites, nets=_nets(found, names, bels))


def _settled(places, cells, grid) -> Tiles:
    """The tiles of a ``grid``, with what is on them; the cells are told where they are."""
    columns, rows = (np.array(sorted({place[axis] for place in grid})) for axis in (0, 1))
    if len(grid) != len(columns) * len(rows):
        raise ValueError(f"{len(grid)} tiles of logic are no grid")
    tiles = Tiles(columns=columns, rows=rows,
                  nearest=np.abs(rows[None] - np.arange(rows[-1] + 2)[:, None]).argmin(1),
                  table=np.full(len(grid) * CELLS, -1), register=np.full(len(grid) * CELLS, -1),
                  port=np.full(len(grid), -1), ends=np.zeros(len(grid), int))
    for number, ((x, y, rest), kind) in enumerate(zip(places, cells.kind, strict=True)):
        if kind > WRITE_PORT:
            continue
        tile = int(np.searchsorted(rows, y) * len(columns) + np.searchsorted(columns, x))
        lc = 0 if kind == WRITE_PORT else 2 * "ABCD".index(rest[5]) + int(rest[-1])
        cells.place[number] = tile * CELLS + lc
        tiles.ends[tile] += cells.ends[number]
        if kind == WRITE_PORT:
            tiles.port[tile] = number
        else:
            (tiles.table, tiles.register)[kind][tile * CELLS + lc] = number
    return tiles


def _kind(cell) -> int:
    kinds = {"TRELLIS_COMB": TABLE, "TRELLIS_FF": REGISTER, "TRELLIS_RAMW": WRITE_PORT}
    return kinds.get(cell["type"], LARGE if cell["type"] in KINDS else FIXED)


def marks(found: dict, names: list[str], port: str) -> np.ndarray:
    """A number for every signal that reaches a register's port, and way in which it does."""
    marks, numbers = {}, []
    for name in names:
        told = found[name]["parameters"]
        way = (*found[name]["connections"].get(port, []), told.get(f"{port}MUX"), told.get("GSR"),
               told.get("SRMODE") == "ASYNC")
        numbers.append(marks.setdefault(way, len(marks)))
    return np.array(numbers)


def _ends(cell) -> int:
    """Ends of ordinary wires that a cell takes of its tile's."""
    return sum(bool(bits) and not SPECIAL.fullmatch(port)
               for port, bits in cell["connections"].items())


def _join(found, names, cells, tiles) -> None:
    """What belongs together, as it lies."""
    def bits(number, port):
        return set(found[names[number]]["connections"].get(port, []))

    tables = np.flatnonzero(cells.kind == TABLE)
    mode = {number: found[names[number]]["parameters"].get("MODE") for number in tables}
    continues = {bit for number in tables for bit in bits(number, "FCI")}
    outputs = {bit: number for number in tables for bit in bits(number, "OFX")}
    for number in tables:
        place = cells.place[number]
        if mode[number] in ("CCU2", "DPRAM", "RAMW_BLOCK"):
            cells.together[number] = TILE
            cells.goes_on[number] = place % CELLS == CELLS - 1 and bool(
                bits(number, "FCO") & continues)
            continue
        level = ALONE
        if bits(number, "FXA"):
            lie = [cells.place[outputs[bit]]
                   for port in ("FXA", "FXB") for bit in bits(number, port)]
            level = HALF if all(where // 4 == place // 4 for where in lie) else TILE
        elif bits(number, "F1"):
            level = SLICE
        first = place >> level << level
        for member in tiles.table[first:first + (1 << level)]:
            if member >= 0:
                cells.together[member] = max(cells.together[member], level)


def _sites(bels, sites, cells):
    """Names of the ``sites``, and what is there; the large cells are told where they are."""
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
    places = [place_of(bel) for bel in names_of]
    return names_of, Sites(x=np.array([x for x, _, _ in places], int),
                           y=np.array([y for _, y, _ in places], int), cell=there,
                           first=np.array(first, int), behind=np.array(behind, int))


def _nets(found, names, bels) -> Nets:
    ends = defaultdict(set)
    for number, (name, bel) in enumerate(zip(names, bels, strict=True)):
        for bits in found[name]["connections"].values() if bel else ():
            for bit in bits:
                ends[bit].add(number)
    counted = {bit: sorted(cells) for bit, cells in ends.items()
               if isinstance(bit, int) and 2 <= len(cells) <= BROADEST}
    mine = [[] for _ in names]
    for net, cells in enumerate(counted.values()):
        for cell in cells:
            mine[cell].append(net)

    def flat(lists):
        return (np.cumsum([0, *map(len, lists)]),
                np.fromiter((item for items in lists for item in items), int))
    return Nets(*flat(counted.values()), *flat(mine), np.array(list(counted)))
