"""The check of the checks: of hundreds of faults in the core, the comparison finds every one."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import sim.verilog
from hdl.config import Config
from hdl.top import Core
from sim.build import build_library
from sim.library import SimulatedCore, StuckError
from tests.sim import mutants
from tests.sim.cases import Case, small_networks
from tests.sim.running import difference

CONFIG = Config(lanes=2)
NETWORKS = 60
PATIENCE = 5000
PARTS = 2
EQUIVALENT = {
    ("top", r"^(result|registers)_bus_active"): "a part that does not ask whether the host has it",
    ("top", r"^(result|registers|measures)_bus_offset"): "beyond the entries that these parts have",
    ("top", "^result_bus_write"): "what an access writes again in its later clocks",
    (r"population_table\.word_([0-4]_1|8_0)|projection_table\.word_(4_1|[78]_0)", "^read_data"):
        "of descriptors, fields that this reader does not look at",
    ("registers", "^(stepped|worked)_carry"): "after 2**32 steps or cycles, which no run takes",
    ("registers", "^learning_taus"): "a wait for measures that takes no clock of these networks",
    ("synapses", r"^(mine|at_sums_1)$"):
        "a sum that the host clears: nothing was in it; the benches of the sums fill it first",
    (r"synapses\.group_\d", r"^! host\[23\]$"): "whose sum the host clears: nothing was in it",
    (r"synapses\.group_\d\.lane_\d", r"^([wb]_half|pulls \? flip_2\[1\] : aligned\[0\])( |$)"):
        "1/65536 of a weight's last bit; the bench of the lane aims at it",
    (r"synapses\.group_\d\.lane_\d", r"^flip_2( |$)"): "of ξ, the bit that is not its sign",
    (r"synapses\.rows", r"^& (factor|change)_fine\["):
        "the one value that rounding takes back into range; tests/hdl/test_fixed.py has them all",
    (r"(neurons|traces|synapses\.sequencer)\.fetch", r"^(~ )?taken_1( |$)"):
        "room in a queue that is longer than the lists of these networks",
    (r"synapses\.sequencer\.fetch|traces\.fetch",
     r"^(moves|first|last)_(held_0|descriptor_(240|280))( |$)"):
        "of a descriptor and of what is kept beside it, fields that are not looked at here",
    (r"synapses\.sequencer\.fetch|traces\.fetch", r"^(side|arriving)_\d$"):
        "asked for elsewhere, not here",
    (r"synapses\.rows", r"length_of_1\$\d+ \[7:4\]"):
        "one bit of the size of a mean that the host writes; the bench of the rows writes them all",
    ("registers", r"^data_0_[04]_index"):
        "identity, lanes, steps, cycles: asked for when a device is opened, not here",
    ("measures", "^~ held_1"): "the least α, which no α of these networks comes near to",
    (r"traces\.psi_xi", "^host_value"):
        "ξ of a trace that the host writes: lanes get theirs besides, a step replaces this one",
    ("neurons", r"^\\\$\d+ \[1:0\] != loaded$"):
        "whether the next frame is there, asked as a step ends: here it always is, and inputs, "
        "which go first, are waited for later",
    ("neurons.pipeline", r"^\\held_7_8\$624$"):
        "of a wide factor, bits beyond its limits, which were compared a clock before",
    ("traces", "^~ (take|passes)"):
        "neurons have left before their traces wait; tests/host/test_cycles.py",
}
"""Mutants that no run notices, (module, what), and why."""


def why_equivalent(site: mutants.Site) -> str | None:
    for (module, what), reason in EQUIVALENT.items():
        if re.fullmatch(module, site.module or "top") and re.search(what, site.what):
            return reason
    return None


@pytest.fixture(scope="module")
def mutated():
    """(library of the core with all mutants, their sites)"""
    generate = sim.verilog.generate
    sites = mutants.sites(generate(Core(CONFIG), name="core"))

    def generate_mutated(component, *, name):
        return mutants.mutate(generate(component, name=name), sites)

    root = Path(sim.verilog.__file__).parents[1]
    sources = [*root.glob("hdl/**/*.py"), *root.glob("model/*.py"), Path(mutants.__file__)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sim.verilog, "simplified", generate_mutated)
        library = build_library(lambda: Core(CONFIG), identity=f"mutants {CONFIG!r}",
                                sources=sources)
    return library, sites


@pytest.fixture(scope="module")
def runs():
    """(case, its image, its quiet words); every other case from random states."""
    made = [Case(CONFIG, network, key=key, wild=key % 2 == 0, probes=key % 6)
            for key, network in enumerate(small_networks(NETWORKS))]
    return [(case, case.image, case.quiet) for case in made]


def first_sign(core: SimulatedCore, case: Case, image, quiet) -> str | None:
    """The first thing that a core does otherwise than the golden model, its tables included."""
    core.reset()
    core.write(*image)
    if not np.array_equal(core.read(quiet[0]), quiet[1]):
        return "tables"
    return difference(core, case)


def verdict(library: Path, number: int, runs, cycles: list) -> str | None:
    """How mutant ``number`` shows itself, None if it does not.

    cycles   the counter of cycles after each run, of the healthy core; filled if empty
    """
    counted = []
    with SimulatedCore(library, patience=PATIENCE) as core:
        try:
            core.write([mutants.NUMBER_ADDRESS], [number])
            for at, (case, image, quiet) in enumerate(runs):
                if found := first_sign(core, case, image, quiet):
                    return found
                counted.append(int(core.read([case.layout.registers["cycles_low"]])[0]))
                if cycles and counted[at] != cycles[at]:
                    return "cycles"
        except StuckError:
            return "stuck"
    cycles.extend(counted if not cycles else ())
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_every_mutant_is_noticed(mutated, runs, part):
    library, sites = mutated
    cycles = []
    assert verdict(library, 0, runs, cycles) is None
    assert len(cycles) == NETWORKS and min(cycles) > 0
    # Survivors take longest: each part gets its share of the sites that may have them.
    numbers = sorted(range(1, len(sites) + 1),
                     key=lambda number: why_equivalent(sites[number - 1]) is None)[part::PARTS]
    shown = {number: verdict(library, number, runs, cycles) for number in numbers}
    survivors = [sites[number - 1] for number, found in shown.items() if found is None]
    assert [str(site) for site in survivors if why_equivalent(site) is None] == []
    assert len(survivors) < len(numbers) // 20
    # Faults show in many ways; nearly all of them would be "stuck" if mutants broke too much.
    ways = Counter(re.sub(r"\[.*", "", found) for found in shown.values() if found)
    assert len(ways) > 15 and ways["stuck"] < len(numbers) // 3, ways


def test_mutants_are_everywhere(mutated):
    _, sites = mutated
    modules = Counter(site.module for site in sites)
    assert len(sites) > 300
    for module, least in (("", 5), ("steps", 5), ("frame", 5), ("result", 5), ("measures", 5),
                          ("registers", 5), ("traces", 5), ("synapses", 5),
                          ("synapses.sequencer", 5), ("synapses.rows", 10),
                          ("synapses.group_0.lane_0", 20), ("synapses.group_0.lane_1", 20),
                          ("neurons", 10),
                          ("neurons.pipeline", 40), ("neurons.pipeline.activation", 5),
                          ("traces.pipeline", 10), ("synapses.totals", 1)):
        assert modules[module] >= least, module
