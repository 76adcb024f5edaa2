"""cocotb bench of the backward sums: runs of products for a row, steps told apart by parity."""

import os
import random

import cocotb
from cocotb.triggers import RisingEdge

from hdl.backward import READ_SUM, UNREAD
from tests.hdl.driving import draw, start

DEPTH = int(os.environ["DEPTH"])
STEPS = 150
IN_MEMORY = 4
"""Clocks from the last product of a run to the first in which its sum may be asked for."""
AGAIN = 3
"""Clocks from the last product of a run to the first of another of the same row."""


def read(total):
    """A sum as it can be read: without what rounding it to an error does not look at."""
    return total >> UNREAD << UNREAD


def draw_runs(source):
    """Runs of one step, (row, products, continues): as projections visit their rows."""
    runs = []
    for _ in range(source.randint(1, 6)):
        rows, targets = source.randint(1, 3), source.randint(1, 5)
        first = source.randrange(DEPTH - rows + 1)
        for row in range(first, first + rows):
            continues = bool(runs) and runs[-1][0] == row
            runs.append((row, [draw(source, 36) for _ in range(targets)], continues))
    return runs


def clocks_of(source, runs, gaps):
    """What enters at every clock: None, or (row, product, first, last).

    A row comes back, other than right after itself, only when two more clocks have passed.
    """
    clocks, ended = [], {}
    for row, products, continues in runs:
        while not continues and len(clocks) - ended.get(row, -AGAIN) < AGAIN:
            clocks.append(None)
        for k, product in enumerate(products):
            while source.random() < gaps:
                clocks.append(None)
            clocks.append((row, product, k == 0 and not continues, k == len(products) - 1))
        ended[row] = len(clocks) - 1
    return clocks


async def drive(dut, source, clocks, parity):
    """Issue the clocks' products, each 2 clocks after its row; anything enters besides."""
    products = [draw(source, 36), draw(source, 36)]
    for entry in clocks:
        row, following, first, last = entry or (source.randrange(DEPTH), draw(source, 36),
                                                source.randrange(2), source.randrange(2))
        dut.valid.value, dut.row.value, dut.parity.value = entry is not None, row, parity
        dut.first.value, dut.last.value, dut.product.value = first, last, products.pop(0)
        await RisingEdge(dut.clk)
        products.append(following)
    dut.valid.value = 0
    for product in products:
        dut.product.value = product
        await RisingEdge(dut.clk)


async def check(dut, model, of, parity, step):
    """Compare the sums of all rows that this step has touched; returns them."""
    for _ in range(IN_MEMORY - 2):
        await RisingEdge(dut.clk)
    rows = [row for row in range(DEPTH) if of[row] == parity]
    late = [None] * READ_SUM
    for row, before in zip([*rows, *[0] * READ_SUM], [*late, *rows], strict=True):
        dut.read_row.value = row
        await RisingEdge(dut.clk)
        if before is not None:
            assert dut.sum.value.to_signed() == read(model[before]), f"step {step}, row {before}"
    return [model[row] for row in rows]


@cocotb.test
async def runs_are_summed(dut):
    source = random.Random(19)
    await start(dut)
    model, of, seen = [0] * DEPTH, [0] * DEPTH, set()
    continued = close = stale = cleared = 0
    for step in range(STEPS):
        parity, runs = step & 1, draw_runs(source)
        clocks = clocks_of(source, runs, source.choice((0, 0, 0.3)))
        close += sum(a is not None and b is not None and c is not None and a[0] == c[0] != b[0]
                     for a, b, c in zip(clocks, clocks[2:], clocks[3:], strict=False))
        for row, products, continues in runs:
            stale += of[row] != parity and model[row] != 0
            model[row] = sum(products) + (model[row] if of[row] == parity else 0)
            of[row], continued = parity, continued + continues
        await drive(dut, source, clocks, parity)
        seen.update(await check(dut, model, of, parity, step))
        if source.random() < 0.3:
            # The host leaves a sum of zero, whatever step comes next.
            row = source.randrange(DEPTH)
            dut.row.value = row
            for _ in range(3):
                await RisingEdge(dut.clk)
            dut.clear.value = 1
            await RisingEdge(dut.clk)
            dut.clear.value, dut.read_row.value = 0, row
            await RisingEdge(dut.clk)
            cleared += model[row] != 0
            model[row] = 0
            for _ in range(READ_SUM + 2):
                await RisingEdge(dut.clk)
            assert dut.sum.value.to_signed() == 0
    assert min(continued, close, stale, cleared) > 10, (continued, close, stale, cleared)
    assert len(seen) > STEPS
