"""The third word of a lane against the model, and the cores that can have one."""

import re
from pathlib import Path

import pytest

from hdl import eligibility
from hdl.config import Config
from hdl.eligibility import EligibilityWord
from hdl.visit import HostWrite, visit_layouts
from sim.bench import run_bench

BENCH = Path(__file__).with_name("bench_eligibility.py")
# The model uncompiled: few calls, and no wait for the compiler.
PLAIN = {"NUMBA_DISABLE_JIT": "1"}


def run():
    config = Config(lanes=2, rows=4, trace_rows=5, words=48, eligibility=True)
    component = EligibilityWord(config, 1, access=visit_layouts(config)["late"],
                                host=HostWrite(config))
    return run_bench(component, BENCH, environment=PLAIN)


def test_it_equals_the_model():
    assert run() == 1


class WithoutHalf(int):
    """A shift that does not round, as one by 0."""

    def __bool__(self):
        return False


def test_lost_half_bit_of_a_step_is_noticed(monkeypatch):
    lossy = {scale: WithoutHalf(shift) for scale, shift in eligibility.SCALES.items()}
    monkeypatch.setattr(eligibility, "SCALES", lossy)
    with pytest.raises(AssertionError, match="1 of 1 tests failed"):
        run()


@pytest.mark.parametrize(("options", "message"), [
    ({"core": "micro", "lanes": 1, "rows": 256}, "a micro core cannot have eligibilities"),
    ({"words": 4097}, "words = 4097 is outside 1 … 4096, the limit of a core with eligibilities")])
def test_a_core_that_cannot_have_them_is_refused(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Config(**options, eligibility=True)
