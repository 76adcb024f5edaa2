"""Primitives: their twins agree, memories take the blocks they should, bad sizes are refused."""

import gc

import numpy as np
import pytest
from amaranth.back import rtlil

from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam, tiling
from hdl.primitives.byte_ram import BYTE
from hdl.primitives.technology import Target, Technology
from sim.cells import CELLS
from sim.vectors import run_vectors
from tests.hdl.twins import (
    BYTE_RAMS,
    LATENCIES,
    RAMS,
    ByteTwins,
    MultiplierTwins,
    RamTwins,
)

CLOCKS = 20_000
LOW, HIGH = -(1 << 17), (1 << 17) - 1
NAMED = [Technology.ECP5]
UNUSED = "ignore::amaranth._unused.UnusedMustUse"
"""Amaranth misses what its own constructor has refused."""


@pytest.mark.parametrize("technology", NAMED)
def test_multipliers_of_a_technology_do_what_the_portable_one_does(technology):
    draw = np.random.default_rng(3)
    a, b = draw.integers(LOW, HIGH, (2, CLOCKS), endpoint=True) >> draw.integers(0, 18, (2, CLOCKS))
    corners = np.array([LOW, -1, 0, 1, HIGH])
    a[:25], b[:25] = np.repeat(corners, 5), np.tile(corners, 5)
    found = run_vectors(MultiplierTwins(technology), {"a": a, "b": b}, cells=CELLS[technology])
    products = a * b & (1 << 36) - 1
    assert len(set(products)) > CLOCKS // 2
    for latency in LATENCIES:
        for kind in ("portable", "mapped"):
            assert np.array_equal(found[f"{kind}_{latency}"][latency:], products[:-latency])
    assert np.array_equal(found["copy"][1:], a[:-1] & (1 << 18) - 1)


def traffic(draw):
    """Reads and writes near each other, at both ends of all memories alike and across banks."""
    base = draw.choice((0, 60, 1000, 2040, 4090, 8180, 11990), CLOCKS)
    return {"read_address": base + draw.integers(0, 8, CLOCKS),
            "write_address": base + draw.integers(0, 8, CLOCKS),
            "write": draw.integers(0, 2, CLOCKS),
            "write_data": draw.integers(0, 1 << 40, CLOCKS)}


def expected(inputs, width: int, depth: int):
    """What each clock's read must find; −1 where it is undefined."""
    mask = (1 << (depth - 1).bit_length()) - 1
    held, words = {}, []
    for read, write, written, data in zip(*(inputs[name].tolist() for name in (
            "read_address", "write", "write_address", "write_data")), strict=True):
        read, written = read & mask, written & mask
        words.append(-1 if read >= depth or (write and read == written) else held.get(read, -1))
        if write and written < depth:
            held[written] = data & (1 << width) - 1
    return np.array(words)


@pytest.mark.parametrize("technology", NAMED)
def test_memories_of_a_technology_do_what_the_portable_one_does(technology):
    inputs = traffic(np.random.default_rng(4))
    found = run_vectors(RamTwins(technology), inputs, cells=CELLS[technology])
    for number, (width, depth, register) in enumerate(RAMS):
        words, latency = expected(inputs, width, depth), 2 if register else 1
        known = words[:-latency] >= 0
        assert known.sum() > CLOCKS // 4
        for kind in ("portable", "mapped"):
            data = found[f"{kind}_{number}"][latency:]
            assert np.array_equal(data[known], words[:-latency][known]), (kind, width, depth)


def expected_parts(inputs, count: int, depth: int, width: int):
    """What each clock's read must find, part by part; −1 where it is undefined."""
    mask, held, found = (1 << (depth - 1).bit_length()) - 1, {}, []
    for read, write, written, data in zip(*(inputs[name].tolist() for name in (
            "read_address", "write", "write_address", "write_data")), strict=True):
        read, written, write = read & mask, written & mask, write & (1 << count) - 1
        known = read < depth and not (write and read == written)
        found.append([held.get((read, part), -1) if known else -1 for part in range(count)])
        held |= {(written, part): data >> width * part & (1 << width) - 1
                 for part in range(count) if write >> part & 1 and written < depth}
    return np.array(found)


@pytest.mark.parametrize("technology", NAMED)
def test_parts_are_written_one_by_one(technology):
    draw = np.random.default_rng(5)
    base = draw.choice((0, 32, 500, 1020, 1290), CLOCKS)
    inputs = {"read_address": base + draw.integers(0, 8, CLOCKS),
              "write_address": base + draw.integers(0, 8, CLOCKS),
              "write": draw.integers(0, 1 << 6, CLOCKS),
              "write_data": draw.integers(0, 1 << 54, CLOCKS)}
    found = run_vectors(ByteTwins(technology), inputs, cells=CELLS[technology])
    for number, (count, depth, size) in enumerate(BYTE_RAMS):
        width = BYTE * size
        words = expected_parts(inputs, count, depth, width)[:-2]
        assert (words >= 0).mean() > 0.3
        for kind in ("portable", "mapped"):
            data = found[f"{kind}_{number}"][2:]
            for part in range(count):
                mine, known = data >> width * part & (1 << width) - 1, words[:, part] >= 0
                assert np.array_equal(mine[known], words[known, part]), (kind, count, depth, part)


@pytest.mark.parametrize(("width", "depth", "plan"), [
    (18, 1024, (18, 1, 1)), (18, 2048, (9, 2, 1)), (18, 4096, (9, 2, 2)), (32, 512, (36, 1, 1)),
    (30, 2048, (9, 4, 1)), (48, 1024, (18, 3, 1)), (1, 16384, (1, 1, 1)),
])
def test_memories_take_the_fewest_blocks_and_banks(width, depth, plan):
    assert tiling(width, depth) == plan


@pytest.mark.filterwarnings(UNUSED)
@pytest.mark.parametrize("size", [{"width": 0, "depth": 4}, {"width": 4, "depth": -1}])
def test_memories_without_words_are_refused(size):
    with pytest.raises(ValueError, match="of a block RAM is not a positive integer"):
        BlockRam(**size)
    gc.collect()


def test_multipliers_that_find_no_block_do_without():
    target = Target(Technology.ECP5, multipliers=2)
    texts = [rtlil.convert(Multiplier(), platform=target) for _ in range(4)]
    assert ["MULT18X18D" in text for text in texts] == [True, True, False, False]
    assert all("MULT18X18D" in rtlil.convert(Multiplier(), platform=Technology.ECP5)
               for _ in range(3))


@pytest.mark.filterwarnings(UNUSED)
def test_multipliers_have_two_or_three_registers():
    with pytest.raises(ValueError, match=r"^latency = 4 of a multiplier is neither 2 nor 3 clocks"):
        Multiplier(latency=4)
    gc.collect()
