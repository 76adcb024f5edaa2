"""What holds numbers in the core: sums, state memories, descriptor tables."""

from pathlib import Path

import pytest

from hdl.backward import BackwardSums
from hdl.descriptor import POPULATION_FIELDS, PROJECTION_FIELDS, DescriptorTable, layout, pack
from hdl.memory import StateMemory
from hdl.region import Region
from hdl.totals import Totals
from sim.bench import run_bench
from tests.hdl.bench_descriptor import FEW

HERE = Path(__file__).parent


def test_totals():
    component = Totals(depth=7)
    assert run_bench(component, HERE / "bench_totals.py", environment={"DEPTH": "7"}) == 1


def test_backward_sums():
    component = BackwardSums(depth=6)
    assert run_bench(component, HERE / "bench_backward.py", environment={"DEPTH": "6"}) == 1


# Shallow ones are logic cells, deep ones blocks.
@pytest.mark.parametrize(("width", "depth", "buffered"), [
    (18, 8, False), (30, 12, True), (18, 70, False)])
def test_state_memory(width, depth, buffered):
    component = StateMemory(width=width, depth=depth, buffered=buffered)
    environment = {"WIDTH": str(width), "DEPTH": str(depth), "BUFFERED": str(int(buffered))}
    assert run_bench(component, HERE / "bench_memory.py", environment=environment) == 1


def test_descriptor_table():
    component = DescriptorTable(PROJECTION_FIELDS, depth=11, region=Region.PROJECTIONS,
                                readers=[layout(PROJECTION_FIELDS), layout(FEW)])
    assert run_bench(component, HERE / "bench_descriptor.py") == 1


@pytest.mark.parametrize(("fields", "name", "value", "limits"), [
    (POPULATION_FIELDS, "slot", 1 << 18, "0 … 262143"),
    (POPULATION_FIELDS, "gain_shift", -9, "-8 … 7"),
    (PROJECTION_FIELDS, "plastic", -1, "0 … 1"),
])
def test_descriptor_field_that_does_not_fit_is_refused(fields, name, value, limits):
    values = dict.fromkeys(fields, 0) | {name: value}
    with pytest.raises(ValueError, match=f"^descriptor field {name} = {value} is outside {limits}"):
        pack(fields, values)
