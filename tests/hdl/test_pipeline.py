"""The pipeline builder: whatever is delayed, and by how much, operands meet."""

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

from hdl.pipeline import Pipeline

CLOCKS = 60


def delayed(width, stages):
    """Streams seen at ``stages`` of a counter that entered at stage 0."""
    m = Module()
    pipe = Pipeline(m)
    count = Signal(signed(width))
    entered = pipe.enter(count)
    taps = [entered.at(stage) for stage in stages]
    pipe.finish()
    found = [[] for _ in stages]

    async def bench(ctx):
        for clock in range(CLOCKS):
            ctx.set(count, clock - 30)
            for stream, tap in zip(found, taps, strict=True):
                stream.append(ctx.get(tap))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("width", [6, 40])
@pytest.mark.parametrize("stages", [[0, 1, 2, 3], [4, 9], [16], [17], [18], [35], [40, 5, 21]])
def test_delays(width, stages):
    for stage, stream in zip(stages, delayed(width, stages), strict=True):
        assert stream[stage:] == [clock - 30 for clock in range(CLOCKS - stage)]


@pytest.fixture
def pipe():
    m = Module()
    # Elaborated before it is refused: Amaranth warns of what was never used.
    Simulator(m)
    return Pipeline(m)


def test_no_value_before_its_stage(pipe):
    late = pipe.enter(Signal(4), 3)
    with pytest.raises(ValueError, match="value of stage 3 is not there yet at stage 2"):
        late.at(2)


def test_operands_of_a_product_must_fit(pipe):
    with pytest.raises(ValueError, match=r"operand of unsigned\(18\) is wider than signed\(18\)"):
        pipe.product(pipe.enter(Signal(18)), pipe.enter(Signal(signed(18))))
