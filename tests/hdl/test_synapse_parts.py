"""The parts of the synapse pass, each against the model's formulas: sequencer, rows, lanes."""

from pathlib import Path

import pytest
from amaranth.hdl import Const

from hdl.config import Config
from hdl.group import LaneGroup
from hdl.lane import Lane
from hdl.row import RowFetch
from hdl.sequencer import Sequencer
from sim.bench import run_bench

HERE = Path(__file__).parent
# The model uncompiled: few calls, and no wait for the compiler.
PLAIN = {"NUMBA_DISABLE_JIT": "1"}


def test_sequencer():
    # Three lanes: the way from slot to slot is not a plain count.
    environment = PLAIN | {"LANES": "3"}
    bench = HERE / "bench_sequencer.py"
    assert run_bench(Sequencer(Config(lanes=3)), bench, environment=environment) == 1


@pytest.mark.parametrize(("eligibility", "decay_multipliers"),
                         [(False, 0), (True, 0), (False, 1), (False, 2)])
def test_rows(eligibility, decay_multipliers):
    config = Config(lanes=3, rows=5, eligibility=eligibility, decay_multipliers=decay_multipliers)
    environment = PLAIN | {"SLOTS": str(config.slots), "ELIGIBLE": str(int(eligibility)),
                           "DECAY_MULTIPLIERS": str(decay_multipliers)}
    assert run_bench(RowFetch(config), HERE / "bench_row.py", environment=environment) == 1


def run_lane(decay_multipliers=0):
    config = Config(lanes=2, rows=4, trace_rows=5, words=48, decay_multipliers=decay_multipliers)
    environment = PLAIN | {"DECAY_MULTIPLIERS": str(decay_multipliers)}
    return run_bench(LaneGroup(config, range(2)), HERE / "bench_lane.py", environment=environment)


@pytest.mark.parametrize("decay_multipliers", [0, 1, 2])
def test_lane(decay_multipliers):
    assert run_lane(decay_multipliers) == 1


@pytest.mark.parametrize(("core", "limit"), [("parallel", 2), ("micro", 0)])
def test_more_multipliers_than_decays_are_refused(core, limit):
    with pytest.raises(ValueError, match=f"^decay_multipliers = 3 is outside 0 … {limit}$"):
        Config(core=core, lanes=1, rows=8, decay_multipliers=3)


def test_lost_half_bit_of_a_change_is_noticed(monkeypatch):
    changes = Lane._changes
    monkeypatch.setattr(Lane, "_changes", lambda *about: [
        (change, Const(0, 1)) for change, _ in changes(*about)])
    with pytest.raises(AssertionError, match="1 of 1 tests failed"):
        run_lane()
