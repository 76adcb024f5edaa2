"""cocotb bench of the sequencer: which words it issues, in which order, and without gaps."""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from hdl.config import Config
from hdl.descriptor import PROJECTION_FIELDS
from hdl.sequencer import Settings
from model.fixed import shift_round
from tests.hdl.driving import draw, put, start

LANES = int(os.environ["LANES"])
CONFIG = Config(lanes=LANES)


def draw_projection(source):
    """Any descriptor of 1 to about 60 words, small ones as often as large ones."""
    values = {name: source.getrandbits(abs(width)) for name, width in PROJECTION_FIELDS.items()}
    rows, targets = source.choice(((1, 1), (1, 5), (1, 6), (5, 1), (2, 3), (7, 8),
                                   (source.randint(1, 4), source.randint(1, 9))))
    return values | {
        "source_row": source.randrange(12), "source_rows": rows, "target_size": targets,
        "target_slot": CONFIG.slot(source.randrange(60)), "word": source.randrange(1024),
        "trace_row": source.randrange(64), "rate_mantissa": source.randrange(1 << 14)}


def place(slot):
    """Number of a slot's neuron, counted row by row."""
    row = slot >> CONFIG.lane_bits
    return row * LANES + slot - (row << CONFIG.lane_bits)


def expected(number, p, modulator, input_rows):
    """The issues of one projection."""
    settings = {name: p[name] for name in Settings.members if name != "rate"}
    settings["rate"] = shift_round(p["rate_mantissa"] * modulator, 14)
    word, first = p["word"], place(p["target_slot"])
    for row in range(p["source_rows"]):
        for target in range(p["target_size"]):
            yield number, {
                "word": word, "target_slot": CONFIG.slot(first + target),
                "source_row": p["source_row"] + row, "trace_row": p["trace_row"] + row,
                "is_input": int(p["source_row"] + row < input_rows), "first": int(target == 0),
                "last": int(target == p["target_size"] - 1), "first_row": int(row == 0),
            }, settings
            word += 1


def found(dut):
    """What is issued at this clock."""
    names = ("word", "target_slot", "source_row", "trace_row", "is_input", "first", "last",
             "first_row")
    issue = {name: int(getattr(dut, f"issue_{name}").value) for name in names}
    settings = {name: int(getattr(dut, f"issue_settings_{name}").value)
                for name in Settings.members if name != "rate"}
    return issue, settings | {"rate": dut.issue_settings_rate.value.to_signed()}


async def run(dut, projections, modulator, input_rows):
    """One step; returns (clock, number, issue, settings, finished) per issue, checked in order."""
    dut.modulator.value = modulator & 0x3FFFF
    dut.input_rows.value, dut.count.value = input_rows, len(projections)
    issues = [issue for number, p in enumerate(projections)
              for issue in expected(number, p, modulator, input_rows)]
    dut.start.value, clocks, clock, number = 1, [], 0, 0
    while True:
        # The descriptor table answers a clock after the number.
        put(dut, "data", projections[min(number, len(projections) - 1)])
        await RisingEdge(dut.clk)
        number = int(dut.number.value)
        dut.start.value = 0
        if dut.issue_valid.value:
            assert len(clocks) < len(issues), "more words than there are"
            expected_number, *fields = issues[len(clocks)]
            assert found(dut) == tuple(fields), f"word {len(clocks)} of the step"
            ends = (len(clocks) + 1 == len(issues)
                    or issues[len(clocks) + 1][0] != expected_number)
            assert int(dut.finished.value) == ends
            if ends:
                assert int(dut.released.value) == projections[expected_number]["released"]
            clocks.append((clock, expected_number))
        else:
            assert not dut.finished.value
        if clock and not dut.busy.value:
            break
        clock += 1
    assert len(clocks) == len(issues)
    return clocks


@cocotb.test
async def issues_every_word_in_order(dut):
    source = random.Random(15)
    await start(dut)
    words, single = 0, 0
    for _ in range(120):
        projections = [draw_projection(source) for _ in range(source.randint(1, 7))]
        clocks = await run(dut, projections, draw(source, 18), source.randrange(12))
        words += len(clocks)
        # Not even a projection of a single word leaves a gap behind it.
        assert [clock for clock, _ in clocks] == list(range(clocks[0][0], clocks[-1][0] + 1))
        single += sum(1 for p in projections if p["source_rows"] * p["target_size"] == 1)
    assert words > 500 and single > 20
