"""A mapped core with its mutants, held to runs of the golden model."""

import re
from contextlib import suppress

from fpga.netlist import netlist_of
from model.network import NetworkError
from sim.build import TOP, library_of
from sim.cells import CELLS
from sim.library import SimulatedCore, StuckError
from tests.fpga import mutants
from tests.sim.cases import Case, small_networks
from tests.sim.running import difference

__all__ = ["alive", "first_sign", "mutated", "runs_of", "survivors", "verdict"]


def mutated(config, technology, counts, *, seed):
    """(library of the mapped core with all mutants, their sites)"""
    netlist = netlist_of(config, technology)
    chosen = mutants.sites(netlist, TOP, counts, seed=seed)
    cells = [cell.read_text() for cell in CELLS[technology]]
    return library_of("\n".join([mutants.mutate(netlist, TOP, chosen), *cells])), chosen


def runs_of(config, networks: int, **case):
    """(case, its image) of networks that fit; every other case from random states."""
    made = []
    for key, network in enumerate(small_networks(3 * networks)):
        with suppress(NetworkError):
            made.append(Case(config, network, key=key, wild=key % 2 == 0, probes=key % 6, **case))
        if len(made) == networks:
            break
    assert len(made) == networks
    return [(case, case.image) for case in made]


def alive(runs) -> bool:
    """Whether the states that the runs lead to are many and differ."""
    moved = [len(set(map(int, block.states))) for case, _ in runs for block in case.blocks]
    return min(moved) > 10 and len(set(moved)) > len(runs)


def first_sign(core: SimulatedCore, case: Case, image) -> str | None:
    """The first thing that a core does otherwise than the golden model."""
    core.reset()
    core.write(*image)
    return difference(core, case)


def verdict(library, number: int, runs, patience: int) -> str | None:
    """How mutant ``number`` shows itself, None if it does not; 0 is none."""
    with SimulatedCore(library, patience=patience) as core:
        try:
            core.write([mutants.NUMBER_ADDRESS], [number])
            return next(filter(None, (first_sign(core, case, image) for case, image in runs)), None)
        except StuckError:
            return "stuck"


def survivors(library, chosen, runs, patience: int, equivalent) -> tuple[list[str], list[str]]:
    """Cells whose mutants go unnoticed, and those of them for which ``equivalent`` has no reason.
    """
    found = [site for number, site in enumerate(chosen, 1)
             if verdict(library, number, runs, patience) is None]
    return found, [name for name in found
                   if not any(re.search(pattern, name) for pattern in equivalent)]
