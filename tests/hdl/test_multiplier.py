"""The multiplier: every clock a product, two clocks later."""

import random

from amaranth.sim import Simulator

from hdl.multiplier import Multiplier

LOW, HIGH = -(1 << 17), (1 << 17) - 1


def test_products_stream_after_two_clocks():
    source = random.Random(5)
    pairs = [(a, b) for a in (LOW, -1, 0, 1, HIGH) for b in (LOW, -1, 0, 1, HIGH)]
    pairs += [(source.randint(LOW, HIGH), source.randint(LOW, HIGH)) for _ in range(200)]
    multiplier, products = Multiplier(), []

    async def bench(ctx):
        for a, b in pairs + [(0, 0)] * Multiplier.latency:
            ctx.set(multiplier.a, a)
            ctx.set(multiplier.b, b)
            products.append(ctx.get(multiplier.product))
            await ctx.tick()

    simulator = Simulator(multiplier)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert products[Multiplier.latency:] == [a * b for a, b in pairs]
