"""First places for a packed design: legal ones, and no more; :mod:`fpga.gather` places it anew.

nextpnr packs a design in a minute and places a dense one in half an hour, if at all: for what is
placed anew, the rules of tiles are all that matters.  Pieces of whole tiles come first, in the
order of the design, then halves, slices, tables with their registers, and registers; each on the
first place whose registers share its enable and reset.
"""

from collections import defaultdict
from collections.abc import Iterable

from fpga.packed import CELLS
from fpga.read_packed import marks
from fpga.sites import KINDS, place_of, top_of

__all__ = ["first_places"]

BEL = "NEXTPNR_BEL"
RAM = "$DPRAM_COMB0"
"""How nextpnr names the first table of a distributed memory."""


def first_places(document: dict, sites: dict[str, list[str]], tiles: Iterable[str]) -> None:
    """Give all that :func:`fpga.read_packed.read_packed` moves a bel; ``document`` is changed.

    sites, tiles   as there

    ValueError if there is no room.
    """
    found = top_of(document)["cells"]
    for kind in KINDS:
        large = [cell for cell in found.values() if cell["type"] == kind]
        if len(large) > len(sites[kind]):
            raise ValueError(f"{len(large)} cells of {kind}, {len(sites[kind])} sites")
        for cell, bel in zip(large, sites[kind], strict=False):
            cell["attributes"][BEL] = bel
    places = [(row, column) for column, row, _ in map(place_of, tiles)]
    board, pieces = _Board(found, sorted(places)), _Pieces(found)
    for tables, port in pieces.whole:
        board.put_tiles([(table, pieces.follows.get(table)) for table in tables], port)
    for tables in pieces.parts:
        board.put_part([(table, pieces.follows.get(table)) for table in tables])
    for register in pieces.free:
        board.put_part([(None, register)])
    board.tell()


class _Pieces:
    """What belongs together: ``whole`` tiles, (tables, write port or None); ``parts`` of one;
    registers that follow a table, by it; and ``free`` ones."""

    def __init__(self, found: dict):
        self._found = found
        tables = [name for name, cell in found.items() if cell["type"] == "TRELLIS_COMB"]
        self._out = {bit: name for name in tables for port in ("F", "OFX")
                     for bit in self._bits(name, port)}
        self.follows, self.free = {}, []
        for name, cell in found.items():
            if cell["type"] == "TRELLIS_FF":
                bits = self._bits(name, "DI")
                if bits:
                    self.follows[self._out[bits[0]]] = name
                else:
                    self.free.append(name)
        sevens, sixes, fives = self._chosen(tables)
        self.whole = [*self._chains(tables), *self._memories(tables),
                      *((seven, None) for seven in sevens)]
        order = {name: number for number, name in enumerate(tables)}
        self.whole.sort(key=lambda piece: order[piece[0][0]])
        done = {name for piece in (*(piece for piece, _ in self.whole), *sixes, *fives)
                for name in piece}
        self.parts = [*sixes, *fives, *([name] for name in tables if name not in done)]

    def _bits(self, name: str, port: str) -> list:
        return self._found[name]["connections"].get(port, [])

    def _mode(self, name: str) -> str:
        return self._found[name]["parameters"].get("MODE")

    def _chains(self, tables):
        """Carry chains, eight tables to a tile."""
        follower = {bit: name for name in tables for bit in self._bits(name, "FCI")}
        for name in tables:
            if self._mode(name) == "CCU2" and not self._bits(name, "FCI"):
                chain = [name]
                while (out := self._bits(chain[-1], "FCO")) and out[0] in follower:
                    chain.append(follower[out[0]])
                yield chain, None

    def _memories(self, tables):
        """Distributed memories: four tables that are read, two that are written through, a port."""
        for name in tables:
            if name.endswith(RAM):
                stem = name.removesuffix(RAM)
                yield [*(f"{stem}$DPRAM_COMB{k}" for k in range(4)),
                       *(f"{stem}$RAMW_BLOCK{k}" for k in range(2))], f"{stem}$RAMW_SLICE"

    def _chosen(self, tables):
        """Tables of seven inputs, six and five: two of one less, and the choice of one."""
        fives, sixes, sevens, inner = {}, {}, {}, set()
        for name in tables:
            if self._bits(name, "F1"):
                fives[name] = [name, self._out[self._bits(name, "F1")[0]]]
        for name in tables:
            if self._bits(name, "FXA"):
                pair = [self._out[self._bits(name, port)[0]] for port in ("FXB", "FXA")]
                if all(half in fives for half in pair):
                    sixes[name] = [*fives[pair[0]], *fives[pair[1]]]
        for name in tables:
            if self._bits(name, "FXA") and name not in sixes:
                pair = [self._out[self._bits(name, port)[0]] for port in ("FXB", "FXA")]
                sevens[name] = [*sixes[pair[0]], *sixes[pair[1]]]
                inner.update(pair)
        halves = [half for name, half in sixes.items() if name not in inner]
        taken = {name for half in sixes.values() for name in half}
        return list(sevens.values()), halves, [
            pair for name, pair in fives.items() if name not in taken]


class _Board:
    """Tiles that fill up."""

    def __init__(self, found: dict, places: list[tuple[int, int]]):
        self._found, self._places = found, places
        names = list(found)
        self._reset, self._enable = (
            dict(zip(names, marks(found, names, port), strict=True)) for port in ("LSR", "CE"))
        self._tables, self._registers = ([None] * (CELLS * len(places)) for _ in range(2))
        self._ports, self._full, self._next = {}, 0, defaultdict(int)

    def put_tiles(self, members: list[tuple[str, str | None]], port: str | None) -> None:
        """A chain, or what else has a tile to itself, on the next ones of a row."""
        count = -(-len(members) // CELLS)
        while (self._full + count <= len(self._places)
               and self._places[self._full][0] != self._places[self._full + count - 1][0]):
            self._full += 1
        if self._full + count > len(self._places):
            raise ValueError(f"{len(self._places)} tiles are too few")
        for k, (table, register) in enumerate(members, self._full * CELLS):
            self._tables[k], self._registers[k] = table, register
        if port:
            self._ports[port] = self._full
        self._full += count

    def put_part(self, members: list[tuple[str | None, str | None]]) -> None:
        """Tables and their registers, side by side on the first place that will do."""
        width = len(members)
        told = width, tuple((table is None, register and (
            self._reset[register], self._enable[register])) for table, register in members)
        at = self._next[told]
        while not self._put(at * width, members):
            at += 1
        self._next[told] = at

    def _put(self, start, members) -> bool:
        if start >= len(self._tables):
            raise ValueError(f"{len(self._places)} tiles are too few")
        for k, (table, register) in enumerate(members, start):
            if (table and self._tables[k]) or (register and self._registers[k]):
                return False
        before = [(self._tables[k], self._registers[k])
                  for k in range(start, start + len(members))]
        for k, (table, register) in enumerate(members, start):
            self._tables[k] = table or self._tables[k]
            self._registers[k] = register or self._registers[k]
        if self._fits(start // CELLS):
            return True
        for k, (table, register) in enumerate(before, start):
            self._tables[k], self._registers[k] = table, register
        return False

    def _fits(self, tile: int) -> bool:
        """Whether one reset does for the tile, one enable for each slice, and no wire M for two."""
        cells = range(tile * CELLS, (tile + 1) * CELLS)
        pairs = [(self._tables[k], self._registers[k]) for k in cells]
        if len({self._reset[register] for _, register in pairs if register}) > 1:
            return False
        for low in range(0, CELLS, 2):
            if len({self._enable[register] for _, register in pairs[low:low + 2] if register}) > 1:
                return False
        return not any(table and register and self._takes_m(table) and self._takes_m(register)
                       for table, register in pairs)

    def _takes_m(self, name: str) -> bool:
        return bool(self._found[name]["connections"].get("M"))

    def tell(self) -> None:
        """The cells' bels."""
        for what, names in (("K", self._tables), ("FF", self._registers)):
            for k, name in enumerate(names):
                if name:
                    tile, lc = divmod(k, CELLS)
                    self._tell(name, tile, f"SLICE{'ABCD'[lc // 2]}.{what}{lc % 2}")
        for name, tile in self._ports.items():
            self._tell(name, tile, "SLICEC.RAMW")

    def _tell(self, name: str, tile: int, what: str) -> None:
        row, column = self._places[tile]
        self._found[name]["attributes"][BEL] = f"X{column}/Y{row}/{what}"
