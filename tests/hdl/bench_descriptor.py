"""cocotb bench of the descriptor table: what the host packs, each reader finds by field, as far as
it asks for it."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from hdl.descriptor import PROJECTION_FIELDS, READ_DESCRIPTOR, WORDS, pack
from hdl.region import Region
from tests.hdl.driving import bus_write, start

DEPTH = 11
FEW = {"released": 11, "ratio": 18, "learns_tau": 1}
"""What the second reader asks for: few fields, of one only the low bits."""


def draw_descriptor(source):
    """A value for each field, often an end of its range."""
    values = {}
    for name, width in PROJECTION_FIELDS.items():
        low, high = (0, (1 << width) - 1) if width > 0 else (-(1 << -width - 1),
                                                             (1 << -width - 1) - 1)
        values[name] = source.choice((low, high, source.randint(low, high)))
    return values


@cocotb.test
async def descriptors_return_field_by_field(dut):
    source = random.Random(13)
    await start(dut)
    descriptors = [draw_descriptor(source) for _ in range(DEPTH)]
    words = [(number * WORDS + k, word) for number, values in enumerate(descriptors)
             for k, word in enumerate(pack(PROJECTION_FIELDS, values))]
    assert all(0 <= word < 1 << 32 for _, word in words)
    source.shuffle(words)
    await bus_write(dut, Region.PROJECTIONS, words)
    # What is meant for another region changes nothing here.
    await bus_write(dut, Region.POPULATIONS, [(offset, ~word) for offset, word in words])

    numbers = [(source.randrange(DEPTH), source.randrange(DEPTH)) for _ in range(300)]
    wait = [None] * READ_DESCRIPTOR
    for before, now in zip([*wait, *numbers], [*numbers, *[(0, 0)] * len(wait)], strict=True):
        dut.number_0.value, dut.number_1.value = now
        await RisingEdge(dut.clk)
        for reader, fields in enumerate((PROJECTION_FIELDS, FEW)) if before else ():
            for name, width in fields.items():
                low = descriptors[before[reader]][name] & ((1 << abs(width)) - 1)
                assert int(getattr(dut, f"data_{reader}_{name}").value) == low, name
    assert len({tuple(values.values()) for values in descriptors}) == DEPTH
