"""The mapped core does what the golden model does, and a fault in any of its cells shows."""

import re
from contextlib import suppress
from dataclasses import replace

import pytest

from fpga.netlist import build_netlist, netlist_of
from hdl.config import Config
from hdl.primitives.technology import Technology
from model.network import NetworkError
from sim.build import TOP, library_of
from sim.cells import CELLS
from sim.library import SimulatedCore, StuckError
from tests.fpga import mutants
from tests.sim.cases import Case, small_networks
from tests.sim.running import difference

CONFIG = Config(lanes=2, rows=16, trace_rows=32, words=256, populations=8, projections=8, inputs=8,
                outputs=8, probes=8)
NETWORKS = 48
PATIENCE = 5000
COUNTS = {"LUT4": 24, "CCU2C": 6, "TRELLIS_FF": 6, "MULT18X18D": 4, "DP16KD": 4,
          "TRELLIS_DPR16X4": 4}
EQUIVALENT = {
    r"measures\.(cost|energy)_now_beyond_":
        "a part of the comparison of a measure with its limit, which no error of these reaches",
    r"lane_\d+\.[wb]_fine_TRELLIS_FF_Q_[0-7]_":
        "what a decay takes, hundreds of times below a weight's last bit: its rounding sees it, "
        "once in as many",
    r"synapses\.totals\.address_5_":
        "whether a sum was added to four clocks before: rare; the bench of totals aims at it",
    r"synapses\.data(\$\d+)?_TRELLIS_FF_Q_147$":
        "of a projection's first word, the bit for 2048 where there are 256",
}
"""Cells whose mutants may go unnoticed here, and why."""


@pytest.fixture(scope="module")
def mutated():
    """(library of the mapped core with all mutants, their sites)"""
    netlist = netlist_of(CONFIG)
    chosen = mutants.sites(netlist, TOP, COUNTS, seed=1)
    cells = [cell.read_text() for cell in CELLS[Technology.ECP5]]
    return library_of("\n".join([mutants.mutate(netlist, TOP, chosen), *cells])), chosen


@pytest.fixture(scope="module")
def runs():
    """(case, its image) of networks that fit; every other case from random states."""
    made = []
    for key, network in enumerate(small_networks(3 * NETWORKS)):
        with suppress(NetworkError):
            made.append(Case(CONFIG, network, key=key, wild=key % 2 == 0, probes=key % 6))
    assert len(made) >= NETWORKS
    return [(case, case.image) for case in made[:NETWORKS]]


def first_sign(core: SimulatedCore, case: Case, image) -> str | None:
    """The first thing that a core does otherwise than the golden model."""
    core.reset()
    core.write(*image)
    return difference(core, case)


def verdict(library, number: int, runs) -> str | None:
    """How mutant ``number`` shows itself, None if it does not."""
    with SimulatedCore(library, patience=PATIENCE) as core:
        try:
            core.write([mutants.NUMBER_ADDRESS], [number])
            return next(filter(None, (first_sign(core, case, image) for case, image in runs)), None)
        except StuckError:
            return "stuck"


def test_mapped_core_equals_the_golden_model(mutated, runs):
    library, _ = mutated
    assert verdict(library, 0, runs) is None
    moved = [len(set(map(int, block.states))) for case, _ in runs for block in case.blocks]
    assert min(moved) > 10 and len(set(moved)) > NETWORKS


def test_mapped_core_of_slow_neurons_equals_the_golden_model(runs):
    library = build_netlist(replace(CONFIG, neuron_clocks=5, decay_multipliers=2))
    with SimulatedCore(library, patience=PATIENCE) as core:
        # Programs lie in it as they do in the other.
        assert [sign for case, image in runs if (sign := first_sign(core, case, image))] == []


def test_every_mutant_of_the_netlist_is_noticed(mutated, runs):
    library, chosen = mutated
    assert len(chosen) >= 40
    survivors = [site for number, site in enumerate(chosen, 1)
                 if verdict(library, number, runs) is None]
    unexplained = [name for name in survivors
                   if not any(re.search(pattern, name) for pattern in EQUIVALENT)]
    assert unexplained == [] and len(survivors) <= len(chosen) // 10
