"""The Verilated library: streams, stalls, the bus, independence, and a core that hangs."""

from pathlib import Path

import numpy as np
import pytest

from sim.build import build_library
from sim.library import SimulatedCore, StuckError
from tests.sim import dummy

FACTOR = 3


@pytest.fixture(scope="module")
def library():
    return build_library(lambda: dummy.Dummy(factor=FACTOR), identity=f"factor={FACTOR}",
                         sources=[Path(dummy.__file__)])


def frames_and_results(seed: int, frames: int = 200):
    """Random frames for the dummy and what it must answer, both uint32."""
    random = np.random.default_rng(seed)
    words, results = [], []
    for size in random.integers(0, 9, frames):
        data = random.integers(0, 2**32, size, dtype=np.uint32)
        words += [[size], data]
        results += [np.cumsum(data, dtype=np.uint32) * np.uint32(FACTOR), [size]]
    return np.concatenate(words).astype(np.uint32), np.concatenate(results).astype(np.uint32)


def test_blocks_of_any_size_give_the_same_words(library):
    words, expected = frames_and_results(1)
    assert len(np.unique(expected)) > 100
    with SimulatedCore(library) as core:
        assert np.array_equal(core.run(words, len(expected)), expected)
        # One word a call: what the core has not answered yet comes with the next call.
        assert len(core.run([], 0)) == 0
        core.run([2], 0)
        assert list(core.run([5], 1)) == [5 * FACTOR]
        assert list(core.run([6], 2)) == [11 * FACTOR, 2]


@pytest.mark.parametrize("share", [0.25, 0.9])
def test_stalls_change_cycles_and_nothing_else(library, share):
    words, expected = frames_and_results(2)
    with SimulatedCore(library) as core:
        core.run(words, len(expected))
        smooth = core.cycles
        core.stall(share, seed=7)
        assert np.array_equal(core.run(words, len(expected)), expected)
        assert core.cycles - smooth > smooth * 1.2


def test_bus_reads_what_it_wrote(library):
    addresses = np.arange(64, dtype=np.uint32)
    values = np.random.default_rng(3).integers(0, 2**32, 64, dtype=np.uint32)
    words, expected = frames_and_results(3, frames=5)
    with SimulatedCore(library) as core:
        core.write(addresses, values)
        core.run(words, len(expected))
        order = np.random.default_rng(4).permutation(64)
        assert np.array_equal(core.read(addresses[order]), values[order])
        assert list(core.read([dummy.FRAMES])) == [5]


def test_one_word_every_two_cycles_over_the_bus(library):
    with SimulatedCore(library) as core:
        before = core.cycles
        core.read(np.zeros(100, np.uint32))
        assert core.cycles - before == 200


def test_instances_share_nothing(library):
    with SimulatedCore(library) as one, SimulatedCore(library) as other:
        one.write([0, 1], [11, 12])
        other.write([0, 1], [21, 22])
        one.run([0], 1)
        assert list(one.read([0, 1, dummy.FRAMES])) == [11, 12, 1]
        assert list(other.read([0, 1, dummy.FRAMES])) == [21, 22, 0]


def test_reset_clears_registers_and_keeps_memories(library):
    with SimulatedCore(library) as core:
        core.write([5], [55])
        core.run([0, 0], 2)
        core.reset()
        assert list(core.read([5, dummy.FRAMES])) == [55, 0]


def test_a_core_that_hangs_is_noticed(library):
    with SimulatedCore(library, patience=500) as core:
        with pytest.raises(StuckError, match="500 cycles without a word moved while streaming"):
            core.run([3, 1, 2], 4)
        with pytest.raises(StuckError, match="while reading 1 words"):
            core.read([0])
        core.reset()
        assert list(core.run([1, 4], 2)) == [4 * FACTOR, 1]


def test_bad_arguments_are_named(library):
    with pytest.raises(ValueError, match="patience = 0"):
        SimulatedCore(library, patience=0)
    core = SimulatedCore(library)
    with pytest.raises(ValueError, match="1 values for 2 addresses"):
        core.write([1, 2], [1])
    with pytest.raises(ValueError, match="share of stalls = 1 is outside"):
        core.stall(1.0)
    core.close()
    core.close()
    with pytest.raises(ValueError, match="closed"):
        core.run([0], 1)
