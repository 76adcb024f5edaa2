"""The iCE40's primitives: product and memory, portable and mapped, against what they must be."""

import numpy as np
import pytest
from amaranth.lib import wiring

from hdl.primitives.mac16 import SteppedMultiplier
from hdl.primitives.spram import SinglePortRam
from hdl.primitives.technology import Technology
from sim.cells import CELLS
from sim.vectors import run_vectors

TECHNOLOGIES = [Technology.PORTABLE, Technology.ICE40]
LOW, HIGH = -(1 << 17), (1 << 17) - 1
PRODUCTS, CLOCKS = 5000, 20_000


def run(component: wiring.Component, technology: Technology, **inputs):
    return run_vectors(component, inputs, platform=technology, cells=CELLS[technology])


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_products_of_operands_that_stay(technology):
    draw = np.random.default_rng(4)
    a, b = (draw.integers(LOW, HIGH, (2, PRODUCTS), endpoint=True)
            >> draw.integers(0, 18, (2, PRODUCTS)))
    corners = np.array([LOW, LOW + 1, -(1 << 16), -1, 0, 1, 1 << 16, HIGH])
    a[:64], b[:64] = np.repeat(corners, 8), np.tile(corners, 8)
    stay = SteppedMultiplier.latency + 1
    found = run(SteppedMultiplier(), technology, a=a.repeat(stay), b=b.repeat(stay))["product"]
    products = a * b & (1 << 36) - 1
    assert len(set(products)) > PRODUCTS // 2
    assert np.array_equal(found[stay - 1 :: stay], products)


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_memory_keeps_what_was_written(technology):
    draw = np.random.default_rng(5)
    # Few addresses, all bits of them in use, in both banks.
    places = draw.integers(0, 1 << 15, 60)
    address, write = draw.choice(places, CLOCKS), draw.integers(0, 2, CLOCKS)
    data = draw.integers(0, 1 << 32, CLOCKS)
    found = run(SinglePortRam(), technology, address=address, write=write, write_data=data)
    held, compared = {}, 0
    for t in range(CLOCKS - 1):
        if write[t]:
            held[address[t]] = data[t]
        elif address[t] in held:
            assert found["read_data"][t + 1] == held[address[t]], t
            compared += 1
    assert compared > CLOCKS // 3 and len(held) == len(set(places))
