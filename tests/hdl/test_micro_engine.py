"""The sequential core's parts, and its engine on microprograms of a few lines."""

import random

import pytest
from amaranth.sim import Simulator

from hdl.config import MICRO, Config
from hdl.micro.assembler import Assembler
from hdl.micro.instruction import WIDTHS, Condition, Index, Op, Register, encode
from hdl.micro.operands import ACC, FRAME, PRODUCT, Place, unsigned
from hdl.micro.places import page
from hdl.micro.program import MICROPROGRAM
from hdl.micro.shifter import ACC_WIDTH, Limiter, Shifter
from hdl.micro.top import MicroCore
from hdl.region import REGISTERS, Region, address
from model.fixed import saturate

HIGH = (1 << (ACC_WIDTH - 1)) - 1


def numbers(count: int, seed: int) -> list[int]:
    """Of all magnitudes and both signs, and the ends."""
    source = random.Random(seed)
    return [0, 1, -1, HIGH, -HIGH - 1, *(source.randint(-HIGH - 1, HIGH) >> source.randrange(48)
                                         for _ in range(count))]


def simulate(component, bench) -> None:
    simulator = Simulator(component)
    simulator.add_testbench(bench)
    simulator.run()


def test_shifter_shifts_both_ways_and_keeps_the_half():
    shifter = Shifter()

    async def bench(ctx):
        for value in numbers(40, 1):
            ctx.set(shifter.value, value)
            for amount in range(64):
                ctx.set(shifter.amount, amount)
                ctx.set(shifter.left, 0)
                half = value >> (amount - 1) & 1 if amount else 0
                assert (ctx.get(shifter.shifted), ctx.get(shifter.half)) == (value >> amount, half)
                ctx.set(shifter.left, 1)
                wrapped = (value << amount) + HIGH + 1 & 2 * HIGH + 1
                assert ctx.get(shifter.shifted) == wrapped - HIGH - 1
                assert ctx.get(shifter.half) == 0

    simulate(shifter, bench)


def test_limiter_saturates_to_every_width():
    limiter = Limiter()

    async def bench(ctx):
        for choice, width in enumerate(WIDTHS):
            edge, hits = 1 << (width - 1), 0
            ctx.set(limiter.choice, choice)
            for value in (edge - 1, edge, -edge, -edge - 1, *numbers(60, width)):
                ctx.set(limiter.value, value)
                kept = saturate(value, width)
                assert (ctx.get(limiter.limited), ctx.get(limiter.hit)) == (kept, kept != value)
                hits += kept != value
            assert 10 < hits < 60

    simulate(limiter, bench)


def gaps(write) -> int:
    """Instructions without effect that the assembler put into a text."""
    m = Assembler()
    write(m, m.cell("a"), m.cell("b"))
    return m.finish().words.count(encode(Op.NOTHING))


STATE = Place(page(Region.U), Index.J)


@pytest.mark.parametrize(("text", "count"), [
    (lambda m, a, b: (m.store(a), m.load(a)), 1),
    (lambda m, a, b: (m.store(a), m.load(b), m.load(a)), 0),
    (lambda m, a, b: (m.store(a), m.store(b), m.load(b)), 1),
    (lambda m, a, b: (m.write(STATE), m.load(STATE)), 1),
    (lambda m, a, b: (m.write(STATE), m.write(STATE)), 0),
    (lambda m, a, b: (m.set(Register.J, a), m.load(STATE)), 1),
    (lambda m, a, b: (m.set(Register.STRIDE, a), m.advance()), 1),
    (lambda m, a, b: (m.set(Register.SHIFT, a), m.load(STATE)), 0),
    (lambda m, a, b: (m.multiply(a, b), m.load(PRODUCT)), 3),
    (lambda m, a, b: (m.multiply(a, b), m.load(a), m.load(b), m.add(PRODUCT)), 1),
])
def test_assembler_keeps_apart_what_the_engine_does_not_wait_for(text, count):
    assert gaps(text) == count


def test_assembler_refuses_what_cannot_be():
    m = Assembler()
    with pytest.raises(ValueError, match="shift by 64; the limit is 63"):
        m.right(64)
    m.label("here")
    with pytest.raises(ValueError, match="label here is there twice"):
        m.label("here")
    m.load(m.constant(3))
    with pytest.raises(ValueError, match="otherwise follows no block"), m.otherwise():
        pass
    with pytest.raises(ValueError, match="SHIFT: 2048 does not fit 11 bits"):
        encode(Op.SHIFT, operand=1 << 11)


def echo():
    """A microprogram: frames of two words; the result is their product, plus 1 if negative …"""
    m = Assembler()
    first = m.cell("first")
    m.label("idle")
    m.wait_while(Condition.GO, unless=True)
    m.load(FRAME)
    m.store(first)
    m.label("second")
    m.branch("idle", Condition.ABORTED)
    m.branch("second", Condition.FRAME, unless=True)
    m.load(FRAME)
    m.multiply(ACC, first)
    # … counted down from 3 where the loop passes.
    m.set(Register.INNER, m.constant(3))
    m.load(PRODUCT)
    with m.loop(Register.INNER), m.when(Condition.NEGATIVE):
        m.add(m.constant(1))
    m.send()
    place = Place(page(Region.REGISTERS), Index.P)
    m.set(Register.P, m.constant(REGISTERS["generator"]))
    m.add(unsigned(place))
    m.write(place)
    m.branch("idle")
    return m.finish()


class Driver:
    """The core's ports from a testbench of Amaranth's simulator."""

    def __init__(self, ctx, core):
        self.ctx, self.core = ctx, core

    async def until(self, port) -> None:
        """Wait until a port is high; it still is when this returns, before the clock's edge."""
        for _ in range(200):
            if self.ctx.get(port):
                return
            await self.ctx.tick()
        raise AssertionError("stuck")

    async def send(self, word: int) -> None:
        self.ctx.set(self.core.frame_data, word & 0xFFFFFFFF)
        self.ctx.set(self.core.frame_valid, 1)
        await self.until(self.core.frame_ready)
        await self.ctx.tick()
        self.ctx.set(self.core.frame_valid, 0)

    async def receive(self, wait: int) -> int:
        """A word of the result, kept for ``wait`` clocks."""
        await self.until(self.core.result_valid)
        word = self.ctx.get(self.core.result_data)
        for _ in range(wait):
            await self.ctx.tick()
            assert self.ctx.get(self.core.result_valid)
            assert self.ctx.get(self.core.result_data) == word
        self.ctx.set(self.core.result_ready, 1)
        await self.ctx.tick()
        self.ctx.set(self.core.result_ready, 0)
        assert not self.ctx.get(self.core.result_valid)
        return word

    async def access(self, place: int, value: int | None = None) -> int:
        ctx, core = self.ctx, self.core
        ctx.set(core.bus_request, 1)
        ctx.set(core.bus_write, value is not None)
        ctx.set(core.bus_address, place)
        ctx.set(core.bus_write_data, value or 0)
        await self.until(core.bus_acknowledge)
        found = ctx.get(core.bus_read_data)
        await ctx.tick()
        ctx.set(core.bus_request, 0)
        return found


def run(microprogram, use) -> None:
    core = MicroCore(microprogram=microprogram)

    async def bench(ctx):
        await use(Driver(ctx, core))

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_engine_answers_frames_and_lets_the_host_wait():
    async def use(driver):
        generator = address(Region.REGISTERS, REGISTERS["generator"])
        await driver.access(generator, 100)
        total = 100
        for a, b, wait in ((3, 5, 0), (-7, 9, 3), (131071, 131071, 1), (-131072, 2, 0)):
            await driver.send(a)
            # The host asks while a frame is being taken, and is answered after its result.
            driver.ctx.set(driver.core.bus_request, 1)
            await driver.send(b)
            expected = a * b + (3 if a * b < 0 else 0)
            assert await driver.receive(wait) == expected & 0xFFFFFFFF
            total += expected
            assert await driver.access(generator) == total & 0xFFFFFFFF

    run(echo(), use)


def test_a_frame_that_is_aborted_leaves_no_trace():
    async def use(driver):
        ctx, core = driver.ctx, driver.core
        for wait in range(6):
            await driver.send(1000)
            for _ in range(wait):
                await ctx.tick()
            ctx.set(core.frame_abort, 1)
            await ctx.tick()
            ctx.set(core.frame_abort, 0)
            await driver.send(6)
            await driver.send(7)
            assert await driver.receive(0) == 42
        # Between frames there is nothing to abort.
        ctx.set(core.frame_abort, 1)
        await ctx.tick()
        ctx.set(core.frame_abort, 0)
        for _ in range(8):
            await ctx.tick()
        await driver.send(6)
        await driver.send(8)
        assert await driver.receive(0) == 48

    run(echo(), use)


def test_the_host_writes_what_is_its_own():
    async def use(driver):
        for name in ("identity", "lanes", "steps_low", "cycles_high", "saturation_mirror"):
            place = address(Region.REGISTERS, REGISTERS[name])
            before = await driver.access(place)
            await driver.access(place, before ^ 0xFF)
            assert await driver.access(place) == before
        # Every region has places of its own: the last neuron, trace, table entry, synapse …
        places = [address(region, offset) for region, offset in (
            (Region.U, 255), (Region.R, 255), (Region.COST, 31), (Region.LOW, 1023),
            (Region.PSI, 1023), (Region.PSI_XI, 1023), (Region.TABLES, 4095),
            (Region.POPULATIONS, 511), (Region.PROJECTIONS, 511), (Region.PROBES, 254),
            (Region.W, 8191 << 6), (Region.B, 8191 << 6), (Region.W, 0), (Region.B, 0))]
        for number, place in enumerate(places):
            await driver.access(place, 0x80000000 | number)
        for number, place in enumerate(places):
            assert await driver.access(place) == 0x80000000 | number

    run(echo(), use)


def test_the_microprogram_fits_and_wastes_little():
    words = MICROPROGRAM.words
    assert len(words) <= 1536
    assert words.count(encode(Op.NOTHING)) < len(words) // 10


def test_configurations_of_the_sequential_core_have_its_limits():
    assert MICRO.lanes == 1
    with pytest.raises(ValueError, match="lanes = 2 is outside 1 … 1"):
        Config(core="micro", lanes=2)
    with pytest.raises(ValueError, match="rows = 257 is outside 1 … 256"):
        Config(core="micro", lanes=1, rows=257)
    with pytest.raises(ValueError, match="unknown core 'macro'; there are: parallel, micro"):
        Config(core="macro")
