"""cocotb bench of the row fetch: error, learning factor and pull as the model forms them."""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from hdl.config import Config
from hdl.region import BEHIND, UPPER, Region
from hdl.row import ROW_STAGE, post_fields
from model.eligibility import FOREVER
from model.fixed import limit, shift_round
from model.formats import ERROR, FACTOR_FRACS, SLOPE
from model.neuron import mirror_exponent
from model.program import ELIGIBILITY_FIELDS, Feedback
from tests.hdl.driving import bus_write, decays, draw, put, start

SLOTS = int(os.environ["SLOTS"])
ELIGIBLE = bool(int(os.environ["ELIGIBLE"]))
DECAY_MULTIPLIERS = int(os.environ["DECAY_MULTIPLIERS"])
POST = post_fields(Config(eligibility=ELIGIBLE))
BATCHES, BATCH = 120, 100
REGIONS = {"error": Region.ERROR, "e": Region.E, "change": Region.CHANGE,
           "change_mean": Region.CHANGE_MEAN, "word": Region.WORD, **BEHIND}
HOST = ["change_mean" if name == "change_length" else name for name in POST]
"""What the host writes: the mean whole, of which the rows keep the length."""


def draw_post(source):
    """What a neuron may leave; the means of |ΔI|, which the host knows, take every bit length."""
    mean = source.getrandbits(source.randrange(30))
    change = source.choice((draw(source, 27), source.choice((-1, 1)) << 25))
    return {"error": draw(source, 18), "e": draw(source, 18), "change": change,
            "change_mean": mean, "change_length": mean.bit_length(),
            "word": source.getrandbits(32),
            **({"above": draw(source, 18), "slope": draw(source, 18),
                "explored": source.randint(-1, 1)} if ELIGIBLE else {})}


def draw_settings(source):
    """Settings that a compiled projection can have."""
    return {
        "rate": draw(source, 18), "prospective": source.randrange(2),
        "factor_shift": source.choice((14, 34, source.randint(14, 34))),
        "mirror_shift": source.choice((6, source.randint(6, 20))),
        "noise_shift": source.randint(0, 10),
        "self_scaling": source.random() < 0.7, "change_shift": source.choice((1, 4, 7, 10)),
        "decay_shift": source.randrange(32), "feedback": source.randrange(4),
        "plastic": source.randrange(2)} | (draw_third(source) if ELIGIBLE else {})


def draw_third(source):
    """Settings of an eligibility, or of none."""
    return {"eligible": source.random() < 0.7, "explores": source.random() < 0.4,
            "by_sign": source.randrange(2), "scale_shift": source.choice((0, 3, 6)),
            "retention_shift": source.choice((FOREVER, source.randrange(16))),
            "momentum_shift": source.randrange(16), "step_shift": source.randrange(31)}


def expected(post, settings, silent, modulator):
    """(row by port, saturation of ê, saturation of the pull, the exponent 2n)."""
    error, e, change = (0 if silent else post[name] for name in ("error", "e", "change"))
    taught_by, third = e if settings["prospective"] else error, {}
    if ELIGIBLE:
        above, slope, explored = (0 if silent else post[name]
                                  for name in ("above", "slope", "explored"))
        if settings["eligible"]:
            taught_by = ERROR.one if settings["explores"] else above
        third = {name: settings[name] for name in ELIGIBILITY_FIELDS
                 if name not in ("explores", "step_shift")}
        third["f"] = explored * SLOPE.one if settings["explores"] else slope
        third["plastic"] = settings["plastic"]
        third["push"] = modulator << 16 >> settings["step_shift"]
    factor, factor_hit = limit(
        shift_round(settings["rate"] * taught_by, settings["factor_shift"]), 18)
    exponent = mirror_exponent(post["change_mean"], settings["noise_shift"],
                               settings["self_scaling"])
    pull = settings["mirror_shift"] + exponent
    change, mirror_hit = limit(shift_round(change << 11, pull - settings["noise_shift"] + 4), 32)
    decay, mirror = settings["decay_shift"], settings["feedback"] == Feedback.MIRROR
    row = {"e": e, "factor": factor, "change": change,
           "w_random": post["word"] & 0xFFFF, "b_random": post["word"] >> 16 * mirror & 0xFFFF,
           "change_frac": FACTOR_FRACS.index(settings["change_shift"] + 15),
           "mirror": int(mirror), "tied": int(settings["feedback"] == Feedback.TIED)}
    for number, (name, shift) in enumerate({"b": pull if mirror else decay or None,
                                            "w": decay or None}.items()):
        row |= {f"{name}_decay_{field}": value for field, value in decays(
            shift, multiplied=number < DECAY_MULTIPLIERS).items()}
    row |= {f"third_{name}": int(value) for name, value in third.items()}
    return row, factor_hit, mirror_hit, exponent


def check(dut, issue, row, hits):
    for name, value in row.items():
        port = getattr(dut, f"row_{name}").value
        signed = name in ("e", "factor", "change", "third_f", "third_push")
        got = port.to_signed() if signed else int(port)
        assert got == value, f"{name}: expected {value}, got {got}, from {issue}"
    assert (int(dut.factor_hit.value), int(dut.mirror_hit.value)) == hits, issue


class Posts:
    """What the neurons have left, in two halves; written by them and, at rest, by the host."""

    def __init__(self, source):
        self.source = source
        self.held = [[draw_post(source) for _ in range(SLOTS)] for _ in range(2)]

    async def load(self, dut):
        for half, posts in enumerate(self.held):
            dut.host_half.value = half
            for name in HOST:
                # The core tells the halves of regions apart by their write strobes.
                strobe = "write_upper" if name in BEHIND else "write"
                await bus_write(dut, REGIONS[name],
                                [(slot | (UPPER if name in BEHIND else 0), post[name])
                                 for slot, post in enumerate(posts)], strobe=strobe)
        dut.host_half.value = self.source.randrange(2)

    def write(self, dut, read):
        """Perhaps a neuron leaves something now: in any half, but not what is being ``read``."""
        half, slot, post = self.source.randrange(2), self.source.randrange(SLOTS), draw_post(
            self.source)
        enable = (half, slot) != read and self.source.random() < 0.4
        put(dut, "post", {name: post[name] for name in POST}
            | {"slot": slot, "half": half, "enable": enable})
        if enable:
            self.held[half][slot] = post


def draw_issue(source, quiet):
    """Words of two steps, mixed at will; ``quiet`` draws none that counts."""
    return {"valid": not quiet and source.random() < 0.9, "first_row": source.random() < 0.6,
            "target_slot": source.randrange(SLOTS), "parity": source.randrange(2),
            "learn": source.random() < 0.8, "reset_state": source.random() < 0.1,
            **({"modulator": draw(source, 18)} if ELIGIBLE else {})}


@cocotb.test
async def every_clock_a_row(dut):
    source = random.Random(14)
    await start(dut)
    posts, seen, exponents, hit_count = Posts(source), {}, set(), [0, 0]
    for _ in range(BATCHES):
        # Before a batch of issues back to back the host may replace all that they read.
        if source.random() < 0.5 or not seen:
            posts = Posts(source)
            await posts.load(dut)
        pending, settings = {}, draw_settings(source)
        for clock in range(BATCH + ROW_STAGE):
            # Settings come a clock after their issue.
            put(dut, "settings", settings)
            issue, settings = draw_issue(source, clock >= BATCH), draw_settings(source)
            put(dut, "issue", issue)
            place = issue["parity"], issue["target_slot"]
            row, factor_hit, mirror_hit, exponent = expected(
                posts.held[place[0]][place[1]], settings, issue["reset_state"],
                issue.get("modulator", 0))
            posts.write(dut, place)
            counts = issue["valid"] and issue["first_row"] and issue["learn"]
            hits = (int(factor_hit and counts),
                    int(mirror_hit and counts and settings["feedback"] == Feedback.MIRROR))
            pending[clock + ROW_STAGE] = (issue, settings), row, hits
            await RisingEdge(dut.clk)
            if clock in pending:
                check(dut, *pending.pop(clock))
            exponents.add(exponent)
            hit_count = [count + hit for count, hit in zip(hit_count, hits, strict=True)]
            for name, value in row.items():
                seen.setdefault(name, set()).add(value)
        dut.post_enable.value = 0
    assert exponents == set(range(0, 2 * 12 + 1, 2)), exponents
    assert min(hit_count) > 30, hit_count
    assert all(len(seen[name]) > BATCHES * BATCH // 20
               for name in ("e", "factor", "change", "w_random", "b_random",
                            *(("third_f", "third_push") if ELIGIBLE else ())))
