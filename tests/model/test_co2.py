"""The recorded series: parts that follow each other, and forecasts better than the baselines."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.tasks.co2 import AHEAD, CO2, TAPS, baselines


def test_parts_follow_each_other_and_share_no_week():
    train, *rest = (CO2.streams(0, steps, part) for part, steps in (
        ("train", 3034), ("validation", 379), ("test", 380)))
    assert np.array_equal(train.inputs[:1517], train.inputs[1517:])
    seen = [{row.tobytes() for row in np.hstack([s.inputs, s.targets])} for s in (train, *rest)]
    assert sum(map(len, seen)) == len(set.union(*seen)) and min(map(len, seen)) > 370
    for stream in (train, *rest):
        assert stream.inputs.shape[1] == TAPS and np.abs(stream.inputs).max() < RATE.limit
        assert np.array_equal(stream.inputs[:-1, 0], stream.inputs[1:, 1]) or stream is train
    again, other = CO2.streams(0, 50, "test"), CO2.streams(1, 50, "train")
    assert np.array_equal(again.inputs, rest[1].inputs[:50])
    assert not np.array_equal(other.inputs, train.inputs[:50])


def test_the_target_is_what_the_next_weeks_add_up_to():
    stream = CO2.streams(0, 300, "validation")
    changes = stream.inputs[:, 0] / 0.5
    added = np.array([changes[k + 1 : k + 1 + AHEAD].sum() for k in range(280)])
    assert added == pytest.approx(stream.targets[:280, 0] / 0.125, abs=1e-9)


def test_it_forecasts_better_than_both_baselines():
    golden = Golden(compile_network(CO2.network("vle", 100), seed=100))
    stream = CO2.streams(100, 20_000, "train")
    golden.run(Frames.of(stream.inputs, stream.targets, outputs=1))
    judged = CO2.streams(100, CO2.test_steps, "validation")
    frozen = golden.run(Frames.of(judged.inputs, outputs=1, flags=FROZEN))
    error, others = CO2.error(judged, RATE.real(frozen.rates)), baselines("validation")
    assert others["persistence"] == pytest.approx(1, abs=0.02) and others["least squares"] < 0.8
    assert error < 0.8 * others["least squares"]
    assert not golden.saturations.any()
