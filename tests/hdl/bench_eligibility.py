"""cocotb bench of a lane's third word: E, its momentum, and what W moves by, as in the model."""

import random
from types import SimpleNamespace

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hdl.eligibility import READ
from model.eligibility import FOREVER, SCALES, learn_eligible, remember
from model.fixed import limit, shift_round
from model.formats import SLOPE
from model.program import Feedback
from tests.hdl.driving import draw, put, start

NUMBER, LANES, WORDS = 1, 2, 48
STEPS = 60
CHANGED = 3
"""Clocks from the target's words to what W moves by."""
DITHERED = 2
"""… to its dither."""
WRITTEN = 9
"""… and until everything is in memory."""
LONGEST = WRITTEN + READ


class Model:
    """E, momentum and weight of every word, and how often E and M were limited."""

    def __init__(self, source):
        self.E, self.M, self.W = (
            np.array([draw(source, 18) for _ in range(WORDS)], np.int32) for _ in range(3))
        self.hits, self.moved = 0, set()

    def visit(self, visit, told):
        """One visit; returns E as it was, and the exact sum that W's dither is added to."""
        word, view = visit["word"], view_of(told)
        third = SimpleNamespace(**told)
        before = int(self.E[word]), int(self.M[word])
        old = 0 if visit["reset_trace"] else before[0]
        if told["by_sign"]:
            step = third.push * int(np.sign(self.M[word]))
        else:
            step = shift_round(told["factor"] * old, told["change_shift"])
        if not visit["valid"] or not told["eligible"]:
            return old, step
        self.E[word] = old
        p = SimpleNamespace(source_first=0, trace_first=0, source_size=1, feedback=Feedback.FIXED,
                            change_shift=told["change_shift"], decay_shift=0)
        if visit["learn"] and told["plastic"]:
            hits = learn_eligible(p, third, word, self.W, None, self.E, self.M, told["factor"],
                                  told["modulator"], np.int64(told["dither"]), view)
            # The lane's weight is not here, nor are its saturations, only what it would move by.
            limited = limit(step + told["dither"] >> 16, 18)[1]
            self.W[word] = 0
            self.hits += hits - limited if told["by_sign"] else 0
        if visit["integrate"]:
            self.hits += remember(p, third, word, self.E, told["slope"], told["explored"],
                                  np.int64(told["dither"]), view)
        for name, was, now in zip("EM", before, (self.E[word], self.M[word]), strict=True):
            if was != now:
                self.moved.add((name, told["by_sign"], told["explores"]))
        return old, step


def view_of(told):
    return SimpleNamespace(psi=np.array([told["psi"]]), high=np.array([0]))


def draw_told(source):
    """A target and its projection, the lane's trace and dither; ``step_shift`` is the row's."""
    modulator, step_shift = draw(source, 18), source.choice((0, 30, source.randrange(31)))
    return {
        "eligible": source.random() < 0.8, "by_sign": source.random() < 0.5,
        "explores": source.random() < 0.4, "slope": draw(source, 18),
        "explored": source.randint(-1, 1), "scale_shift": source.choice(list(SCALES.values())),
        "retention_shift": source.choice((FOREVER, source.randrange(16))),
        "momentum_shift": source.randrange(16), "modulator": modulator, "step_shift": step_shift,
        "push": modulator << 16 >> step_shift, "plastic": source.random() < 0.8,
        "psi": draw(source, 18), "dither": source.getrandbits(16), "factor": draw(source, 18),
        "change_shift": source.choice((1, 4, 7, 10))}


def drive_told(dut, told):
    f = told["explored"] * SLOPE.one if told["explores"] else told["slope"]
    put(dut, "told", {"f": f} | {name: told[name] for name in (
        "push", "plastic", "eligible", "by_sign", "scale_shift", "retention_shift",
        "momentum_shift")})
    dut.psi.value = told["psi"] & 0x3FFFF


def aimed(source, told, E):
    """A dither that leaves E on the edge between two values: there, and nearly nowhere else, the
    last bit of its step makes a difference."""
    f = told["explored"] * SLOPE.one if told["explores"] else told["slope"]
    step, fade = shift_round(f * told["psi"], told["scale_shift"]), told["retention_shift"]
    step -= E << 16 >> fade if fade != FOREVER else 0
    return (-step - source.randrange(2)) & 0xFFFF


def draw_visit(source, word):
    return {"valid": source.random() < 0.9, "word": word, "learn": source.random() < 0.7,
            "integrate": source.random() < 0.7, "reset_trace": source.random() < 0.1}


async def host_write(dut, model):
    """E and M of every word; other lanes' words change nothing here."""
    for lane in (NUMBER, NUMBER - 1):
        for kind, values in (("e", model.E), ("m", model.M)):
            for row, value in enumerate(values):
                put(dut, "host", {"active": 1, "w": 0, "b": 0, "e": kind == "e", "m": kind == "m",
                                  "lane": lane})
                dut.host_word.value = row
                dut.host_value.value = int(value if lane == NUMBER else ~int(value)) & 0x3FFFF
                await RisingEdge(dut.clk)
    put(dut, "host", {"active": 0, "e": 0, "m": 0})


async def check_words(dut, model):
    found = []
    put(dut, "late", {"valid": 0})
    for word in [*range(WORDS), *[0] * READ]:
        dut.late_word.value = word
        await RisingEdge(dut.clk)
        found.append((dut.e_data.value.to_signed(), dut.m_data.value.to_signed()))
    for word, (pair, E, M) in enumerate(zip(found[READ:], model.E, model.M, strict=True)):
        assert pair == (E, M), f"word {word}"


async def pass_over(dut, source, model):
    """Every word once, in any order, a visit a clock; returns the events that the lane counted."""
    words = source.sample(range(WORDS), WORDS)
    visits = [draw_visit(source, word) for word in words]
    # A trace that is reset is zero where it leaves its memory.
    tolds = [draw_told(source) | ({"psi": 0} if visit["reset_trace"] else {}) for visit in visits]
    expected, hits = [], 0
    for clock in range(WORDS + LONGEST):
        put(dut, "late", visits[clock] if clock < WORDS else {"valid": 0})
        at, after, late = (clock - READ - clocks for clocks in (0, CHANGED, DITHERED))
        if 0 <= at < WORDS:
            if source.random() < 0.5:
                now = 0 if visits[at]["reset_trace"] else int(model.E[words[at]])
                tolds[at]["dither"] = aimed(source, tolds[at], now)
            drive_told(dut, tolds[at])
            expected.append(model.visit(visits[at], tolds[at]))
        if 0 <= late < WORDS:
            dut.dither.value = tolds[late]["dither"]
        if 0 <= after < WORDS:
            # The lane's multiplier and its binary point.
            told, (old, _) = tolds[after], expected[after]
            product, shift = told["factor"] * old, told["change_shift"]
            dut.change.value = (product >> shift) & ((1 << 36) - 1)
            dut.half.value = product >> (shift - 1) & 1
        await RisingEdge(dut.clk)
        if 0 <= at < WORDS:
            assert dut.eligibility.value.to_signed() == expected[at][0]
        if 0 <= after < WORDS:
            told, (_, step) = tolds[after], expected[after]
            assert bool(dut.pushes.value) == (told["eligible"] and told["by_sign"])
            if dut.pushes.value:
                assert dut.push.value.to_signed() == step
        hits += int(dut.hits.value).bit_count()
    return hits


@cocotb.test
async def it_remembers_as_in_the_model(dut):
    source = random.Random(21)
    await start(dut)
    model, hits = Model(source), 0
    for _ in range(STEPS):
        if source.random() < 0.3 or not hits:
            model.E[:], model.M[:] = ([draw(source, 18) for _ in range(WORDS)] for _ in range(2))
            await host_write(dut, model)
        hits += await pass_over(dut, source, model)
        assert hits == model.hits
        await check_words(dut, model)
    assert model.hits > 30
    assert model.moved == {("E", by_sign, explores) for by_sign in (False, True)
                           for explores in (False, True)} | {("M", True, False), ("M", True, True)}
