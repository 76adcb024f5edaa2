"""The pipeline builder: whatever is delayed, and by how much, operands meet."""

import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.sim import Simulator

from hdl.multiplier import Multiplier
from hdl.pipeline import Pipeline

CLOCKS = 60


def simulate(m, bench):
    """Run a bench beside a module and its clock."""
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


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

    simulate(m, bench)
    return found


@pytest.mark.parametrize("width", [6, 40])
@pytest.mark.parametrize("stages", [[0, 1, 2, 3], [4, 9], [16], [17], [18], [35], [40, 5, 21]])
def test_delays(width, stages):
    for stage, stream in zip(stages, delayed(width, stages), strict=True):
        assert stream[stage:] == [clock - 30 for clock in range(CLOCKS - stage)]


def shared(interval, slacks):
    """Products of an operand that enters every ``interval`` clocks, all of one clock unless they
    have slack, with a number that stays for the interval: (multipliers, streams); each is seen at
    the last clock of the interval after the last of them."""
    m = Module()
    phase, operand, stays = Signal(range(interval)), Signal(signed(18)), Signal(signed(12))
    m.d.sync += phase.eq(Mux(phase == interval - 1, 0, phase + 1))
    pipe = Pipeline(m, interval=interval, phase=phase)
    once, long = pipe.enter(operand), pipe.enter(stays, clocks=interval)
    products = [pipe.product(once, pipe.now(lambda long, k=number: long + k, long), slack=slack)
                for number, slack in enumerate(slacks)]
    sums = [pipe.then(lambda product, once: product + once, product, once) for product in products]
    seen = max(value.stage for value in sums) + 3 * interval - 1
    found, outs = [[] for _ in sums], [value.at(seen) for value in sums]
    pipe.finish()

    async def bench(ctx):
        for clock in range(CLOCKS):
            turn, first = divmod(clock, interval)
            # At other clocks there is something else.
            ctx.set(operand, turn + 1 if first == 0 else 77)
            ctx.set(stays, 100 - turn)
            for stream, out in zip(found, outs, strict=True):
                stream.append(ctx.get(out))
            await ctx.tick()

    simulate(m, bench)
    return pipe.units(Multiplier), [stream[seen::interval] for stream in found]


@pytest.mark.parametrize("interval", [2, 3, 4, 7])
@pytest.mark.parametrize(("slack", "multipliers"), [(0, {2: 6, 3: 6, 4: 6, 7: 6}),
                                                    (5, {2: 3, 3: 2, 4: 2, 7: 1})])
def test_products_of_other_phases_share_a_multiplier(interval, slack, multipliers):
    used, streams = shared(interval, [slack] * 6)
    assert used == multipliers[interval]
    for number, stream in enumerate(streams):
        # The registers that tell the phases know of the first turn too late.
        assert len(stream) > 3
        assert stream[1:] == [(turn + 1) * (100 - turn + number) + turn + 1
                              for turn in range(1, len(stream))]


def test_what_is_loaded_once_an_interval_is_valid_for_all_of_it():
    m = Module()
    pipe = Pipeline(m, interval=4, phase=Signal(range(4)))
    entered = pipe.enter(Signal(8))
    assert entered.at(1) is entered.at(4)
    assert entered.at(5) is entered.at(8) and entered.at(5) is not entered.at(4)
    assert (entered.until(0), entered.until(2), entered.until(5)) == (0, 4, 8)
    pipe.finish()
    Simulator(m)


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
