"""The sequential core as an iCE40's cells: what the golden model does, and a fault in a cell shows.
"""

import pytest

from hdl.config import MICRO
from hdl.primitives.technology import Technology
from tests.fpga.mapped import alive, mutated, runs_of, survivors, verdict

NETWORKS = 12
PATIENCE = 100_000
"""Cycles; a step of the largest of these networks takes a quarter of them."""
COUNTS = {"SB_LUT4": 20, "SB_CARRY": 5, "SB_DFF": 3, "SB_DFFSR": 3, "SB_DFFESR": 3, "SB_MAC16": 3,
          "SB_SPRAM256KA": 2, "SB_RAM40_4K": 5}
EQUIVALENT = {r"component\.cycles_": "a count of clocks, which the golden model has none of"}
"""Cells whose mutants may go unnoticed here, and why."""


@pytest.fixture(scope="module")
def core():
    """(library of the mapped core with all mutants, their sites)"""
    return mutated(MICRO, Technology.ICE40, COUNTS, seed=1)


@pytest.fixture(scope="module")
def runs():
    return runs_of(MICRO, NETWORKS, steps=9, length=3)


def test_mapped_core_equals_the_golden_model(core, runs):
    library, _ = core
    assert verdict(library, 0, runs, PATIENCE) is None
    assert alive(runs)


def test_every_mutant_of_the_netlist_is_noticed(core, runs):
    library, chosen = core
    assert len(chosen) >= 40
    unnoticed, unexplained = survivors(library, chosen, runs, PATIENCE, EQUIVALENT)
    assert unexplained == [] and len(unnoticed) <= len(chosen) // 10
