"""Tasks: streams are what they say, and a network learns temporal XOR from them."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import MODULATOR, RATE
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.network import NetworkError
from model.program import Teach
from model.rules import RULES
from model.tasks import PARTS, TASKS

XOR = TASKS["xor"]
SHAPES = {"xor": (1, 1), "chain": (2, 1), "notes": (6, 1), "lagline": (1, 1), "xor-deep": (1, 1)}


def frozen(task, golden: Golden, seed: int) -> tuple[float, float | None]:
    """Error and accuracy on the test stream, plasticity and noise off."""
    stream = task.streams(seed, task.test_steps, "test")
    frames = Frames.of(stream.inputs, outputs=golden.program.outputs, flags=FROZEN)
    outputs = RATE.real(golden.run(frames).rates)
    return task.error(stream, outputs), task.accuracy(stream, outputs)


def learn(task, rule: str, seed: int, steps: int) -> Golden:
    """A network of ``task`` after ``steps`` of online learning."""
    golden = Golden(compile_network(task.network(rule, seed), seed=seed))
    golden.run(task.streams(seed, steps, "train").lesson())
    return golden


@pytest.mark.parametrize("name", TASKS)
def test_streams_are_reproducible_and_their_parts_differ(name):
    task = TASKS[name]
    streams = {part: task.streams(7, 3000, part) for part in PARTS}
    for part, stream in streams.items():
        again, shorter = task.streams(7, 3000, part), task.streams(7, 1999, part)
        assert stream.inputs.shape == (3000, SHAPES[name][0])
        assert stream.targets.shape == (3000, SHAPES[name][1])
        assert np.array_equal(stream.inputs, again.inputs)
        assert np.array_equal(stream.targets, again.targets)
        assert np.array_equal(stream.inputs[:1999], shorter.inputs)
        assert np.array_equal(stream.targets[:1999], shorter.targets)
        assert stream.inputs.std() > 0.1 and stream.targets.std() > 0.01
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        a, b = streams[first].inputs, streams[second].inputs
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.4
    other = task.streams(8, 3000, "train")
    assert not np.array_equal(other.inputs, streams["train"].inputs)


def test_a_lesson_is_the_stream_with_a_modulator_that_falls_to_zero():
    stream = XOR.streams(3, 400, "train")
    frames = stream.lesson()
    assert (frames.flags == LEARNING).all() and (frames.kind == Teach.TARGET).all()
    assert np.array_equal(frames.inputs, RATE.quantize(stream.inputs))
    assert np.array_equal(frames.teach, RATE.quantize(stream.targets))
    modulator = MODULATOR.real(frames.modulator)
    assert (modulator[:100] == 1.0).all() and 0 < modulator[-1] < 0.01
    assert (np.diff(modulator[100:]) < 0).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", TASKS)
def test_every_network_compiles_for_every_rule_and_follows_its_seed(name, rule):
    programs = [compile_network(TASKS[name].network(rule, seed)) for seed in (1, 1, 2)]
    assert (programs[0].inputs, programs[0].outputs) == SHAPES[name]
    assert np.array_equal(programs[0].state["W"], programs[1].state["W"])
    assert not np.array_equal(programs[0].state["W"], programs[2].state["W"])


def test_xor_target_is_the_xor_of_two_symbols():
    stream = XOR.streams(5, 20 * 400, "train")
    middle = slice(10, None, 20)
    symbols, answers = np.sign(stream.inputs[middle, 0]), np.sign(stream.targets[middle, 0])
    assert np.array_equal(answers[1:], -symbols[1:] * symbols[:-1])
    assert np.array_equal(answers, stream.symbols)
    assert 0.4 < np.mean(stream.symbols == 1) < 0.6
    assert abs(np.corrcoef(symbols, answers)[0, 1]) < 0.15


def test_figures_of_merit():
    stream = XOR.streams(5, XOR.test_steps, "test")
    assert XOR.error(stream, stream.targets) == 0.0
    assert XOR.accuracy(stream, stream.targets) == 1.0
    assert XOR.accuracy(stream, -stream.targets) == 0.0
    constant = np.full_like(stream.targets, stream.targets[XOR.washout :].mean())
    assert XOR.error(stream, constant) == pytest.approx(1.0)
    assert len(stream.symbols) - XOR.washout // stream.symbol_steps >= 500
    spoilt = stream.targets.copy()
    spoilt[: XOR.washout] = 9.0
    assert XOR.error(stream, spoilt) == 0.0
    chain = TASKS["chain"].streams(5, 3000, "test")
    assert TASKS["chain"].accuracy(chain, chain.targets) is None


def test_xor_learns_online_and_keeps_it_frozen():
    untrained = Golden(compile_network(XOR.network("vle", 203), seed=203))
    error_before, accuracy_before = frozen(XOR, untrained, 203)
    golden = learn(XOR, "vle", 203, 30_000)
    error, accuracy = frozen(XOR, golden, 203)
    assert accuracy_before < 0.75 and error_before > 0.8
    assert accuracy > 0.93 and error < 0.4


def test_chain_learns_with_vle_and_not_with_instantaneous_errors():
    chain = TASKS["chain"]
    error, _ = frozen(chain, learn(chain, "vle", 203, 150_000), 203)
    instant, _ = frozen(chain, learn(chain, "instant", 203, 150_000), 203)
    assert error < 0.02
    assert instant > 0.5


def test_bad_requests():
    with pytest.raises(NetworkError, match="unknown rule 'hebb'; there are: vle"):
        XOR.network("hebb", 0)
    with pytest.raises(NetworkError, match="unknown part 'exam'; there are: train"):
        XOR.streams(0, 100, "exam")
    with pytest.raises(NetworkError, match="steps = 0 must be at least 1"):
        XOR.streams(0, 0, "train")
    stream = XOR.streams(0, 100, "test")
    with pytest.raises(NetworkError, match="a stream of 100 steps is too short to score"):
        XOR.error(stream, stream.targets)
    stream = XOR.streams(0, 2 * XOR.washout, "test")
    stream.targets[XOR.washout :] = -1.0
    with pytest.raises(NetworkError, match=r"800 steps hold no change of the target after .* 400"):
        XOR.error(stream, stream.inputs)
