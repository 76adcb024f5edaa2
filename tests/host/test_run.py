"""A run: its numbers are those of the integers, its test is frozen, and it repeats exactly."""

import numpy as np
import pytest

from host import run as module
from host.device import open_device
from host.model_device import ModelDevice
from host.run import run_task
from model.compiler import compile_network
from model.formats import COUNTERS, MODULATOR, RATE
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.network import NetworkError
from model.program import Teach
from model.tasks.task import falling
from model.tasks.xor import XOR
from tests.host.stand_ins import ECHO

FIELDS = ["task", "device", "rule", "seed", "lanes", "steps", "seconds", "steps_per_second",
          "cycles_per_step", "online_error", "frozen_error", "frozen_mse",
          "frozen_accuracy", "backward_alignment", "learned", "saturations"]
MEASURED = {"seconds", "steps_per_second"}


def _learned(result: dict) -> dict:
    """The numbers of a result that do not depend on the clock on the wall."""
    return {name: value for name, value in result.items() if name not in MEASURED}


class Recorder(ModelDevice):
    """The golden model, remembering the frames it was given."""

    def __init__(self):
        super().__init__()
        self.frames: list[Frames] = []

    def _run(self, frames):
        self.frames.append(frames)
        return super()._run(frames)


def test_a_result_has_every_field():
    with open_device("model", lanes=2) as device:
        result = run_task(ECHO, device, seed=4, steps=500).result
    assert list(result) == FIELDS
    assert result["task"] == "echo" and result["device"] == "model" and result["rule"] == "vle"
    assert (result["seed"], result["lanes"], result["steps"]) == (4, 2, 500)
    assert result["cycles_per_step"] is None
    assert result["frozen_accuracy"] is None
    assert set(result["saturations"]) == set(COUNTERS)
    assert result["seconds"] >= 0 and result["steps_per_second"] > 0


def test_errors_are_those_of_the_golden_model():
    program = compile_network(ECHO.network("vle", 3), seed=3)
    golden = Golden(program)
    train, test = ECHO.streams(3, 600, "train"), ECHO.streams(3, 300, "test")
    online = RATE.real(golden.run(train.lesson()).rates)
    frozen = RATE.real(golden.run(Frames.of(test.inputs, outputs=1, flags=FROZEN)).rates)
    with open_device("model") as device:
        run = run_task(ECHO, device, seed=3)
    late = np.square(online - train.targets)[-60:]
    assert run.result["online_error"] == pytest.approx(late.mean() / train.targets.var())
    misses = np.square(frozen - test.targets)[50:]
    assert run.result["frozen_error"] == pytest.approx(misses.mean() / test.targets[50:].var())
    assert np.array_equal(run.frozen.outputs, frozen)
    assert 0 < run.result["online_error"] < 10


def test_training_learns_and_the_test_is_frozen_untaught_and_unseen():
    with Recorder() as device:
        run_task(ECHO, device, steps=500)
        frames = [block for block in device.frames if len(block)]
    flags, kinds, inputs, modulator = (
        np.concatenate([getattr(block, name) for block in frames])
        for name in ("flags", "kind", "inputs", "modulator"))
    assert (flags[:500] == LEARNING).all() and (kinds[:500] == Teach.TARGET).all()
    assert (flags[500:] == FROZEN).all() and (kinds[500:] == Teach.NONE).all()
    assert len(flags) == 800
    assert np.array_equal(modulator[:500], MODULATOR.quantize(falling(500)))
    assert not np.array_equal(inputs[:300], inputs[500:])


@pytest.mark.parametrize("rule", ["vle", "gle", "instant", "feedback"])
def test_runs_repeat_exactly_whatever_the_block(rule, monkeypatch):
    with open_device("model") as device:
        first = _learned(run_task(XOR, device, rule=rule, seed=1, steps=3000).result)
        monkeypatch.setattr(module, "BLOCK", (7, 977))
        again = _learned(run_task(XOR, device, rule=rule, seed=1, steps=3000).result)
        other = _learned(run_task(XOR, device, rule=rule, seed=2, steps=3000).result)
    assert first == again
    assert first["frozen_error"] != other["frozen_error"]


def test_alignment_is_the_cosine_without_the_input_columns():
    with open_device("model") as device:
        result = run_task(ECHO, device, seed=5).result
        W, B = (device.read(name)[6:].reshape(1, 5)[:, 2:].astype(float) for name in "WB")
    cosine = float((W * B).sum() / np.sqrt((W * W).sum() * (B * B).sum()))
    assert list(result["backward_alignment"]) == ["input+hidden>out"]
    assert result["backward_alignment"]["input+hidden>out"] == pytest.approx(cosine)
    assert cosine != 0


def test_tied_projections_are_aligned():
    with open_device("model") as device:
        result = run_task(ECHO, device, rule="gle", steps=200).result
    assert result["backward_alignment"] == {"input+hidden>out": 1.0}


def test_curves_follow_the_training():
    told = []
    with open_device("model") as device:
        run = run_task(ECHO, device, steps=520, progress=lambda *seen: told.append(seen))
    assert run.curves.steps[-1] == 520 and sum(steps for steps, _ in told) == 520
    assert run.curves.steps == sorted(set(run.curves.steps))
    assert set(run.curves.columns) == {"error", "alignment input+hidden>out", "c0 hidden",
                                       "c1 hidden", "c0 out", "c1 out"}
    assert all(len(column) == len(run.curves.steps) for column in run.curves.columns.values())
    assert [error for _, error in told] == run.curves.columns["error"]
    assert len(set(run.curves.columns["c0 hidden"])) > 1


def test_a_run_of_one_step_has_no_online_error():
    with open_device("model") as device:
        result = run_task(ECHO, device, steps=1).result
    assert result["online_error"] is None
    assert result["frozen_error"] > 0


def test_too_few_steps_are_refused():
    with open_device("model") as device, pytest.raises(NetworkError, match="steps = 0"):
        run_task(ECHO, device, steps=0)
