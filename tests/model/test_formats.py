"""Formats, integer verbs and the random generator."""

import numpy as np
import pytest
from numba import njit

from model.fixed import bit_length, next_word, saturate, shift_round
from model.formats import COUNTERS, ERROR, FORMATS, RATE, WEIGHT, Format

WORDS = 1_000_000


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_quantize_rounds_half_up_and_saturates(form):
    unit = 1 / form.one
    assert form.quantize([0.4 * unit, 0.5 * unit, 1.49 * unit]).tolist() == [0, 1, 1]
    assert form.quantize([-0.5 * unit, -0.51 * unit, -1.5 * unit]).tolist() == [0, -1, -1]
    assert form.quantize([2 * form.limit, -2 * form.limit]).tolist() == [form.max, form.min]
    assert form.quantize([-form.limit]).tolist() == [form.min]
    assert form.max == 2 ** (form.width - 1) - 1 == -form.min - 1
    assert form.quantize(1.0) == form.one


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_real_is_the_inverse_of_quantize(form):
    rng = np.random.default_rng(0)
    values = np.append(rng.integers(form.min, form.max, 1000), [form.min, form.max])
    np.testing.assert_array_equal(form.quantize(form.real(values)), values)


def test_formats_are_consistent():
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    assert len(set(COUNTERS)) == len(COUNTERS)
    # Operands of a product fit the multiplier, and a difference of rates is an error.
    assert RATE.width == WEIGHT.width == ERROR.width == 18
    assert RATE.frac == ERROR.frac
    wider = Format(name="wider", width=20, frac=4, counter="rate", about="")
    assert (wider.limit, wider.one) == (2**15, 16)


def test_shift_round_is_the_nearest_integer_halves_up():
    values = np.arange(-1000, 1001)
    for shift in range(8):
        expected = np.floor(values / 2**shift + 0.5)
        assert [shift_round(int(v), shift) for v in values] == expected.tolist()


def test_saturate_keeps_what_fits():
    assert [saturate(v, 4) for v in (-100, -9, -8, 0, 7, 8, 100)] == [-8, -8, -8, 0, 7, 7, 7]


def test_bit_length_is_that_of_python():
    values = [0, *(2**k + d for k in range(1, 31) for d in (-1, 0, 1))]
    assert [bit_length(v) for v in values] == [v.bit_length() for v in values]


def test_generator_is_marsaglias_xorshift():
    """First words from the seed 2463534242 of Marsaglia, Xorshift RNGs, 2003."""
    word, words = 2463534242, []
    for _ in range(3):
        word = int(next_word(word))
        words.append(word)
    assert words == [723471715, 2497366906, 2064144800]


@njit
def _words(word, count):
    words = np.empty(count, np.int64)
    for k in range(count):
        word = next_word(word)
        words[k] = word
    return words


@pytest.mark.parametrize("seed", [1, 0x9E3779B9, 0xFFFFFFFF])
def test_generator_is_fair_and_never_zero(seed):
    words = _words(seed, WORDS)
    assert words.min() > 0 and words.max() < 2**32
    assert len(np.unique(words)) == WORDS
    ones = (words[:, None] >> np.arange(32) & 1).mean(axis=0)
    assert np.abs(ones - 0.5).max() < 5 * 0.5 / np.sqrt(WORDS)


def test_generator_loses_nothing():
    """A linear step on 32 bits of full rank is one to one; only 0 goes to 0."""
    images = [int(next_word(1 << bit)) for bit in range(32)]
    rank = 0
    while any(images):
        pivot = max(images)
        top = 1 << (pivot.bit_length() - 1)
        images = [image ^ pivot if image & top else image for image in images]
        rank += 1
    assert rank == 32
    assert next_word(0) == 0
