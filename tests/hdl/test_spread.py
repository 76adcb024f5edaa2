"""Ways to and from many lanes: every lane gets the word, every lane's word can be chosen."""

import random
from itertools import pairwise

import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data
from amaranth.sim import Simulator

from hdl.primitives.technology import Technology
from hdl.select import select, select_latency
from hdl.spread import groups, spread, spread_latency

CLOCKS = 120
LATENCIES = {1: 0, 6: 0, 7: 1, 8: 1, 9: 2, 16: 2, 17: 2, 48: 2}
LEVELS = {1: 1, 3: 1, 4: 1, 5: 2, 16: 2, 17: 3, 48: 3, 64: 3, 65: 4}
Pair = data.StructLayout({"left": 7, "right": 5})


def simulate(m, bench):
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize(("lanes", "latency"), LATENCIES.items())
def test_spread_reaches_every_group(lanes, latency):
    m, value, pair, source = Module(), Signal(12), Signal(Pair), random.Random(lanes)
    copies = spread(m, value, lanes, Technology.PORTABLE, name="value")
    pairs = spread(m, pair, lanes, Technology.PORTABLE, name="pair")
    # Something to clock even where nothing is copied.
    m.d.sync += Signal().eq(value[0])
    assert len(copies) == len(pairs) == len(groups(lanes)) and spread_latency(lanes) == latency
    # Beyond some lanes, no group shares a register with another.
    assert len({id(copy) for copy in copies}) == (len(copies) if latency else 1)
    words = [source.getrandbits(12) for _ in range(CLOCKS)]

    async def bench(ctx):
        for clock, word in enumerate(words):
            ctx.set(value, word)
            ctx.set(pair, {"left": word & 127, "right": word >> 7})
            if clock >= latency:
                before = words[clock - latency]
                for copy, other in zip(copies, pairs, strict=True):
                    assert ctx.get(copy) == before
                    assert ctx.get(other.left) | ctx.get(other.right) << 7 == before
            await ctx.tick()

    simulate(m, bench)


@pytest.mark.parametrize("lanes", [1, 4, 5, 8, 32, 48])
def test_every_lane_is_in_a_group_of_up_to_four(lanes):
    found = groups(lanes)
    assert [lane for group in found for lane in group] == list(range(lanes))
    assert {len(group) for group in found[:-1]} <= {4} and 1 <= len(found[-1]) <= 4


@pytest.mark.parametrize(("count", "latency"), LEVELS.items())
def test_select_finds_every_word(count, latency):
    m, source = Module(), random.Random(count)
    words = [Signal(unsigned(9), name=f"word_{k}") for k in range(count)]
    index = Signal(range(max(2, count)))
    chosen = select(m, words, index, Technology.PORTABLE, name="chosen")
    assert select_latency(count) == latency
    # Words change with every clock: an index belongs to the words a clock after it.
    order = [*range(count), *(source.randrange(count) for _ in range(CLOCKS))]

    async def bench(ctx):
        expected = []
        ctx.set(index, order[0])
        for clock, (number, following) in enumerate(pairwise([*order, 0])):
            await ctx.tick()
            values = [source.getrandbits(9) for _ in words]
            for word, value in zip(words, values, strict=True):
                ctx.set(word, value)
            ctx.set(index, following)
            expected.append(values[number])
            if clock >= latency:
                assert ctx.get(chosen) == expected[clock - latency]

    simulate(m, bench)
