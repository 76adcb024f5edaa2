"""cocotb bench of the trace pipeline: every field of every source as the model has it."""

import os
import random
from types import SimpleNamespace

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from hdl.trace import TracePipeline
from model.formats import COUNTERS, RATE, TRACE
from model.neuron import XI, R
from model.program import NEURON_STATES, TRACE_STATES
from model.trace import LOW, PSI, PSI_XI, trace

COUNT = int(os.environ.get("SOURCES", "3000"))


async def start(dut):
    dut.rst.value, dut.i_valid.value = 1, 0
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


def draw(source):
    """A source anywhere in its formats, often at their limits."""
    low = source.choice((source.randrange(TRACE.min, TRACE.max), source.randrange(-2**15, 2**15),
                         TRACE.min, TRACE.max, TRACE.max - source.getrandbits(13), 0))
    r = source.choice((source.randrange(RATE.min, RATE.max), source.randrange(-9, 9), low >> 12,
                       RATE.min, RATE.max))
    return {"flags": source.randrange(64), "r": r, "xi": source.randint(-1, 1), "low": low,
            "psi": source.randrange(RATE.min, RATE.max),
            "ratio": source.choice((source.randrange(2**16), 2**16, 0)),
            "trace_mantissa": source.choice((source.randrange(2**17), 2**16, 2**17 - 1)),
            "trace_shift": source.choice((0, 1, source.randrange(32)))}


def expected(source):
    record = SimpleNamespace(source_first=0, source_size=1, trace_first=0, **source)
    neurons = np.zeros((1, len(NEURON_STATES)), np.int64)
    neurons[0, R], neurons[0, XI] = source["r"], source["xi"]
    traces = np.zeros((1, len(TRACE_STATES)), np.int64)
    traces[0, LOW], traces[0, PSI] = source["low"], source["psi"]
    counts = np.zeros(len(COUNTERS), np.int64)
    trace(record, neurons, traces, source["flags"], counts)
    return {"low": int(traces[0, LOW]), "psi": int(traces[0, PSI]), "xi": int(traces[0, PSI_XI]),
            "saturations": int(counts[COUNTERS.index("rate")])}


@cocotb.test
async def equals_the_model(dut):
    random_source = random.Random(int(os.environ.get("SEED", "1")))
    await start(dut)
    pending, seen = {}, {}
    fed = clock = 0
    while fed < COUNT or pending:
        valid = fed < COUNT and (fed % 100 > 20 or random_source.random() < 0.6)
        source = draw(random_source)
        dut.i_valid.value, dut.i_tag.value = valid, fed % 256
        for name, value in source.items():
            getattr(dut, f"i_{name}").value = value
        if valid:
            pending[clock + TracePipeline.latency] = source, expected(source), fed % 256
            fed += 1
        await RisingEdge(dut.clk)
        assert bool(dut.o_valid.value) == (clock in pending), f"valid at clock {clock}"
        if clock in pending:
            source, outputs, tag = pending.pop(clock)
            assert int(dut.o_tag.value) == tag
            for name, value in outputs.items():
                port = getattr(dut, f"o_{name}").value
                got = int(port) if name == "saturations" else port.to_signed()
                assert got == value, f"{name}: expected {value}, got {got}, from {source}"
                seen.setdefault(name, set()).add(got)
        clock += 1
    assert len(seen["low"]) > COUNT // 3 and len(seen["psi"]) > COUNT // 3
    assert seen["xi"] == {-1, 0, 1} and seen["saturations"] >= {0, 1, 2}
