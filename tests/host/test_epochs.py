"""Runs of labelled samples and of experiments: their numbers, files and words."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from host.cli import main
from host.device import open_device
from host.epochs import run_samples, samples_of
from model.formats import COUNTERS
from model.network import NetworkError
from model.tasks import SAMPLE_TASKS
from tests.model.orders import ORDERS, STEPS

FRAMES = STEPS + ORDERS.drain + ORDERS.lesson
FIELDS = ["task", "device", "seed", "lanes", "epochs", "samples", "steps", "synapses", "seconds",
          "samples_per_second", "cycles_per_sample", "training_accuracy", "validation_accuracy",
          "test_accuracy", "test_samples", "confusion", "saturations"]
MEASURED = {"seconds", "samples_per_second"}


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setitem(SAMPLE_TASKS, "orders", ORDERS)


def table(path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def numbers(result: dict) -> dict:
    return {name: value for name, value in result.items() if name not in MEASURED}


def test_a_run_trains_for_its_epochs_and_counts_what_it_took_for_what():
    told = []
    with open_device("model", lanes=3) as device:
        run = run_samples(ORDERS, device, seed=4, progress=lambda *row: told.append(row))
    result = run.result
    assert list(result) == FIELDS and set(result["saturations"]) == set(COUNTERS)
    assert (result["epochs"], result["samples"], result["test_samples"]) == (2, 2400, 100)
    assert result["steps"] == 2400 * FRAMES and result["cycles_per_sample"] is None
    labels = ORDERS.samples("test").labels
    assert np.array_equal(run.confusion.sum(axis=1), np.bincount(labels))
    assert result["test_accuracy"] == np.trace(run.confusion) / 100 > 0.8
    assert sum(samples for samples, _ in told) == 2400
    assert [share for _, share in told if share is not None] == run.validation
    assert len(run.training) == 2 and run.training[1] > run.training[0]


def test_a_short_run_repeats_exactly_and_another_seed_differs():
    with open_device("model") as device:
        first, again, other = (run_samples(ORDERS, device, seed=seed, steps=40 * FRAMES).result
                               for seed in (1, 1, 2))
    assert numbers(first) == numbers(again) and first["samples"] == 40
    assert first["test_samples"] == 40 and numbers(first) != numbers(other)
    assert samples_of(ORDERS, 1) == 1 and samples_of(ORDERS, 10**9) == samples_of(ORDERS, None)
    with pytest.raises(NetworkError, match="steps = 0 must be at least 1"):
        samples_of(ORDERS, 0)


def test_only_training_samples_are_varied():
    shown = []

    def mirrored(points, rng):
        shown.append(points)
        return points[:, [1, 0, 2]] if rng.integers(2) else points

    task = replace(ORDERS, vary=mirrored)
    with open_device("model") as device:
        found = run_samples(task, device, seed=4).result
    # Labels no longer tell which channel came first; of the test samples they do.
    assert len(shown) == found["samples"] == 2400 and found["test_samples"] == 100
    assert 0.3 < found["training_accuracy"] < 0.7 and 0.3 < found["test_accuracy"] < 0.7


def test_the_command_writes_curves_and_a_confusion_matrix(known, tmp_path, capsys):
    arguments = ["run", "orders", "--steps", str(60 * FRAMES), "--out", str(tmp_path)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "orders on model, seed 0, 4 lanes" in out and "of 60 unseen samples right" in out
    result = json.loads((tmp_path / "result.json").read_text())
    rows = table(tmp_path / "epochs.csv")
    assert rows[0] == ["epoch", "training", "validation"] and len(rows) == 2
    assert float(rows[1][2]) == result["validation_accuracy"]
    assert (tmp_path / "confusion.png").stat().st_size > 10_000


def test_an_experiment_writes_its_own_figure(tmp_path, capsys):
    assert main(["run", "reward", "--steps", "2000", "--out", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["task"] == "reward" and 0 <= found["right"] <= 1
    assert json.loads((tmp_path / "result.json").read_text()) == found
    assert (tmp_path / "reward.png").stat().st_size > 10_000
    panels = {row[0] for row in table(tmp_path / "curves.csv")}
    assert "the expectation is learned too" in panels
    assert main(["run", "reward", "--steps", "2000"]) == 0
    assert "right without memory" in capsys.readouterr().out


def test_rules_are_for_streams(known, capsys):
    assert main(["run", "orders", "--rule", "gle"]) == 2
    assert "task orders has no rule 'gle'" in capsys.readouterr().err


def test_a_core_without_eligibilities_says_so(known, capsys):
    assert main(["run", "orders", "--device", "micro", "--steps", "100"]) == 2
    assert capsys.readouterr().err == ("vle: network 'orders' has eligibilities; this core was "
                                       "built without them\n")


@pytest.mark.parametrize("task", ["orders", "reward"])
def test_the_core_finds_the_same_numbers(known, task, capsys):
    steps = str(8 * FRAMES if task == "orders" else 1)
    core, model = (_found(task, device, steps, capsys) for device in ("sim", "model"))
    own = {"device", "cycles_per_sample", *MEASURED}
    assert {name: core[name] for name in core.keys() - own} == {
        name: model[name] for name in model.keys() - own}


def _found(task: str, device: str, steps: str, capsys) -> dict:
    assert main(["run", task, "--device", device, "--steps", steps, "--json"]) == 0
    return json.loads(capsys.readouterr().out)
