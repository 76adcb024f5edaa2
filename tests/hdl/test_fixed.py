"""The hardware's fixed-point verbs against the model's, on random numbers and corners."""

import random

import pytest
from amaranth.hdl import Module, Signal, Value, signed
from amaranth.sim import Simulator

from hdl import fixed
from model.fixed import bit_length, limit, saturate, shift_round

WIDTH = 14
LOW, HIGH = -(1 << (WIDTH - 1)), (1 << (WIDTH - 1)) - 1


def values(low=LOW, high=HIGH):
    source = random.Random(3)
    return [low, low + 1, *range(max(low, -9), 10), high - 1, high,
            *(source.randint(low, high) for _ in range(300))]


def evaluate(function, inputs, *shapes):
    """``function`` of signals of these shapes, simulated: one result, or tuple, per input tuple."""
    m, ports = Module(), [Signal(shape) for shape in shapes]
    results = function(*ports)
    results = results if isinstance(results, tuple) else (results,)
    outputs = []
    for result in results:
        output = Signal(Value.cast(result).shape())
        m.d.comb += output.eq(result)
        outputs.append(output)
    found = []

    async def bench(ctx):
        for row in inputs:
            for port, value in zip(ports, row, strict=True):
                ctx.set(port, value)
            row_found = tuple(ctx.get(output) for output in outputs)
            found.append(row_found if len(row_found) > 1 else row_found[0])

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("shift", [0, 1, 5, WIDTH - 1, WIDTH + 3])
def test_constant_shift_rounds_half_up(shift):
    found = evaluate(lambda value: fixed.shift_round(value, shift),
                     [(value,) for value in values()], signed(WIDTH))
    assert found == [shift_round(value, shift) for value in values()]


def test_variable_shift_rounds_half_up():
    pairs = [(value, shift) for shift in range(32) for value in values()]
    assert evaluate(fixed.shift_round, pairs, signed(WIDTH), 5) == [
        shift_round(value, shift) for value, shift in pairs]


@pytest.mark.parametrize("least", [-2, 0, 1, 4])
def test_barrel_shift_with_an_offset_then_half(least):
    pairs = [(value, shift) for shift in range(max(0, -least), 16) for value in values()]
    found = evaluate(lambda value, shift: fixed.round_half(
        fixed.shift_keep_half(value, shift, least=least)), pairs, signed(WIDTH), 4)
    assert found == [shift_round(value, least + shift) for value, shift in pairs]


def test_lifted_addend_rounds_the_sum():
    pairs = [(a, b) for a in values()[:60] for b in values()[:60]]
    found = evaluate(lambda a, b: fixed.down(fixed.lift(a, 7, 5) + b, 5), pairs,
                     signed(WIDTH), signed(WIDTH))
    assert found == [shift_round((a << 7) + b, 5) for a, b in pairs]


@pytest.mark.parametrize("width", [2, 9, WIDTH, WIDTH + 4])
def test_saturate_says_when(width):
    found = evaluate(lambda value: fixed.saturate(value, width),
                     [(value,) for value in values()], signed(WIDTH))
    limited = [saturate(value, width) for value in values()]
    assert found == [(limit, limit != value)
                     for value, limit in zip(values(), limited, strict=True)]


def test_saturate_of_an_unsigned_value():
    numbers = values(0, (1 << WIDTH) - 1)
    found = evaluate(lambda value: fixed.saturate(value, 9)[0], [(n,) for n in numbers if n >= 0],
                     WIDTH)
    assert found == [min(n, 255) for n in numbers if n >= 0]


def test_sign():
    found = evaluate(fixed.sign, [(value,) for value in values()], signed(WIDTH))
    assert found == [(value > 0, value < 0) for value in values()]


@pytest.mark.parametrize("width", [9, 30])
def test_bit_length(width):
    numbers = [n for k in range(width - 1) for n in ((1 << k) - 1, 1 << k, (1 << k) + k)]
    found = evaluate(fixed.bit_length, [(n,) for n in numbers], signed(width))
    assert found == [bit_length(n) for n in numbers]
    assert found == [n.bit_length() for n in numbers]


def test_results_are_no_wider_than_needed():
    value = Signal(signed(WIDTH))
    assert len(fixed.shift_round(value, 5)) == WIDTH + 1 - 5
    assert len(fixed.saturate(value, 9)[0]) == 9
    assert fixed.saturate(value, 9)[0].shape().signed
    assert len(fixed.down(fixed.up(value, 9), 9)) == WIDTH


@pytest.mark.parametrize("width", [2, 5, WIDTH - 3])
def test_limits_of_a_rounded_value_are_known_before_it_is_rounded(width):
    everything = range(LOW, HIGH + 1)
    found = evaluate(
        lambda value: (fixed.limit(fixed.round_half(value), width,
                                   fixed.exceeds_rounded(value, width)),
                       fixed.exceeds_rounded(value, width)),
        [(value,) for value in everything], signed(WIDTH))
    assert found == [limit(shift_round(value, 1), width) for value in everything]
    assert {hit for _, hit in found} == {0, 1}
