"""The activation tables: every slot, segment and position as the model interpolates them."""

import random

import numpy as np
from amaranth.hdl import Elaboratable, Module, Signal, signed
from amaranth.sim import Simulator

from hdl.activation import Activation, interpolate
from hdl.pipeline import Pipeline
from model.activation import ACTIVATIONS, SEGMENT_BITS, SEGMENTS, table
from model.fixed import shift_round
from model.formats import ARGUMENT, RATE, SLOPE

NAMES = ("tanh", "softplus", "sigmoid", "relu")
LATENCY = Activation.latency + 3


class Interpolated(Elaboratable):
    """The tables, and rate and slope by them ``LATENCY`` clocks after an argument."""

    def __init__(self):
        self.tables = Activation()
        self.rate, self.slope = Signal(signed(RATE.width)), Signal(signed(SLOPE.width))

    def elaborate(self, platform):
        m = Module()
        m.submodules.tables = self.tables
        pipe = Pipeline(m)
        for port, value in zip((self.rate, self.slope), interpolate(
                pipe, self.tables, Activation.latency), strict=True):
            m.d.comb += port.eq(value.at(LATENCY))
        pipe.finish()
        return m


def model(tables, slot, s):
    """(φ, φ') as in the neuron's step."""
    row = tables[slot, (s >> SEGMENT_BITS) + SEGMENTS // 2]
    position = s & ((1 << SEGMENT_BITS) - 1)
    return tuple(int(row[knot] + shift_round(row[knot + 1] * position, SEGMENT_BITS))
                 for knot in (0, 2))


def arguments():
    source = random.Random(9)
    every_segment = [(k % 4, ARGUMENT.min + (k << (SEGMENT_BITS - 2)) + source.getrandbits(9))
                     for k in range(4 * SEGMENTS)]
    return every_segment + [(slot, s) for slot in range(4)
                            for s in (ARGUMENT.min, -1, 0, 1, ARGUMENT.max)]


async def load(ctx, port, tables):
    """Write all entries, read all back while the next addresses go in."""
    values = [int(value) for value in tables.ravel()]
    ctx.set(port.write_enable, 1)
    for address, value in enumerate(values):
        ctx.set(port.address, address)
        ctx.set(port.write_data, value)
        await ctx.tick()
    ctx.set(port.write_enable, 0)
    read = []
    for address in range(len(values) + Activation.read_latency):
        ctx.set(port.address, min(address, len(values) - 1))
        read.append(ctx.get(port.read_data))
        await ctx.tick()
    assert read[Activation.read_latency:] == values


def test_tables_interpolate_as_in_the_model():
    interpolated = Interpolated()
    activation = interpolated.tables
    tables = np.stack([table(name) for name in NAMES])
    found = []

    async def bench(ctx):
        await load(ctx, activation.host, tables)
        ctx.set(activation.valid, 1)
        for slot, s in arguments() + [(0, 0)] * LATENCY:
            ctx.set(activation.slot, slot)
            ctx.set(activation.s, s)
            found.append((ctx.get(interpolated.rate), ctx.get(interpolated.slope)))
            await ctx.tick()

    simulator = Simulator(interpolated)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    found = found[LATENCY:]
    assert found == [model(tables, slot, s) for slot, s in arguments()]
    assert len(set(found)) > 500
    # And it is the function that was meant.
    for (slot, s), (rate, _) in zip(arguments(), found, strict=True):
        value = ACTIVATIONS[NAMES[slot]].value(np.float64(ARGUMENT.real(s)))
        assert abs(RATE.real(rate) - min(value, RATE.limit)) < 0.04
