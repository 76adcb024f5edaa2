"""The layout: every number has one place, in the lane where it is needed, or a clear refusal."""

from dataclasses import replace

import numpy as np
import pytest

from hdl.config import MAX_LANES, Config
from hdl.descriptor import PROJECTION_FIELDS, WORDS
from hdl.layout import Layout
from hdl.region import LANE_BITS, OFFSET_BITS, Region, address
from model.compiler import compile_network
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.program import NEURON_STATES, SYNAPSE_STATES, TRACE_STATES, State
from model.random_network import random_network

LANES = [1, 3, 4, 6, 8]
KEYS = range(6)
OFFSET = (1 << OFFSET_BITS) - 1


@pytest.fixture(scope="module", params=LANES, ids=lambda lanes: f"{lanes}-lanes")
def layouts(request):
    """Layouts of a few random networks in a core of so many lanes."""
    config = Config(lanes=request.param, rows=128, trace_rows=512, words=4096)
    return [Layout(config, compile_network(random_network(77, key))) for key in KEYS]


def places(layout, name):
    """Offsets of a state inside its region."""
    return layout.addresses(name).astype(np.int64) & OFFSET


def row_and_lane(layout, slots):
    bits = layout.config.lane_bits
    return slots >> bits, slots & ((1 << bits) - 1)


def test_every_number_has_a_place_of_its_own(layouts):
    for layout in layouts:
        addresses = np.concatenate([layout.addresses(name) for name in State.names()])
        assert len(np.unique(addresses)) == len(addresses) > 100
        for name in State.names():
            if name != "generator":
                regions = layout.addresses(name) >> OFFSET_BITS
                assert set(regions.tolist()) == {int(Region[name.upper()])}


def test_places_are_within_the_core(layouts):
    for layout in layouts:
        config = layout.config
        for names, rows in ((NEURON_STATES, config.rows), (TRACE_STATES, config.trace_rows)):
            for name in names:
                row, lane = row_and_lane(layout, places(layout, name))
                assert row.max() < rows and lane.max() < config.lanes
        for name in SYNAPSE_STATES:
            offsets = places(layout, name)
            assert (offsets & ((1 << LANE_BITS) - 1)).max() < config.lanes
            assert (offsets >> LANE_BITS).max() < config.words


def test_neurons_keep_their_order_and_inputs_their_rows(layouts):
    for layout in layouts:
        slots, inputs = places(layout, "r"), layout.program.inputs
        assert (np.diff(slots) > 0).all()
        rows, lanes = row_and_lane(layout, slots)
        assert (slots[0], rows[inputs] > rows[inputs - 1], lanes[inputs]) == (0, True, 0)
        # Within a population slots follow each other, from one row to the next.
        for p in layout.program.populations:
            own = slice(int(p["first"]), int(p["first"] + p["size"]))
            assert (np.diff(rows[own] * layout.config.lanes + lanes[own]) == 1).all()


def test_a_synapse_lies_in_the_lane_of_its_source_and_of_its_trace(layouts):
    for layout in layouts:
        source_rows, source_lanes = row_and_lane(layout, places(layout, "r"))
        trace_rows, trace_lanes = row_and_lane(layout, places(layout, "psi"))
        words, lanes = (places(layout, "W") >> LANE_BITS,
                        places(layout, "W") & ((1 << LANE_BITS) - 1))
        assert np.array_equal(places(layout, "W"), places(layout, "B"))
        for p in layout.program.projections:
            source = slice(int(p["source_first"]), int(p["source_first"] + p["source_size"]))
            trace = slice(int(p["trace_first"]), int(p["trace_first"] + p["source_size"]))
            shape = int(p["target_size"]), int(p["source_size"])
            own = slice(int(p["synapse_first"]), int(p["synapse_first"]) + shape[0] * shape[1])
            assert (lanes[own].reshape(shape) == source_lanes[source]).all()
            assert np.array_equal(trace_lanes[trace], source_lanes[source])
            row = source_rows[source] - source_rows[source][0]
            assert np.array_equal(trace_rows[trace] - trace_rows[trace][0], row)
            # Row by row of sources, target by target: the order of the sequencer.
            word = words[own].reshape(shape)
            assert (word == word[0, 0] + row * shape[0] + np.arange(shape[0])[:, None]).all()


def test_the_image_ends_with_the_initial_state(layouts):
    for layout in layouts:
        addresses, values = layout.image()
        assert addresses.dtype == values.dtype == np.uint32
        memory = dict(zip(addresses.tolist(), values.tolist(), strict=True))
        for name in State.names():
            held = [memory[address] for address in layout.addresses(name).tolist()]
            state = layout.program.state[name].astype(np.int64)
            assert held == (state & 0xFFFFFFFF).tolist()
        registers = {name: memory[layout.registers[name]] for name in ("inputs", "outputs")}
        assert registers == {"inputs": layout.program.inputs, "outputs": layout.program.outputs}
        assert memory[layout.registers["projections"]] == len(layout.program.projections)
        learning = sum(bool(p["learns_tau"]) for p in layout.program.populations)
        assert memory[layout.registers["learning_taus"]] == learning


def unpacked(fields, words):
    """The fields of a descriptor from its words; all unsigned."""
    bits = sum(int(word) << 32 * k for k, word in enumerate(words))
    values = {}
    for name, width in fields.items():
        values[name] = bits & (1 << abs(width)) - 1
        bits >>= abs(width)
    return values


def test_descriptors_of_projections_say_what_the_sequencer_needs(layouts):
    fresh = single = 0
    for layout in layouts:
        memory = dict(zip(*(values.tolist() for values in layout.image()), strict=True))
        slots, targets = places(layout, "r"), set()
        for number, p in enumerate(layout.program.projections):
            found = unpacked(PROJECTION_FIELDS, [
                memory.get(address(Region.PROJECTIONS, number * WORDS + k), 0)
                for k in range(WORDS)])
            first, size = int(p["source_first"]), int(p["source_size"])
            rows, lanes = row_and_lane(layout, slots[first:first + size])
            assert found["source_last"] == slots[first + size - 1]
            assert (found["source_row"], found["source_lane"]) == (rows[0], lanes[0])
            assert found["source_row"] + found["source_rows"] == rows[-1] + 1
            assert found["target_slot"] == slots[p["target_first"]]
            # A target's sum starts anew with the first projection to it.
            assert found["fresh"] == (p["target"] not in targets)
            assert found["single"] == (p["target_size"] == 1)
            targets.add(p["target"])
            fresh, single = fresh + found["fresh"], single + found["single"]
    assert 0 < fresh < sum(len(layout.program.projections) for layout in layouts) and single > 0


def program():
    """7 inputs → 9 hidden (recurrent) → 2 outputs: on 4 lanes 2 rows, 3 and 1."""
    hidden = Population(name="hidden", size=9, tau_m=0.1, tau_r=0.05)
    return compile_network(Network(
        dt=0.01, inputs=7, name="small",
        populations=[hidden, replace(hidden, name="out", size=2, output=True)],
        projections=[Projection(source=INPUT, target="hidden", weights=np.ones((9, 7))),
                     Projection(source="hidden", target="hidden", weights=np.ones((9, 9))),
                     Projection(source="hidden", target="out", weights=np.ones((2, 9)))]))


@pytest.mark.parametrize(("capacity", "what", "needed"), [
    ("rows", "rows of neurons", 6), ("trace_rows", "rows of traces", 8),
    ("words", "synapse words", 2 * 9 + 3 * 9 + 3 * 2), ("populations", "populations", 3),
    ("projections", "projections", 3), ("inputs", "inputs", 7), ("outputs", "outputs", 2),
])
def test_a_program_that_does_not_fit_is_refused(capacity, what, needed):
    small = program()
    Layout(Config(lanes=4, **{capacity: needed}), small)
    with pytest.raises(NetworkError, match=f"^network 'small' needs {needed} {what}; this core of "
                                           f"4 lanes has {needed - 1}$"):
        Layout(Config(lanes=4, **{capacity: needed - 1}), small)


@pytest.mark.parametrize(("name", "value", "limit"), [
    ("lanes", 0, MAX_LANES), ("lanes", MAX_LANES + 1, MAX_LANES), ("words", 8193, 8192),
    ("rows", 2.5, 4096)])
def test_a_core_that_cannot_be_built_is_refused(name, value, limit):
    with pytest.raises(ValueError, match=rf"^{name} = {value} is outside 1 … {limit}$"):
        Config(**{name: value})
