"""Lagline: weights and time constants of two slow neurons are learned from a teacher."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.rules import RULES
from model.tasks.lagline import LAGLINE

TEACHER = {"w first": 1.0, "tau_m first": 1.0, "w second": 2.0, "tau_m second": 2.0}


def trained(rule: str, seed: int, steps: int) -> Golden:
    """A network after ``steps`` of online learning."""
    golden = Golden(compile_network(LAGLINE.network(rule, seed), seed=seed))
    golden.run(LAGLINE.streams(seed, steps, "train").lesson())
    return golden


def frozen(golden: Golden, seed: int) -> float:
    """Mean squared error on the test stream, plasticity and noise off."""
    stream = LAGLINE.streams(seed, LAGLINE.test_steps, "test")
    frames = Frames.of(stream.inputs, outputs=1, flags=FROZEN)
    return LAGLINE.square_error(stream, RATE.real(golden.run(frames).rates))


def learned(golden: Golden) -> dict[str, float]:
    """Parameters as learned, by name; the teacher's are what the task says."""
    pairs = LAGLINE.learned(golden.program, golden.state)
    assert {name: teacher for name, (_, teacher) in pairs.items()} == TEACHER
    return {name: value for name, (value, _) in pairs.items()}


def test_weights_and_time_constants_are_learned_with_nothing_transported():
    golden = trained("vle", 203, LAGLINE.steps)
    start = learned(Golden(golden.program))
    found = learned(golden)
    assert frozen(golden, 203) < 1e-4
    for name, value in TEACHER.items():
        assert found[name] == pytest.approx(value, rel=0.15)
        assert abs(found[name] - value) < 0.5 * abs(start[name] - value)


def test_instantaneous_errors_do_not_learn_it():
    assert frozen(trained("instant", 203, 300_000), 203) > 1e-2


@pytest.mark.parametrize("seed", range(200, 210))
def test_every_start_is_on_the_teachers_side(seed):
    program = compile_network(LAGLINE.network("vle", seed), seed=seed)
    start = learned(Golden(program))
    assert start["tau_m first"] < start["tau_m second"]
    for name, value in TEACHER.items():
        assert 0.3 * value < start[name] < 0.9 * value


def test_time_constants_are_learned_but_by_gle():
    for rule in RULES:
        program = compile_network(LAGLINE.network(rule, 0))
        assert list(program.populations["learns_tau"]) == [0, *[int(rule != "gle")] * 2]


def test_the_square_error_is_absolute_and_the_error_over_the_variance():
    stream = LAGLINE.streams(5, 4000, "test")
    late = stream.targets[LAGLINE.washout :]
    off = stream.targets + 0.25
    off[: LAGLINE.washout] = 3.0
    assert LAGLINE.square_error(stream, off) == pytest.approx(0.0625)
    assert LAGLINE.error(stream, off) == pytest.approx(0.0625 / np.var(late))
