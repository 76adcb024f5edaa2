"""cocotb bench of a lane in its group: products, sums and new weights as the golden model has them.
"""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from hdl.backward import UNREAD
from hdl.group import HOST_LOW, SUM_STAGES
from hdl.visit import AFTER, LATE, STAGES
from model.formats import FACTOR_FRACS
from model.program import Feedback
from tests.hdl.driving import decays, draw, put, start
from tests.hdl.lane_model import ROWS, TRACE_ROWS, WORDS, Model

DECAY_MULTIPLIERS = int(os.environ["DECAY_MULTIPLIERS"])
NUMBER, LANES = 1, 2
STEPS = 120
PRODUCT_STAGE = 4
READ = 2
HELD = 4
"""Clocks that the place of a write by the host has been there before."""
WORD_READ = STAGES["summed"] + 1
"""When the random word of a visit's source is read."""
RUN_GAP = 3
"""Clocks from the last of a run of visits to a row of sources to the next run's first."""


def draw_row(source, settings):
    """What a target tells the lanes, as a compiled projection could have it."""
    return {"change_shift": 1, "decay_shift": 0} | settings | {
        "e": draw(source, 18), "factor": draw(source, 18), "change": draw(source, 32),
        "word": source.getrandbits(32), "pull": source.choice((6, source.randint(6, 46)))}


def draw_access(source, parity):
    """A visit anywhere, which is none until it is ``valid``."""
    return {"valid": 0, "word": source.randrange(WORDS), "source_row": source.randrange(ROWS),
            "trace_row": source.randrange(TRACE_ROWS), "parity": parity,
            "is_input": source.randrange(2), "first": source.randrange(2),
            "last": source.randrange(2), "learn": source.random() < 0.85,
            "reset_state": source.random() < 0.1, "reset_trace": source.random() < 0.1}


def draw_step(source, parity):
    """(access, row) of every clock of a step, which visits each word once; most of them valid."""
    clocks, ended, row_before, word = [], {}, None, source.randrange(4)

    def pause():
        clocks.append((draw_access(source, source.randrange(2)),
                       draw_row(source, {"feedback": 0, "plastic": 1})))

    while word + 24 <= WORDS:
        settings = {"feedback": source.randrange(4), "plastic": source.random() < 0.8,
                    "change_shift": source.choice((1, 4, 7, 10)),
                    "decay_shift": source.choice((0, 0, source.randint(1, 31)))}
        rows, targets = source.randint(1, 2), source.randint(1, 6)
        first_row, first_trace = source.randrange(ROWS - 1), source.randrange(TRACE_ROWS - 1)
        for k in range(rows):
            row = first_row + k
            continues = row == row_before
            while not continues and len(clocks) - ended.get(row, -RUN_GAP) < RUN_GAP:
                pause()
            for i in range(targets):
                while source.random() < 0.1:
                    pause()
                visit = draw_access(source, parity) | {
                    "valid": 1, "word": word, "source_row": row, "trace_row": first_trace + k,
                    "is_input": int(row == 0), "first": int(i == 0 and not continues),
                    "last": int(i == targets - 1)}
                clocks.append((visit, draw_row(source, settings)))
                word += 1
            ended[row], row_before = len(clocks) - 1, row
    return clocks


def told(stage, visit):
    """What a lane is told of a visit at one of ``STAGES``."""
    access, row = visit
    if stage == "access":
        return {"word": access["word"], "source_row": access["source_row"],
                "parity": access["parity"],
                "silent": access["reset_state"] and not access["is_input"]}
    if stage == "written":
        moves = access["valid"] and access["learn"]
        copies = row["feedback"] == Feedback.KOLEN_POLLACK
        return {"word": access["word"], "w": moves and row["plastic"],
                "b": moves and row["plastic"] and copies,
                "mirror": moves and row["feedback"] == Feedback.MIRROR}
    names = {"late": ("word", "trace_row", "parity", "reset_state", "reset_trace"),
             "summed": ("source_row", "parity", "valid", "first", "last")}
    return {name: access[name] for name in names[stage]}


def told_row(row):
    """What a lane is told of the target and its projection."""
    mirror, word = row["feedback"] == Feedback.MIRROR, row["word"]
    return {name: row[name] for name in ("e", "factor", "change")} | {
        "w_random": word & 0xFFFF, "b_random": word >> 16 * mirror & 0xFFFF,
        "change_frac": FACTOR_FRACS.index(row["change_shift"] + 15),
        "mirror": mirror, "tied": row["feedback"] == Feedback.TIED}


def told_decays(row):
    """How much its W and B decay."""
    decay = row["decay_shift"] or None
    return {"w": decays(decay, multiplied=DECAY_MULTIPLIERS > 1),
            "b": decays(row["pull"] if row["feedback"] == Feedback.MIRROR else decay,
                        multiplied=DECAY_MULTIPLIERS > 0)}


def write_sources(dut, source, model, reads):
    """One write to each bank, in either half, but not where a visit reads at this clock."""
    draws = {"rate": {"r": (draw(source, 18), model.rate)},
             "word": {"word": (source.getrandbits(32), model.word)},
             "trace": {"psi": (draw(source, 18), model.psi),
                       "xi": (source.randint(-1, 1), model.xi)}}
    for bank, values in draws.items():
        half, lane = source.randrange(2), source.randrange(LANES)
        row = source.randrange(TRACE_ROWS if bank == "trace" else ROWS)
        enable = (half, row) != reads[bank] and source.random() < 0.9
        put(dut, f"writes_{bank}", {"lane": lane, "row": row, "half": half, "enable": enable})
        put(dut, f"writes_{bank}_value", {name: value for name, (value, _) in values.items()})
        for value, held in values.values():
            if enable and lane == NUMBER:
                held[half][row] = value


async def pass_over(dut, source, model, clocks):
    """Let a step pass through lane and model; returns (products, expected, hits)."""
    idle = draw_access(source, 0), draw_row(source, {"feedback": 0, "plastic": 0})
    line = [*clocks, *[idle] * (STAGES["written"] + 3)]
    products, expected, hits, traces, words = [], [], [0, 0], {}, {}

    def at(clock):
        return line[clock] if clock >= 0 else idle

    for clock, (access, _) in enumerate(line):
        for stage, clocks_before in STAGES.items():
            put(dut, stage, told(stage, at(clock - clocks_before)))
        if access["valid"]:
            expected.append(model.product(access))
        late = at(clock - STAGES["late"])[0]
        traces[clock + READ] = model.traces(late)
        summed = at(clock - WORD_READ)[0]
        words[clock + LATE - WORD_READ] = model.random_word(summed)
        old, row = at(clock - LATE)
        if old["valid"]:
            sources = *traces[clock], words[clock]
            if source.random() < 0.7:
                row["word"] = model.aimed(source, old, row, sources)
            model.add(old, row)
            if old["learn"]:
                model.learn(old, row, sources)
        put(dut, "row", {name: told_row(at(clock - LATE - AFTER.get(name, 0))[1])[name]
                         for name in told_row(row)})
        for name, decay in told_decays(row).items():
            put(dut, f"row_{name}_decay", decay)
        write_sources(dut, source, model, {
            "rate": (access["parity"], access["source_row"]),
            "word": (summed["parity"], summed["source_row"]),
            "trace": (late["parity"], late["trace_row"])})
        await RisingEdge(dut.clk)
        if at(clock - PRODUCT_STAGE)[0]["valid"]:
            products.append(dut.product_1.value.to_signed())
        hits = [count + (int(dut.hits_1.value) >> bit & 1) for bit, count in enumerate(hits)]
    return products, expected, hits


async def host_write(dut, kind, values):
    """Write (row, value) pairs; others to another lane, which change nothing here."""
    put(dut, "host", {"active": 1, "w": 0, "b": 0, "sum": 0})
    for lane in (NUMBER, NUMBER - 1):
        for row, value in values:
            put(dut, "written", {"word": row})
            put(dut, "summed", {"source_row": row % ROWS, "valid": 0})
            put(dut, "host", {"value": (int(value) if lane == NUMBER else ~int(value)) & 0x3FFFF})
            for strobe in (*[0] * HELD, 1):
                put(dut, "host", {kind: strobe, "lane": lane})
                await RisingEdge(dut.clk)
    put(dut, "host", {"active": 0, kind: 0, "value": 0})


async def check_sums(dut, model, step):
    for row in range(ROWS):
        dut.sum_row.value = row
        for _ in range(SUM_STAGES + 1):
            await RisingEdge(dut.clk)
        assert dut.sum_1.value.to_signed() >> UNREAD == model.sums[row][0] >> UNREAD, (
            f"step {step}, row {row}")


async def check_weights(dut, model, step):
    found = []
    for reads_b in (0, 1):
        put(dut, "host", {"active": 1, "reads_b": reads_b})
        for word in [*range(WORDS), *[0] * (READ + 1)]:
            dut.access_word.value = dut.late_word.value = word
            await RisingEdge(dut.clk)
            read = int(dut.sum_1.value) >> HOST_LOW
            found.append((read & 0x1FFFF) - (read & 0x20000))
    put(dut, "host", {"active": 0})
    assert found[READ + 1:][:WORDS] == list(model.W), f"step {step}"
    assert found[-WORDS:] == list(model.B), f"step {step}"


@cocotb.test
async def weights_move_as_in_the_model(dut):
    source = random.Random(16)
    await start(dut)
    model = Model(source)
    for kind, values in (("w", model.W), ("b", model.B)):
        await host_write(dut, kind, list(enumerate(values)))
    hits, sums_seen, cleared = [0, 0], set(), 0
    for step in range(STEPS):
        products, expected, found = await pass_over(
            dut, source, model, draw_step(source, step & 1))
        hits = [count + more for count, more in zip(hits, found, strict=True)]
        assert products == expected
        assert hits == model.hits
        for bank in ("rate", "word", "trace"):
            put(dut, f"writes_{bank}", {"enable": 0})
        if source.random() < 0.2:
            row = source.randrange(ROWS)
            await host_write(dut, "sum", [(row, 0)])
            cleared += model.sums[row][0] != 0
            model.sums[row] = 0, step & 1
        await check_sums(dut, model, step)
        sums_seen.update(total for total, _ in model.sums)
        await check_weights(dut, model, step)
        # Weights at the ends of their range leave it before long: put some of them there.
        for kind, store in (("w", model.W), ("b", model.B)):
            words = source.sample(range(WORDS), 6)
            store[words] = [draw(source, 18) for _ in words]
            await host_write(dut, kind, [(word, store[word]) for word in words])
    assert model.moved == {(rule, name) for rule in ("FIXED", "TIED", "MIRROR", "KOLEN_POLLACK")
                           for name in "WB" if name == "W" or rule in ("MIRROR", "KOLEN_POLLACK")}
    assert min(model.hits) > 20 and len(sums_seen) > STEPS and cleared > 5
