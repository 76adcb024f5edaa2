"""Interpolated activation tables against the exact functions."""

import numpy as np
import pytest

from model.activation import ACTIVATIONS, SEGMENT_BITS, SEGMENTS, table
from model.formats import ARGUMENT, RATE, SLOPE

ARGUMENTS = np.arange(ARGUMENT.min, ARGUMENT.max + 1, 7)
STEP = 2 * ARGUMENT.limit / SEGMENTS


def interpolated(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Value and slope at every argument, as the hardware looks them up."""
    rows = table(name)[(ARGUMENTS >> SEGMENT_BITS) + SEGMENTS // 2]
    position = ARGUMENTS & ((1 << SEGMENT_BITS) - 1)
    half = 1 << (SEGMENT_BITS - 1)
    value = rows[:, 0] + ((rows[:, 1] * position + half) >> SEGMENT_BITS)
    slope = rows[:, 2] + ((rows[:, 3] * position + half) >> SEGMENT_BITS)
    return RATE.real(value), SLOPE.real(slope)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_is_the_derivative(name):
    function, s = ACTIVATIONS[name], np.linspace(-5, 5, 1001) + 1e-3
    difference = (function.value(s + 1e-6) - function.value(s - 1e-6)) / 2e-6
    np.testing.assert_allclose(function.slope(s), difference, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_table_is_within_the_error_of_linear_interpolation(name):
    """h²/8 max|φ''| and three roundings; beyond ±4 rates saturate."""
    function, s = ACTIVATIONS[name], ARGUMENT.real(ARGUMENTS)
    value, slope = interpolated(name)
    inside = (np.abs(function.value(s)) < RATE.limit - STEP) & (np.abs(s) > STEP)
    curvature = np.abs(np.gradient(function.slope(s), s))[inside].max() * 1.01
    limit = STEP**2 / 8 * curvature + 1.5 / RATE.one
    assert np.abs(value - function.value(s))[inside].max() <= limit
    bend = np.abs(np.gradient(np.gradient(function.slope(s), s), s))[inside].max() * 1.1
    assert np.abs(slope - function.slope(s))[inside].max() <= STEP**2 / 8 * bend + 1.5 / SLOPE.one
    assert np.ptp(value) > 0.9


def test_tanh_is_within_its_documented_error():
    value, _ = interpolated("tanh")
    assert np.abs(value - np.tanh(ARGUMENT.real(ARGUMENTS))).max() < 4e-4


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_interpolation_leaves_no_format(name):
    """Both ends of every segment are table values, so neither sum can overflow."""
    columns = table(name)
    assert columns.shape == (SEGMENTS, 4)
    for first, form in ((0, RATE), (2, SLOPE)):
        ends = np.concatenate([columns[:, first], columns[:, first] + columns[:, first + 1]])
        assert form.min <= ends.min() <= ends.max() <= form.max


def test_segments_join():
    columns = table("softplus")
    np.testing.assert_array_equal((columns[:, 0] + columns[:, 1])[:-1], columns[1:, 0])
    np.testing.assert_array_equal((columns[:, 2] + columns[:, 3])[:-1], columns[1:, 2])
