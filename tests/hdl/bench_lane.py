"""cocotb bench of a lane: products, backward sums and new weights as the golden model has them."""

import random
from types import SimpleNamespace

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hdl.lane import WRITE_STAGE
from hdl.region import LANE_BITS, Region
from model.fixed import shift_round
from model.program import Feedback
from model.synapses import learn_forward, learn_mirror
from tests.hdl.driving import bus_read, bus_write, draw, put, start

NUMBER, ROWS, TRACE_ROWS, WORDS = 1, 4, 5, 48
STEPS = 120
PRODUCT_STAGE = 4


class Model:
    """The memories of one lane; rates, traces and random words in two halves."""

    def __init__(self, source):
        self.source = source
        self.W = np.array([draw(source, 18) for _ in range(WORDS)], np.int32)
        self.B = np.array([draw(source, 18) for _ in range(WORDS)], np.int32)
        self.rates, self.words = ([[0] * ROWS for _ in range(2)] for _ in range(2))
        self.psi, self.xi = ([[0] * TRACE_ROWS for _ in range(2)] for _ in range(2))
        # Sums carry the parity of their step; of the other parity they count as zero.
        self.sums = [(0, 0)] * ROWS
        self.hits, self.moved = [0, 0], set()

    def dithers(self, visit, row, parity, flags):
        """Low and high half of a random word of the target that leave W and B on the edge between
        two values: there, and nearly nowhere else, the last bit of a change makes a difference."""
        word, random_word = visit["word"], self.words[parity][visit["source_row"]]
        psi = 0 if flags["reset_trace"] else self.psi[parity][visit["trace_row"]]
        xi = 0 if flags["reset_state"] else self.xi[parity][visit["trace_row"]]
        change = shift_round(row["factor"] * psi, row["change_shift"])
        if row["decay_shift"]:
            change -= int(self.W[word]) << 16 >> row["decay_shift"]
        pull = xi * row["change"] - (int(self.B[word]) << 16 >> row["pull"])
        edge = self.source.randrange(2)
        return [(-step - edge ^ half) & 0xFFFF for step, half in (
            (change, random_word >> 16), (pull, random_word & 0xFFFF))]

    def learn(self, visit, row, parity, flags):
        """Update the synapse of one visit; returns (hit of W, hit of B)."""
        word, source, trace = visit["word"], visit["source_row"], visit["trace_row"]
        psi = 0 if flags["reset_trace"] else self.psi[parity][trace]
        xi = 0 if flags["reset_state"] else self.xi[parity][trace]
        random_word = self.words[parity][source]
        view = SimpleNamespace(psi=np.array([psi]), xi=np.array([xi]),
                               low=np.array([random_word & 0xFFFF]),
                               high=np.array([random_word >> 16]))
        p = SimpleNamespace(source_first=0, trace_first=0, source_size=1,
                            change_shift=row["change_shift"], decay_shift=row["decay_shift"])
        before, low, hits = (self.W[word], self.B[word]), row["word"] & 0xFFFF, [0, 0]
        if row["feedback"] == Feedback.MIRROR:
            hits[1] = learn_mirror(p, word, self.B, row["change"], row["pull"],
                                    np.int64(row["word"] >> 16), view)
        if row["plastic"]:
            if row["feedback"] == Feedback.KOLEN_POLLACK:
                hits[1] = learn_forward(p, word, self.B, row["factor"], np.int64(low), view)
            hits[0] = learn_forward(p, word, self.W, row["factor"], np.int64(low), view)
        for name, old, new in zip("WB", before, (self.W[word], self.B[word]), strict=True):
            if old != new:
                self.moved.add((Feedback(row["feedback"]).name, name))
        self.hits = [count + int(hit) for count, hit in zip(self.hits, hits, strict=True)]
        return hits


def draw_row(source, settings):
    """What a target tells the lanes, as a compiled projection could have it."""
    return settings | {"e": draw(source, 18), "factor": draw(source, 18),
                       "change": draw(source, 32), "word": source.getrandbits(32),
                       "pull": source.choice((6, source.randint(6, 46)))}


def draw_step(source):
    """Visits of one step, (access, row), each word once: projections behind one another."""
    visits, word = [], source.randrange(4)
    while word + 24 <= WORDS:
        settings = {"feedback": source.randrange(4), "plastic": source.random() < 0.8,
                    "change_shift": source.choice((1, 4, 7, 10)),
                    "decay_shift": source.choice((0, 0, source.randint(1, 31)))}
        sources, targets = source.randint(1, 2), source.randint(1, 6)
        first_source, first_trace = source.randrange(ROWS - 1), source.randrange(TRACE_ROWS - 1)
        rows = [draw_row(source, settings) for _ in range(targets)]
        for k in range(sources):
            for i, row in enumerate(rows):
                access = {"valid": 1, "word": word, "source_row": first_source + k,
                          "trace_row": first_trace + k, "is_input": int(first_source + k == 0),
                          "first": int(i == 0), "last": int(i == targets - 1)}
                visits.append((access, row))
                word += 1
    return visits


def next_sources(dut, source, model, half, clock):
    """One write of each of the banks that the next step reads."""
    source_row, trace_row = clock % ROWS, clock % TRACE_ROWS
    rate, word, psi = draw(source, 18), source.getrandbits(32), draw(source, 18)
    xi = source.randint(-1, 1)
    # Row 0 are inputs: their one half is what the running step reads.
    put(dut, "rate_write", {"enable": source_row > 0, "row": source_row, "half": half,
                            "rate": rate})
    put(dut, "word_write", {"enable": 1, "row": source_row, "half": half, "word": word})
    put(dut, "trace_write", {"enable": 1, "row": trace_row, "half": half, "psi": psi, "xi": xi})
    if source_row:
        model.rates[half][source_row] = rate
    model.words[half][source_row] = word
    model.psi[half][trace_row], model.xi[half][trace_row] = psi, xi


async def write_inputs(dut, source, model):
    rate = draw(source, 18)
    put(dut, "rate_write", {"enable": 1, "row": 0, "half": 0, "rate": rate})
    put(dut, "word_write", {"enable": 0})
    put(dut, "trace_write", {"enable": 0})
    await RisingEdge(dut.clk)
    model.rates[0][0] = rate


def expected(model, visits, parity, flags):
    """(products, hits) of a step; adds to the backward sums and moves the weights."""
    products, hits, sums = [], [0, 0], model.sums
    for access, row in visits:
        if access["first"]:
            low, high = model.dithers(access, row, parity, flags)
            row["word"] = high << 16 | low
    for access, row in visits:
        source, word = access["source_row"], access["word"]
        silent = flags["reset_state"] and not access["is_input"]
        rate = model.rates[0 if access["is_input"] else parity][source]
        products.append(int(model.W[word]) * (0 if silent else rate))
        back = model.W if row["feedback"] == Feedback.TIED else model.B
        total, of = sums[source]
        sums[source] = (total if of == parity else 0) + int(back[word]) * row["e"], parity
    if flags["learn"]:
        for access, row in visits:
            hits = [count + int(hit) for count, hit in zip(
                hits, model.learn(access, row, parity, flags), strict=True)]
    return products, hits


async def pass_over(dut, source, model, visits, parity):
    """Issue the visits, most of them back to back; returns (products, hits) as they came."""
    pending, arrives, products, hits, clock, fed = {}, set(), [], [0, 0], 0, 0
    while clock < 2 * WORDS + WRITE_STAGE + 4:
        valid = fed < len(visits) and source.random() < 0.9
        access, row = visits[fed] if valid else (visits[0][0] | {"valid": 0}, None)
        put(dut, "access", access)
        if valid:
            pending[clock + 2] = row
            arrives.add(clock + PRODUCT_STAGE)
            fed += 1
        put(dut, "row", pending.pop(clock, None) or draw_row(source, {"feedback": 0, "plastic": 1}))
        next_sources(dut, source, model, parity ^ 1, clock)
        await RisingEdge(dut.clk)
        if clock in arrives:
            products.append(dut.product.value.to_signed())
        for bit in range(2):
            hits[bit] += int(dut.hits.value) >> bit & 1
        clock += 1
    assert fed == len(visits)
    return products, hits


@cocotb.test
async def weights_move_as_in_the_model(dut):
    source = random.Random(16)
    await start(dut)
    model = Model(source)
    places = [word << LANE_BITS | NUMBER for word in range(WORDS)]
    for region, values in ((Region.W, model.W), (Region.B, model.B)):
        await bus_write(dut, region, zip(places, values, strict=True))
        # Other lanes' weights pass by.
        await bus_write(dut, region, [(place - 1, 0x2AAAA) for place in places])
    sums_seen, flags = set(), {"learn": 1, "reset_state": 0, "reset_trace": 0}
    for step in range(STEPS):
        parity = step & 1
        await write_inputs(dut, source, model)
        dut.parity.value = parity
        for name, value in flags.items():
            getattr(dut, name).value = int(value)
        visits = draw_step(source)
        products, hits = expected(model, visits, parity, flags)
        got_products, got_hits = await pass_over(dut, source, model, visits, parity)
        assert got_products == products
        assert got_hits == hits
        for name in ("rate_write", "word_write", "trace_write"):
            put(dut, name, {"enable": 0})
        for row in range(ROWS):
            dut.sum_row.value = row
            await RisingEdge(dut.clk)
            total, of = model.sums[row]
            total = total if of == parity else 0
            assert dut.sum.value.to_signed() == total, f"step {step}, row {row}"
            sums_seen.add(total)
        for region, port, values in ((Region.W, dut.w_data, model.W),
                                     (Region.B, dut.b_data, model.B)):
            found = await bus_read(dut, region, places, port)
            assert found == [int(value) & 0x3FFFF for value in values], f"step {step}, {region}"
        # Weights at the ends of their range leave it before long: put some of them there.
        for store, region in ((model.W, Region.W), (model.B, Region.B)):
            for word in source.sample(range(WORDS), 6):
                store[word] = draw(source, 18)
                await bus_write(dut, region, [(places[word], store[word])])
        flags = {"learn": source.random() < 0.85, "reset_state": source.random() < 0.1,
                 "reset_trace": source.random() < 0.1}
    assert model.moved == {(rule, name) for rule in ("FIXED", "TIED", "MIRROR", "KOLEN_POLLACK")
                           for name in "WB" if name == "W" or rule in ("MIRROR", "KOLEN_POLLACK")}
    assert min(model.hits) > 20 and len(sums_seen) > STEPS
