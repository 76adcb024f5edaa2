"""Tasks from biology: what is learned, and what is not where the control takes something away."""

import json

import numpy as np
import pytest

from model.golden import Golden
from model.network import NetworkError
from model.tasks import EXPERIMENTS
from model.tasks.experiment import Findings


class Core:
    """The golden model behind the two calls that an experiment makes."""

    def __init__(self):
        self.steps, self.moved = 0, False

    def load(self, program):
        self.golden = Golden(program)

    def run(self, frames):
        self.steps += len(frames)
        return self.golden.run(frames)


def conducted(name: str, seed: int = 100, **options) -> tuple[Findings, Core]:
    core = Core()
    return EXPERIMENTS[name].run(core, seed=seed, **options), core


def test_a_choice_is_learned_from_a_late_reward_only_with_a_memory():
    findings, _ = conducted("reward", seed=102)
    assert findings.numbers["right"] >= 0.9
    assert findings.numbers["right_without_memory"] <= 0.6
    assert findings.numbers["delay_seconds"] >= 0.5
    expected = findings.panels[1].lines
    assert all(line.y[0] < 0.6 and line.y[-1] > 0.8 for line in expected)


def test_a_song_is_learned_by_ear_and_again_from_another_tutor():
    found = conducted("songbird", steps=EXPERIMENTS["songbird"].steps // 2)[0].numbers
    assert found["error"] < 0.05 and found["error_after_the_change"] < 0.1
    assert found["error_at_the_change"] > 0.5 and found["error_deaf"] >= 0.5


def test_blinks_come_when_the_puff_does_unless_the_fibre_is_blocked():
    findings, _ = conducted("eyeblink", steps=EXPERIMENTS["eyeblink"].steps // 2)
    found = findings.numbers
    assert found["peaks_within_tenth"] == found["relearned_within_tenth"] == 5
    assert found["blocked_within_tenth"] == 0


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_course_repeats_exactly_and_can_be_shortened(name):
    task, told = EXPERIMENTS[name], []
    runs = [conducted(name, steps=task.steps // 60, advance=told.append) for _ in range(2)]
    assert runs[0][0].numbers == runs[1][0].numbers
    assert runs[0][1].steps < task.steps / 10 and 2 * runs[0][1].steps > sum(told) > 0
    assert json.dumps(runs[0][0].numbers)
    for panel in runs[0][0].panels:
        for line in panel.lines:
            assert np.shape(line.x) == np.shape(line.y) and np.isfinite(line.y).all()
    with pytest.raises(NetworkError, match="steps = 0 must be at least 1"):
        task.run(Core(), steps=0)
