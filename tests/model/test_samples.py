"""Labelled samples: what a core is told of each, and that it learns from labels that come late."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import ERROR, MODULATOR, RATE
from model.frames import Frames
from model.golden import Golden
from model.network import NetworkError
from model.program import Flag, Teach
from model.tasks import SAMPLE_TASKS
from model.tasks.samples import Samples, Teacher
from tests.model.orders import ORDERS, STEPS

SHAPES = {"mnist1d": ((40, 9), 4000, 1000), "mnist1d-72": ((72, 9), 4000, 1000),
          "mnist1d-scalar": ((72, 2), 4000, 1000), "digits": ((8, 9), 1077, 360)}


class Recorder:
    """The golden model, remembering what it was told and what it answered."""

    def __init__(self, program):
        self.golden, self.frames, self.outputs = Golden(program), [], []

    def run(self, frames: Frames):
        copies = (frames.inputs, frames.teach, frames.kind, frames.modulator, frames.flags)
        self.frames.append(Frames(*(values.copy() for values in copies)))
        self.outputs.append(self.golden.run(frames))
        return self.outputs[-1]


def taught(task, seed: int, count: int):
    program = compile_network(task.network(seed), seed=seed)
    core = Recorder(program)
    teacher = Teacher(task, core, program, STEPS)
    train = task.samples("train")
    points = teacher.quantized(train)
    right = [teacher.learn(points[k], int(train.labels[k]), task.modulator(k / count))
             for k in range(count)]
    teacher.settle()
    return core, teacher, right


def test_labels_that_come_late_are_learned():
    core, teacher, right = taught(ORDERS, 3, 1200)
    test = ORDERS.samples("test")
    before = Teacher(ORDERS, Recorder(core.golden.program), core.golden.program, STEPS)
    accuracy = [np.mean(t.answers(t.quantized(test)) == test.labels) for t in (before, teacher)]
    assert np.mean(right[:100]) < 0.7 and accuracy[0] < 0.7
    assert accuracy[1] > 0.85 and np.mean(right[-100:]) > 0.85


def test_a_sample_is_streamed_then_taught_then_learned():
    core, _, _ = taught(ORDERS, 1, 3)
    lesson, kinds = ORDERS.lesson, [frames.kind[: ORDERS.lesson] for frames in core.frames]
    assert len(core.frames) == 4 and [len(f) for f in core.frames] == [
        *[lesson + STEPS + ORDERS.drain] * 3, lesson]
    # Nothing is taught before the first sample.
    assert not kinds[0].any() and not (core.frames[0].flags & Flag.LEARN).any()
    for number, frames in enumerate(core.frames[1:]):
        assert (frames.kind[:lesson] == Teach.ERROR).all()
        assert (frames.flags[: lesson - 1] == 0).all() and frames.flags[lesson - 1] == Flag.LEARN
        sums = core.outputs[number].rates[lesson if number < 3 else 0:].sum(axis=0)
        scores = RATE.real(sums) * ORDERS.sharpness
        wanted = -np.exp(scores) / np.exp(scores).sum() + ORDERS.smoothing / 2
        wanted[int(ORDERS.samples("train").labels[number])] += 1 - ORDERS.smoothing
        wanted -= ORDERS.centring * scores.mean()
        assert np.array_equal(frames.teach[lesson - 1], ERROR.quantize(wanted))
        modulator = ORDERS.modulator(number / 3)
        assert frames.modulator[lesson - 1] == MODULATOR.quantize(modulator)
    streamed = core.frames[1].flags[lesson:]
    assert streamed[0] == Flag.INTEGRATE | Flag.RESET_STATE | Flag.RESET_TRACE
    assert (streamed[1:] == Flag.INTEGRATE).all()


def test_answers_leave_what_was_learned_alone():
    core, teacher, _ = taught(ORDERS, 2, 400)
    learned = {name: core.golden.state[name].copy() for name in ("W", "B", "momentum")}
    points, told = teacher.quantized(ORDERS.samples("validation")), []
    together = teacher.answers(points, told.append)
    one_by_one = np.concatenate([teacher.answers(points[k : k + 1]) for k in range(len(points))])
    assert np.array_equal(together, one_by_one) and len(set(together)) == 2
    assert sum(told) == len(points)
    assert all(np.array_equal(core.golden.state[name], value) for name, value in learned.items())


def test_the_modulator_falls_along_half_a_cosine():
    task = replace(ORDERS, modulators=(2.0, 0.5))
    values = [task.modulator(share) for share in np.linspace(0, 1, 5)]
    assert values[0] == 2.0 and values[2] == 1.25 and values[4] == 0.5
    assert all(a > b for a, b in pairwise(values))


@pytest.mark.parametrize("name", SAMPLE_TASKS)
def test_third_party_data_have_three_parts_that_share_no_sample(name):
    task, (shape, train, test) = SAMPLE_TASKS[name], SHAPES[name]
    parts = {part: task.samples(part) for part in ("train", "validation", "test")}
    assert len(parts["train"]) == train and len(parts["test"]) == test
    seen = [{row.tobytes() for row in part.inputs} for part in parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == sum(map(len, parts.values()))
    for part in parts.values():
        assert part.inputs.shape[1:] == shape and np.abs(part.inputs).max() < RATE.limit
        assert (part.inputs[:, :, -1] == 1).all() and part.inputs.std() > 0.2
        counts = np.bincount(part.labels, minlength=task.classes)
        assert len(counts) == task.classes and counts.min() > 0.05 * len(part)
    program = compile_network(task.network(0))
    assert (program.inputs, program.outputs) == (shape[1], task.classes) and program.eligible


def test_the_delay_line_holds_the_points_before():
    lines, points = (SAMPLE_TASKS[name].samples("test").inputs
                     for name in ("mnist1d-72", "mnist1d-scalar"))
    for delay in range(8):
        assert np.array_equal(lines[:, delay:, delay], points[:, : 72 - delay, 0])
        assert not lines[:, :delay, delay].any()


@pytest.mark.parametrize("name", ["mnist1d", "mnist1d-72", "mnist1d-scalar"])
def test_a_training_series_is_shown_moved_scaled_aslant_and_noisy(name):
    task = SAMPLE_TASKS[name]
    samples = task.samples("train").first(1)
    points, taps = len(samples.inputs[0]), samples.inputs.shape[2] - 1
    frames = np.pad(RATE.quantize(samples.inputs[0]), ((0, task.drain), (0, 0)))
    before, series, shifts = frames.copy(), frames[:points, 0] / RATE.one, set()
    for seed in range(60):
        shown = task.vary(frames, np.random.default_rng(seed))
        seen = shown[:points, 0] / RATE.one
        apart = [np.std(seen - np.roll(series, k)) for k in range(-8, 9)]
        shifts.add(int(np.argmin(apart)) - 8)
        # The noise is there, and small beside the sample.
        assert 0.02 < min(apart) < 0.5 * series.std()
        for delay in range(1, taps):
            assert np.array_equal(shown[delay:points, delay], shown[: points - delay, 0])
            assert not shown[:delay, delay].any()
        assert np.array_equal(shown[:, -1], frames[:, -1]) and not shown[points:].any()
    reach = round(0.07 * points)
    assert len(shifts) > reach and min(shifts) >= -reach - 1 and max(shifts) <= reach + 1
    assert np.array_equal(frames, before)


def test_a_training_image_is_shown_moved_as_a_whole():
    task = SAMPLE_TASKS["digits"]
    samples = task.samples("train").first(1)
    frames = np.pad(RATE.quantize(samples.inputs[0]), ((0, task.drain), (0, 0)))
    image, found = frames[:8, :8], set()
    edged = np.pad(image, 1)
    ways = {(down, right): edged[down : down + 8, right : right + 8]
            for down in range(3) for right in range(3)}
    for seed in range(100):
        shown = task.vary(frames, np.random.default_rng(seed))
        found |= {way for way, moved in ways.items() if np.array_equal(shown[:8, :8], moved)}
        assert np.array_equal(shown[:, 8], frames[:, 8]) and not shown[8:].any()
    assert found == set(ways) and image.any()


@pytest.mark.parametrize("name", ["digits", "mnist1d-scalar"])
def test_a_line_of_neurons_remembers_the_points_before(name):
    task = SAMPLE_TASKS[name]
    program = compile_network(task.network(0))
    core, samples = Golden(program), task.samples("train").first(1)
    channels = program.inputs - 1
    line = program.populations[1]
    first, delays = int(line["first"]), int(line["size"]) // channels
    frames = RATE.quantize(samples.inputs[0])
    for t in range(len(frames)):
        core.run(Frames.of(samples.inputs[0][t : t + 1], outputs=program.outputs,
                           flags=Flag.INTEGRATE))
        held = core.state["r"][first : first + delays * channels].reshape(delays, channels)
        for delay in range(min(delays, t + 1)):
            # A neuron rounds what it hands on.
            assert np.abs(held[delay] - frames[t - delay, :channels]).max() <= delay + 1
        assert not held[t + 1 :].any()
    assert np.abs(held).max() > 0.1 * RATE.one


def test_what_does_not_fit_is_refused():
    with pytest.raises(NetworkError, match="unknown part 'all'; there are: train, validation"):
        ORDERS.samples("all")
    program = compile_network(ORDERS.network(0))
    teacher = Teacher(ORDERS, Golden(program), program, STEPS)
    with pytest.raises(NetworkError, match=r"samples reach 4\.5; inputs are below 4"):
        teacher.quantized(Samples(np.full((1, STEPS, 3), 4.5), np.zeros(1, int)))
