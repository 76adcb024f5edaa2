"""The study of word lengths: at the chosen formats it is the golden model; elsewhere it rounds."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import RATE, WEIGHT
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.network import NetworkError
from model.study import STATES, Study
from model.tasks import TASKS
from model.tasks.task import falling
from model.words import Words

STEPS = 2000


@pytest.mark.parametrize(("task", "rule"), [
    ("xor", "vle"), ("chain", "vle"), ("notes", "vle"), ("xor", "gle"), ("xor", "feedback")])
def test_the_chosen_words_are_the_golden_model(task, rule):
    chosen = TASKS[task]
    network, stream = chosen.network(rule, 1), chosen.streams(1, STEPS, "train")
    study = Study(network, words=Words(), seed=1)
    golden = Golden(compile_network(network, seed=1))
    for part in range(2):
        block = slice(part * STEPS // 2, (part + 1) * STEPS // 2)
        inputs, targets = stream.inputs[block], stream.targets[block]
        modulator = falling(STEPS)[block] - 0.25 * part
        rates = golden.run(Frames.of(inputs, targets, outputs=1, modulator=modulator)).rates
        assert np.array_equal(study.run(inputs, targets, modulator), RATE.real(rates))
        rates = golden.run(Frames.of(inputs, outputs=1, flags=FROZEN)).rates
        assert np.array_equal(study.run(inputs), RATE.real(rates))
        assert np.unique(rates).size > 100
    for name, form in STATES.items():
        values = golden.state[name] if form is None else form.real(golden.state[name])
        assert np.array_equal(study.state[name], values), name
    assert np.mean(golden.state["W"] != golden.program.state["W"]) > 0.9


@pytest.mark.parametrize("bits", [12, 15, 21, 24])
def test_states_are_multiples_of_their_last_bit(bits):
    chosen = TASKS["xor"]
    stream = chosen.streams(2, 500, "train")
    study = Study(chosen.network("vle", 2), words=Words(signals=bits, weights=bits), seed=2)
    assert np.abs(study.run(stream.inputs, stream.targets)).max() > 0.1
    for name, form in (("r", RATE), ("psi", RATE), ("W", WEIGHT), ("B", WEIGHT)):
        scaled = study.state[name] * form.one * 2.0 ** (bits - form.width)
        assert np.array_equal(scaled, np.round(scaled)), name
        assert np.abs(scaled).max() > 1 and (scaled % 2).any()


def test_weights_round_half_up_without_random_bits():
    """Steps below half a last bit are lost, where stochastic rounding keeps them on average."""
    chosen = TASKS["chain"]
    stream = chosen.streams(0, STEPS, "train")
    network = chosen.network("vle", 0)
    moved = {}
    for stochastic in (False, True):
        study = Study(network, words=Words(weights=10, stochastic=stochastic))
        before = study.state["W"].copy()
        study.run(stream.inputs, stream.targets)
        moved[stochastic] = np.abs(study.state["W"] - before).max()
    assert moved[False] == 0 and moved[True] > 0


@pytest.mark.parametrize(("words", "text"), [
    ({"signals": 7}, "words of 7 bits for signals; the study has 8 … 24"),
    ({"weights": 25}, "words of 25 bits for weights; the study has 8 … 24"),
])
def test_words_out_of_range_are_refused(words, text):
    with pytest.raises(NetworkError, match=text):
        Words(**words)


def test_what_the_study_does_not_know_is_refused():
    network = TASKS["xor"].network("vle", 0)
    network.populations[0].nudging = 0.5
    with pytest.raises(NetworkError, match="no nudging"):
        Study(network, words=Words())
    study = Study(TASKS["xor"].network("vle", 0), words=Words())
    with pytest.raises(NetworkError, match=r"inputs have shape \(5, 2\)"):
        study.run(np.zeros((5, 2)))
