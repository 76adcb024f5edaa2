"""cocotb bench of the neuron pipeline: every field of every neuron as the model has it."""

import os
import random
from collections import Counter
from types import SimpleNamespace

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from hdl.activation import Activation
from hdl.neuron import LATER, SQUARES_LATE, STAY, NeuronFields, NeuronPipeline
from model.activation import SEGMENTS, table
from model.eligibility import held_slope, note
from model.formats import COUNTERS, SLOPE_SUM, WEIGHT
from model.neuron import XI, neuron_step, tau_pull
from model.program import ELIGIBILITY_NEURON_STATES, NEURON_STATES, TABLE_SLOTS, Flag

COUNT = int(os.environ.get("NEURONS", "3000"))
ELIGIBLE = bool(int(os.environ["ELIGIBLE"]))
INTERVAL = int(os.environ.get("INTERVAL", "1"))
FIELDS = NeuronFields(ELIGIBLE)
INPUTS = {"total": 48, "errors_above": 48, "teach": 18, "modulator": 18}
# What a program guarantees, beyond the widths of the fields.
RECORD_LIMITS = {"ratio": 2**17, "membrane_mantissa": 2**17, "error_mantissa": 2**17,
                 "bias_mantissa": 2**14, "tau_mantissa": 2**14, "tap_step": 2**21 + 1,
                 "tap_limit": 2**26}


def draw(source, width, typical):
    """Any magnitude of a signed field alike often, and its corners."""
    high = (1 << (width - 1)) - 1
    kind = source.random()
    if kind < 0.06:
        return source.choice((-high - 1, high))
    if kind < 0.12:
        return source.choice((0, 0, 1, -1))
    if kind < 0.5:
        return source.randint(-1 << typical, 1 << typical)
    magnitude = source.getrandbits(source.randint(1, width - 1))
    return source.choice((magnitude, ~magnitude))


def draw_record(source):
    record = {}
    for name, shape in FIELDS.record.members.items():
        if name in RECORD_LIMITS:
            limit = RECORD_LIMITS[name]
            record[name] = source.choice((source.randrange(limit), source.randrange(limit),
                                          limit // 2, limit - 1, 0))
        elif shape.signed:
            record[name] = source.randrange(-1 << (shape.width - 1), 1 << (shape.width - 1))
        else:
            record[name] = source.randrange(1 << shape.width)
    if source.random() < 0.5:
        record |= {"membrane_shift": source.randrange(4), "error_shift": source.randrange(4),
                   "noisy": 1, "noise_shift": source.randrange(4), "bias_shift": 2}
    record["bias_shift"] = max(2, record["bias_shift"])
    if source.random() < 0.5:
        record["tau_shift"] = source.randrange(8, 20)
    return record


def draw_neuron(source):
    """A neuron, its population and its frame; a few are all zero."""
    typical = {"total": 31, "errors_above": 29, "u": 26, "v": 27, "x": 27, "current": 23,
               "change": 20, "change_mean": 22, "c0": 21, "c1": 21, "s": 16}
    asleep = source.random() < 0.02
    old = {name: 0 if asleep else draw(source, FIELDS.states[name].width,
                                       typical.get(name, 15)) for name in FIELDS.old}
    if ELIGIBLE:
        old["explored"] = source.randint(-1, 1)
        if source.random() < 0.1:
            old["slopes"] = source.choice((SLOPE_SUM.min, SLOPE_SUM.max))
    if source.random() < 0.2:
        old["x"] = old["v"] >> source.randrange(3)
        old["bias"] = source.choice((WEIGHT.min, WEIGHT.max))
    old["change_mean"] = max(old["change_mean"], 0)
    frame = {name: 0 if asleep else draw(source, width, typical.get(name, 15))
             for name, width in INPUTS.items()}
    frame |= {"kind": source.randrange(4), "flags": source.randrange(1 << len(Flag)),
              "word": 0 if asleep else source.getrandbits(32)}
    if source.random() < 0.5:
        frame["flags"] |= Flag.LEARN | Flag.INTEGRATE
    return old, frame, draw_record(source)


def make_tables(source):
    """Two real activations and two of wild knots, whose differences just fit."""
    def wild(low, high):
        knots = [[source.choice((low, high, source.randint(low, high)))
                  for _ in range(SEGMENTS + 1)] for _ in range(2)]
        return np.stack([column for knot in knots for column in (knot[:-1], np.diff(knot))], axis=1)
    tables = [table("tanh"), table("softplus"), wild(-65536, 65535), wild(98304, 131071)]
    tables[3][::2] *= -1
    assert len(tables) == TABLE_SLOTS
    return np.stack(tables)


def expected(old, frame, record, tables):
    """What the model makes of it: name of an output port → value."""
    state = np.array([[old.get(name, 0) for name in NEURON_STATES]], np.int64)
    counts = np.zeros(len(COUNTERS), np.int64)
    population, pull = SimpleNamespace(**record), 0
    factors = np.array([[old.get(name, 0) for name in ELIGIBILITY_NEURON_STATES]], np.int64)
    held = held_slope(factors, 0) if record.get("gathers") else -1
    if population.learns_tau and frame["flags"] & Flag.LEARN:
        pull = tau_pull(population, state, 0, frame["modulator"], counts)
    rate, _, told, above, slope = neuron_step(
        population, neurons=state, n=0, tables=tables, counts=counts, held_slope=held, **frame)
    new = {f"new_{name}": int(value) for name, value in zip(NEURON_STATES, state[0], strict=True)}
    if ELIGIBLE:
        counts[COUNTERS.index("rate")] += note(
            factors, 0, above, slope, state[0, XI], frame["flags"], record["gathers"])
        new |= {f"new_{name}": int(value)
                for name, value in zip(ELIGIBILITY_NEURON_STATES, factors[0], strict=True)}
    events = {f"saturations_{name}": int(counts[COUNTERS.index(name)])
              for name in FIELDS.saturations}
    return new | {"rate": int(rate), "told": int(told), "tau_pull": int(pull)} | events


async def load(dut, tables):
    """Write the tables through the host's port and read all of them back."""
    entries = list(enumerate(int(value) for value in tables.ravel()))
    dut.tables_write_enable.value = 1
    for address, value in entries:
        dut.tables_address.value, dut.tables_write_data.value = address, value
        await RisingEdge(dut.clk)
    dut.tables_write_enable.value = 0
    read = []
    for clock in range(len(entries) + Activation.read_latency + 1):
        dut.tables_address.value = min(clock, len(entries) - 1)
        await RisingEdge(dut.clk)
        read.append(dut.tables_read_data.value.to_signed())
    assert read[Activation.read_latency:][:len(entries)] == [value for _, value in entries]


async def start(dut):
    dut.rst.value, dut.i_valid.value = 1, 0
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


def put(dut, tag, old, frame, record):
    """Drive a neuron's ports, but for the errors from above, which come later."""
    frame = {name: value for name, value in frame.items() if name != "errors_above"}
    fields = ({f"old_{name}": value for name, value in old.items()} | frame
              | {f"population_{name}": value for name, value in record.items()})
    dut.i_tag.value = tag
    for name, value in fields.items():
        getattr(dut, f"i_{name}").value = int(value)


def mixed(old, frame, record, clock, before):
    """What is there at a ``clock`` of the turn of a neuron that came ``before``, everything else
    being another's: late states after its first, what stays as long as the turn."""
    if clock == 0:
        late = {name: before[0][name] for name in LATER if name in old} if before else {}
        return old | (late if INTERVAL > 1 else {}), frame, record
    before_old, before_frame, _ = before
    return (old | {name: before_old[name] for name in LATER if name in old},
            frame | {name: before_frame[name] for name in STAY}, record)


def check_alive(seen, saturated):
    """Every field takes many values and every counter its events."""
    few = {"new_xi": 3, "new_explored": 3, "saturations_rate": 2 + ELIGIBLE,
           "saturations_bias": 2, "saturations_current": 3,
           "saturations_membrane": 4, "saturations_error": 6, "saturations_factor": 2,
           "told": COUNT // 6, "tau_pull": COUNT // 10}
    for name, values in seen.items():
        assert len(values) >= few.get(name, COUNT // 3), f"{name}: only {len(values)} values"
    for name in FIELDS.saturations:
        assert COUNT // 100 < saturated[name] < COUNT, f"{name}: {saturated[name]} events"


UNSIGNED = ("tag", "new_word", "new_change_length")


def check(dut, prefix, names, outputs, neuron):
    """Compare the ports ``prefix_name`` with what the model makes of the neuron."""
    for name in names:
        port = getattr(dut, f"{prefix}_{name}").value
        unsigned = name in UNSIGNED or name.startswith("saturations")
        got = int(port) if unsigned else port.to_signed()
        assert got == outputs[name], (
            f"{prefix} {name}: expected {outputs[name]}, got {got}, from {neuron}")


@cocotb.test
async def equals_the_model(dut):
    source = random.Random(int(os.environ.get("SEED", "1")))
    await start(dut)
    tables = make_tables(source)
    await load(dut, tables)

    posted = ["tag", *(f"new_{name}" for name in FIELDS.posted)]
    pending, squares, seen, saturated, before = {}, {}, {}, Counter(), None
    fed, clock, follows = 0, 0, None
    while fed < COUNT or pending or squares:
        # Rows of neurons back to back, and gaps.
        turn = clock % INTERVAL == 0
        valid = turn and fed < COUNT and (fed % 100 > 20 or source.random() < 0.6)
        dut.i_valid.value = valid
        if INTERVAL > 1:
            dut.phase.value = clock % INTERVAL
        neuron = draw_neuron(source)
        put(dut, fed % 1024, *mixed(*neuron, clock % INTERVAL, before))
        before = neuron if turn else before
        if valid:
            pending[clock] = neuron, expected(*neuron, tables) | {"tag": fed % 1024}
            fed += 1
        above, early, leaving = (clock - stage for stage in (
            NeuronPipeline.above_stage, NeuronPipeline.post_stage, NeuronPipeline.latency))
        # Whatever comes from above at another clock is not for this neuron.
        told = above - above % INTERVAL
        dut.errors_above.value = (pending[told][0] if told in pending else draw_neuron(
            source))[1]["errors_above"]
        await RisingEdge(dut.clk)
        assert bool(dut.post_valid.value) == (early in pending), f"post at clock {clock}"
        if early in pending:
            neuron, outputs = pending[early]
            length = outputs["new_change_mean"].bit_length()
            check(dut, "post", posted, outputs | {"new_change_length": length}, neuron)
        assert bool(dut.o_valid.value) == (leaving in pending), f"valid at clock {clock}"
        if leaving in pending:
            neuron, outputs = pending.pop(leaving)
            later = [f"new_{name}" for name in LATER] if INTERVAL > 1 else []
            check(dut, "o", outputs.keys() - set(later), outputs, neuron)
            for name, value in outputs.items():
                seen.setdefault(name, set()).add(value)
            for name in FIELDS.saturations:
                saturated[name] += outputs[f"saturations_{name}"] > 0
            if INTERVAL > 1:
                squares[leaving] = {"e": outputs["new_e"] ** 2, "told": outputs["told"] ** 2}
                follows = neuron, outputs, outputs.keys() & set(later)
        elif follows:
            neuron, outputs, names = follows
            check(dut, "o", names, outputs, neuron)
            follows = None
        if leaving - SQUARES_LATE in squares:
            check(dut, "squares", ("e", "told"), squares.pop(leaving - SQUARES_LATE), leaving)
        clock += 1
    del seen["tag"]
    check_alive(seen, saturated)
