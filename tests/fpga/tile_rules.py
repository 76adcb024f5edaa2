"""What has to be so in the tiles of a placed ECP5, for the tests of placements."""

from collections import Counter, defaultdict

__all__ = ["keeps_rules", "number"]


def keeps_rules(cells: dict) -> None:
    """Cells that are bound to bels break no rule, and there is some of everything."""
    enables, resets, drives, takes = defaultdict(set), defaultdict(set), {}, {}
    checked = Counter()
    for name, cell in cells.items():
        bel, wired = cell["attributes"]["BEL"], cell["connections"]
        tile, _, logic = bel.rpartition("/")
        if cell["type"] == "TRELLIS_FF":
            enables[tile, logic[:6]].add(tuple(wired.get("CE", [])))
            resets[tile].add(tuple(wired.get("LSR", [])))
            for bit in wired.get("DI", []):
                takes[bit] = bel.replace("FF", "K")
        if cell["type"] == "TRELLIS_COMB":
            for bit in (*wired.get("F", []), *wired.get("OFX", [])):
                drives[bit] = bel
            mode = cell["parameters"].get("MODE")
            if mode == "DPRAM":
                assert logic[:6] in ("SLICEA", "SLICEB"), name
                checked[mode] += 1
            for bit in wired.get("FCO", []):
                drives[bit] = bel
    assert all(len(marks) == 1 for marks in (*enables.values(), *resets.values()))
    # A register that takes a table's value is beside it; a carry goes to the cell that follows.
    for bit, bel in takes.items():
        assert drives[bit] == bel
        checked["beside"] += 1
    for cell in cells.values():
        for bit in cell["connections"].get("FCI", []):
            assert number(cell["attributes"]["BEL"]) == number(drives[bit]) + 1
            checked["carry"] += 1
    assert min(checked[what] for what in ("DPRAM", "beside", "carry")) > 10, checked


def number(bel: str) -> int:
    """A logic cell's number in its row of tiles, which share a hundred thousand."""
    column, row, logic = bel.split("/")
    return (int(row[1:]) * 100_000 + int(column[1:]) * 8
            + 2 * "ABCD".index(logic[5]) + int(logic[-1]))
