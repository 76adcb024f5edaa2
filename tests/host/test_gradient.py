"""``vle gradient``: rules told apart by what they would do to the weights."""

import json
from dataclasses import replace

import numpy as np
import pytest

from host import gradient
from host.cli import main
from host.gradient import gradient_steps, measure_gradient
from host.gradient_report import summary
from model.analysis import exact_gradient
from model.frequency import sweep
from model.network import NetworkError
from model.tasks import TASKS

POINTS = (0.5, 5.0)
NOTES = replace(TASKS["notes"], steps=120_000, test_steps=30_000)


@pytest.fixture(scope="module")
def notes():
    """Notes, long enough for B and taps to settle, and the steps that were reported."""
    done = []
    found = measure_gradient(NOTES, rules=("vle", "gle"), points=POINTS, progress=done.append)
    return found, sum(done)


@pytest.fixture
def short(monkeypatch):
    """The chain, settled and measured briefly, as a task of its own; and a quick sweep."""
    monkeypatch.setattr(gradient, "sweep",
                        lambda points, **options: sweep(POINTS if points is None else points,
                                                        **options))
    task = replace(TASKS["chain"], name="short", steps=4000, test_steps=3000)
    monkeypatch.setitem(TASKS, "short", task)
    return task


def test_vle_follows_the_exact_gradient_where_gle_does_not(notes):
    vle, gle = (notes[0].rules[rule] for rule in ("vle", "gle"))
    assert vle.whole.cosine >= 0.95
    assert 0.8 < vle.whole.norm_ratio < 1.25
    assert gle.whole.cosine < 0.8
    assert vle.alignment.keys() == gle.alignment.keys()
    assert min(vle.alignment.values()) > 0.97 and set(gle.alignment.values()) == {1.0}
    # The outputs' own weights need no error from above.
    assert min(rule.projections["upper1+upper2+upper3+upper4>out"].cosine
               for rule in (vle, gle)) > 0.99


def test_the_local_residual_is_the_distance_to_the_adjoint(notes):
    """Within what taps that never rest make of it."""
    populations = notes[0].rules["vle"].populations
    slow = [name for name in populations if name[-1] in "234"]
    assert len(slow) == 6
    for name in slow:
        found = populations[name]
        assert 0.02 < found.to_received < 1
        assert found.residual == pytest.approx(found.to_received, rel=0.2)
    assert {p.residual for p in notes[0].rules["gle"].populations.values()} == {None}


def test_progress_is_told_in_steps(notes):
    assert notes[1] == gradient_steps(NOTES, ("vle", "gle"), 0)


def test_trained_weights_are_the_same_for_all_rules(short):
    """The outputs' gradient needs no backward path, so tied and mirrored rules agree on it."""
    found = [measure_gradient(short, rules=("gle", "instant"), steps=steps, points=POINTS[:1])
             for steps in (0, 4000)]
    first, later = (run.rules for run in found)
    assert first["gle"].projections["neuron3>neuron4"] != later["gle"].projections[
        "neuron3>neuron4"]
    assert found[1].steps == 4000
    assert np.isfinite([rule.whole.cosine for rule in later.values()]).all()


def test_learned_time_constants_are_those_of_the_measurement(short, monkeypatch):
    """The exact gradient is that of the network as trained, τm included."""
    seen = []
    monkeypatch.setattr(gradient, "exact_gradient", lambda network, golden, frames: seen.append(
        [p.tau_m for p in network.populations]) or exact_gradient(network, golden, frames))
    task = replace(TASKS["lagline"], steps=3000, test_steps=3000)
    before = [p.tau_m for p in task.network("vle", 0).populations]
    for steps in (0, 3000):
        measure_gradient(task, rules=("vle", "gle"), steps=steps, points=POINTS[:1])
    assert seen[0] == seen[1] == pytest.approx(before)
    assert seen[2] == seen[3] and all(abs(a / b - 1) > 0.01
                                      for a, b in zip(seen[2], before, strict=True))


@pytest.mark.parametrize("given", [{"rules": ()}, {"steps": -1}, {"rules": ("telepathy",)}])
def test_bad_input_is_refused(short, given):
    with pytest.raises(NetworkError):
        measure_gradient(short, **given)


def test_the_command_prints_one_object_and_leaves_files(short, capsys, tmp_path):
    out = tmp_path / "out"
    assert main(["gradient", "short", "--rules", "vle, tied", "--seed", "2", "--out", str(out),
                 "--json"]) == 0
    seen = capsys.readouterr()
    assert seen.err == "" and seen.out.count("\n") == 1
    result = json.loads(seen.out)
    assert (result["task"], result["seed"], result["steps"]) == ("short", 2, 0)
    assert list(result["rules"]) == ["vle", "tied"]
    assert result["rules"]["vle"]["projections"].keys() == {
        "input>neuron1", "neuron1>neuron2", "neuron2>neuron3", "neuron3>neuron4"}
    assert len(result["frequency"]["omega_tau_m"]) == len(
        result["frequency"]["taps"]["learned"]["gain_error"])
    assert json.loads((out / "result.json").read_text(encoding="utf-8")) == result
    assert (out / "gradient.png").read_bytes().startswith(b"\x89PNG")


def test_the_summary_names_rules_populations_and_frequencies(notes):
    text = summary(notes[0])
    for word in ("vle", "gle", "whole network", "lower4", "ωτm", "saturations"):
        assert word in text
    assert f"{notes[0].rules['vle'].whole.cosine:+.3f}" in text


def test_the_command_refuses_unknown_rules(capsys):
    assert main(["gradient", "chain", "--rules", "vle,telepathy"]) == 2
    assert "unknown rule 'telepathy'" in capsys.readouterr().err
