"""The mapped core does what the golden model does, and a fault in any of its cells shows."""

from dataclasses import replace

import pytest

from fpga.netlist import build_netlist
from hdl.config import Config
from hdl.primitives.technology import Technology
from sim.library import SimulatedCore
from tests.fpga.mapped import alive, first_sign, mutated, runs_of, survivors, verdict

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
    r"sums_\d+\.port__data\$32_TRELLIS_FF_Q$":
        "of a sum Σ B e the lowest bit, thirteen below what its rounding to an error sees",
    r"synapses\.totals\.address_5_":
        "whether a sum was added to four clocks before: rare; the bench of totals aims at it",
    r"synapses\.data(\$\d+)?_TRELLIS_FF_Q_147$":
        "of a projection's first word, the bit for 2048 where there are 256",
}
"""Cells whose mutants may go unnoticed here, and why."""


@pytest.fixture(scope="module")
def core():
    """(library of the mapped core with all mutants, their sites)"""
    return mutated(CONFIG, Technology.ECP5, COUNTS, seed=1)


@pytest.fixture(scope="module")
def runs():
    return runs_of(CONFIG, NETWORKS)


def test_mapped_core_equals_the_golden_model(core, runs):
    library, _ = core
    assert verdict(library, 0, runs, PATIENCE) is None
    assert alive(runs)


def test_mapped_core_of_slow_neurons_equals_the_golden_model(runs):
    library = build_netlist(replace(CONFIG, neuron_clocks=5, decay_multipliers=2))
    with SimulatedCore(library, patience=PATIENCE) as core:
        # Programs lie in it as they do in the other.
        assert [sign for case, image in runs if (sign := first_sign(core, case, image))] == []


def test_every_mutant_of_the_netlist_is_noticed(core, runs):
    library, chosen = core
    assert len(chosen) >= 40
    unnoticed, unexplained = survivors(library, chosen, runs, PATIENCE, EQUIVALENT)
    assert unexplained == [] and len(unnoticed) <= len(chosen) // 10
