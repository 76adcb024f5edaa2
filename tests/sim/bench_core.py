"""cocotb bench of the whole core: its ports, with pauses on both streams and an impatient bus."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

from hdl.region import IDENTITY, Region, address
from tests.sim.cases import Case, small_networks
from tests.sim.small_core import CONFIG

PERIOD = 10
"""Length of a clock in nanoseconds."""
NETWORK = 5
"""Which of the small networks runs: one with mirrored and Kolen-Pollack projections."""


def make_case(key, **options):
    return Case(CONFIG, small_networks(NETWORK + 1)[NETWORK], key=key, **options)


def clock() -> int:
    """Number of the present clock."""
    return round(get_sim_time("ns")) // PERIOD


async def start(dut):
    """Clock and reset; leaves the core idle."""
    for name in ("frame_valid", "frame_abort", "result_ready", "bus_request", "bus_write"):
        getattr(dut, name).value = 0
    dut.rst.value = 1
    Clock(dut.clk, PERIOD, unit="ns").start(start_high=False)
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


class Streams:
    """Both streams, each pausing in a share of the clocks, at random.

    waiting    words to send;  sent   words taken;  received   result words
    moved      clock in which the last word moved, on either stream
    """

    def __init__(self, dut, source, pauses):
        self.dut, self.source, self.pauses = dut, source, pauses
        self.waiting, self.received = [], []
        self.sent = self.moved = 0
        cocotb.start_soon(self._run())

    async def _run(self):
        dut, offered = self.dut, False
        while True:
            # A word once offered stays offered until it is taken.
            offered = bool(self.waiting) and (offered or self.source.random() >= self.pauses)
            ready = self.source.random() >= self.pauses
            dut.frame_valid.value, dut.result_ready.value = offered, ready
            dut.frame_data.value = self.waiting[0] if offered else self.source.getrandbits(32)
            await RisingEdge(dut.clk)
            if offered and dut.frame_ready.value:
                self.waiting.pop(0)
                offered = False
                self.sent, self.moved = self.sent + 1, clock()
            if ready and dut.result_valid.value:
                self.received.append(int(dut.result_data.value))
                self.moved = clock()

    async def until(self, *, sent=0, received=0, patience=5000):
        """Wait until so many words have been taken, and have come out."""
        for _ in range(patience):
            if self.sent >= sent and len(self.received) >= received:
                return
            await RisingEdge(self.dut.clk)
        raise AssertionError("the core is stuck")


class Bus:
    """The host's side of the bus; ``first_answer`` is a clock, to be reset by whoever wonders."""

    def __init__(self, dut):
        self.dut, self.first_answer = dut, None

    async def access(self, addresses, values=None):
        """Write ``values``, or read; the bus is not let go of between the words."""
        dut, found = self.dut, []
        dut.bus_request.value, dut.bus_write.value = 1, values is not None
        for k, place in enumerate(addresses):
            dut.bus_address.value = int(place)
            if values is not None:
                dut.bus_write_data.value = int(values[k])
            await RisingEdge(dut.clk)
            while not dut.bus_acknowledge.value:
                await RisingEdge(dut.clk)
            self.first_answer = self.first_answer or clock()
            found.append(int(dut.bus_read_data.value))
        dut.bus_request.value = dut.bus_write.value = 0
        return np.array(found, np.uint32)


async def prepare(dut, case, source, pauses):
    """A core with the case's program, its streams and its bus; and that the case is alive."""
    states = np.array([block.states for block in case.blocks])
    results = np.concatenate([block.results for block in case.blocks])
    assert len(np.unique(results)) > len(results) // 4
    assert (states[0] != states[-1]).sum() > states.shape[1] // 3
    await start(dut)
    bus = Bus(dut)
    await bus.access(*case.image)
    return Streams(dut, source, pauses), bus


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def streams_may_pause(dut):
    case = make_case(21, steps=40, length=20, probes=4)
    streams, bus = await prepare(dut, case, random.Random(21), 0.3)
    for pauses, block in zip((0.3, 0.9), case.blocks, strict=True):
        streams.pauses, streams.received = pauses, []
        streams.waiting += block.words.tolist()
        await streams.until(received=len(block.results), patience=200_000)
        assert streams.received == block.results.tolist()
        assert np.array_equal(await bus.access(case.addresses), block.states)
    # Nothing is left over.
    assert not streams.waiting and len(streams.received) == len(case.blocks[-1].results)


async def look_and_replace(bus, case, block, restored):
    """Read all states and write others, in one go."""
    bus.first_answer = None
    assert np.array_equal(await bus.access(case.addresses), block.states)
    if restored is not None:
        await bus.access(case.state_places, restored)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def bus_and_frames_wait_for_each_other(dut):
    source = random.Random(22)
    case = make_case(22, steps=12, length=1, wild=True, probes=4)
    streams, bus = await prepare(dut, case, source, 0.2)
    restored = [block.restored for block in case.blocks[1:]] + [None]
    streams.waiting += case.blocks[0].words.tolist()
    amid = 0
    for number, block in enumerate(case.blocks):
        # The bus asks while a frame is being taken, computed or answered, as it happens.
        await streams.until(sent=1)
        delay = source.choice((0, source.randrange(200)))
        size = len(block.results)
        for _ in range(delay):
            if len(streams.received) < size:
                await RisingEdge(dut.clk)
        asked_amid = len(streams.received) < size
        job = cocotb.start_soon(look_and_replace(bus, case, block, restored[number]))
        await streams.until(received=size)
        assert streams.received == block.results.tolist(), f"frame {number}"
        answered, streams.received, streams.sent = streams.moved, [], 0
        # The next frame is offered at once, and must wait until the bus is let go of.
        if number + 1 < len(case.blocks):
            streams.waiting += case.blocks[number + 1].words.tolist()
        await job
        assert streams.sent == 0
        assert not asked_amid or bus.first_answer > answered
        amid += asked_amid
    assert amid > len(case.blocks) // 2


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def bus_stands_between_the_frames_of_a_stream(dut):
    source = random.Random(24)
    case = make_case(24, steps=60, length=1, probes=4)
    streams, bus = await prepare(dut, case, source, 0.1)
    streams.waiting += [word for block in case.blocks for word in block.words.tolist()]
    frames = np.cumsum([len(block.words) for block in case.blocks])
    results = np.cumsum([len(block.results) for block in case.blocks])
    crowded = 0
    for _ in range(5):
        for _ in range(source.randrange(100, 500)):
            await RisingEdge(dut.clk)
        begun = int(np.searchsorted(frames, streams.sent)) + 1
        crowded += begun - np.searchsorted(results, len(streams.received), side="right") > 1
        found = await bus.access(case.addresses)
        # All frames that had been begun are done and answered, and no other.
        steps = int(found[-1])
        assert 0 < steps < len(case.blocks) and streams.sent == frames[steps - 1]
        assert len(streams.received) == results[steps - 1]
        assert np.array_equal(found, case.blocks[steps - 1].states)
    assert crowded > 2
    await streams.until(received=results[-1])
    assert streams.received == [word for block in case.blocks for word in block.results.tolist()]


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def registers_count_and_identify(dut):
    case = make_case(23, steps=12, length=1)
    streams, bus = await prepare(dut, case, random.Random(23), 0.0)
    registers = case.layout.registers
    assert (await bus.access([registers["identity"], registers["lanes"]])).tolist() == [IDENTITY, 2]
    cycles, taken = 0, []
    # Frames alone, then the others back to back.
    for blocks in (*([block] for block in case.blocks[:6]), case.blocks[6:]):
        streams.received, streams.sent = [], 0
        for block in blocks:
            streams.waiting += block.words.tolist()
        await streams.until(sent=1)
        began = streams.moved
        await streams.until(received=sum(len(block.results) for block in blocks))
        # From the first word to the last, and the clock that counts the step.
        taken.append(streams.moved - began + 2)
        cycles += taken[-1]
        found = await bus.access([registers["cycles_low"], registers["cycles_high"]])
        assert found.tolist() == [cycles, 0]
    assert 0 < taken[-1] < sum(taken[:6])
    # Where nothing answers, the bus does, with zero.
    assert (await bus.access([address(Region.PROBES), address(Region.SUMS), 0xFFFFFF])).any() == 0
