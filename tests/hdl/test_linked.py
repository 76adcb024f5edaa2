"""The link as a board has it: through the pins of its UART, around a core easy to predict."""

from pathlib import Path

import pytest

from hdl.config import Config
from hdl.link.info import describe
from hdl.link.linked import LinkedCore
from sim.bench import run_bench
from tests.sim.dummy import Dummy

BENCH = Path(__file__).with_name("bench_linked.py")
BAUD = 3_000_000


def test_a_session_through_the_pins():
    core = LinkedCore(Config(), clock_frequency=50e6, baud=BAUD, core=Dummy(factor=3))
    assert run_bench(core, BENCH, environment={"BAUD": str(BAUD)}) == 2


def test_a_description_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"the description has \d+ bytes; the limit is 4096"):
        describe(Config(), slots=8, board="x" * 4096)
