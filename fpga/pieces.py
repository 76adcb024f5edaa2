"""Pieces of a packed design that are placed as one: a chain of tiles, half a tile, a slice, a table
with its register, a register, a large cell; and what the nets are between them."""

from typing import NamedTuple

import numpy as np

from fpga.packed import CELLS, LARGE, REGISTER, TABLE, TILE, WRITE_PORT, Nets, Packed

__all__ = ["Pieces", "between", "pieces_of"]

SPARE = 0.8
"""Of a tile, what counts as taken by a piece that has whole ones."""
FULL = 7
"""Logic cells of a tile that are expected to be filled."""


class Pieces(NamedTuple):
    """The movable ones first, then every fixed cell as one.

    of        piece of each cell [cells]
    movable   how many may be moved
    x, y      columns and rows of the device [pieces]
    tiles     how many whole tiles, or 0
    cells     how many logic cells side by side, 1, 2, 4, or whole tiles
    area      of a tile
    kind      TABLE (any of logic with tables), REGISTER, LARGE, FIXED
    nets      between pieces
    members   (first, cell): cells of piece p are cell[first[p]:first[p + 1]]
    """

    of: np.ndarray
    movable: int
    x: np.ndarray
    y: np.ndarray
    tiles: np.ndarray
    cells: np.ndarray
    area: np.ndarray
    kind: np.ndarray
    nets: Nets
    members: tuple[np.ndarray, np.ndarray]


def pieces_of(packed: Packed, crowd: float) -> Pieces:
    """Pieces as they lie.

    crowd   ends of wires that fill a tile
    """
    cells, tiles = packed.cells, packed.tiles
    tile, number = cells.place // CELLS, np.arange(len(cells.kind))
    logic = cells.kind <= WRITE_PORT
    level = np.where(cells.kind == WRITE_PORT, TILE, cells.together)
    follows = np.flatnonzero(cells.follows & (cells.kind == REGISTER))
    level[follows] = cells.together[tiles.table[cells.place[follows]]]
    head = _heads(cells, tiles)
    # Who has the same key is one piece; a register that follows nothing is one by itself.
    table = len(number) + np.where(level == TILE, head[np.where(logic, tile, 0)] * CELLS,
                                   cells.place >> level << level)
    free = (cells.kind == REGISTER) & ~cells.follows
    key = np.where(logic & ~free, table, number)
    keys, of = np.unique(key, return_inverse=True)
    kind = np.full(len(keys), REGISTER)
    kind[of] = np.where(logic & ~free, TABLE, cells.kind)
    # Fixed ones last.
    rank = np.argsort(kind > LARGE, kind="stable")
    back = np.empty(len(rank), int)
    back[rank] = np.arange(len(rank))
    of, kind = back[of], kind[rank]
    count = len(kind)
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(count + 1))
    size = np.ones(count, int)
    in_tiles = logic & ~free & (level == TILE)
    lowest, highest = np.full(count, 1 << 30), np.full(count, -1)
    np.minimum.at(lowest, of[in_tiles], tile[in_tiles])
    np.maximum.at(highest, of[in_tiles], tile[in_tiles])
    whole = np.maximum(highest - lowest + 1, 0) * (highest >= 0)
    np.maximum.at(size, of[logic & ~free], 1 << np.minimum(level[logic & ~free], TILE))
    size = np.where(whole > 0, whole * CELLS, size)
    ends = np.bincount(of, cells.ends, count)
    taken = np.bincount(of, cells.kind == TABLE, count)
    area = np.where(kind > LARGE - 1, 0.0, np.maximum(ends / crowd, taken / FULL))
    area = np.where(whole > 0, np.maximum(area, SPARE * whole), area)
    x = np.bincount(of, cells.x, count) / np.diff(first)
    y = np.bincount(of, cells.y, count) / np.diff(first)
    return Pieces(of=of, movable=int((kind <= LARGE).sum()), x=x, y=y, tiles=whole, cells=size,
                  area=area, kind=kind, nets=between(packed.nets, of, count)[0],
                  members=(first, order))


def _heads(cells, tiles) -> np.ndarray:
    """The first tile of the chain that each tile belongs to."""
    head = np.arange(len(tiles.port))
    last = tiles.table[CELLS - 1::CELLS]
    for tile in np.flatnonzero((last >= 0) & cells.goes_on[last]):
        head[tile + 1] = head[tile]
    return head


def between(nets: Nets, of: np.ndarray, count: int) -> tuple[Nets, np.ndarray]:
    """Nets of pieces, and of which nets of cells they are; those within a piece are left out."""
    net = np.repeat(np.arange(len(nets.first) - 1), np.diff(nets.first))
    ends = np.unique(np.stack([net, of[nets.cell]]), axis=1)
    many = np.bincount(ends[0], minlength=len(nets.first) - 1)
    ends = ends[:, many[ends[0]] > 1]
    names, renumbered = np.unique(ends[0], return_inverse=True)
    first = np.searchsorted(renumbered, np.arange(len(names) + 1))
    order = np.argsort(ends[1], kind="stable")
    found = Nets(first=first, cell=ends[1], net=renumbered[order],
                 at=np.searchsorted(ends[1][order], np.arange(count + 1)), bit=names)
    return found, names
