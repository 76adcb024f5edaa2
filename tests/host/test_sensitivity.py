"""Sensitivity: every rate alone, times a factor, on validation streams."""

import json
from dataclasses import replace

import pytest

from host import sensitivity as module
from host.cli import main
from host.sensitivity import FACTORS, measure_sensitivity
from host.sensitivity_report import FILES, markdown, write
from host.store import Store
from model.network import NetworkError
from model.pace import SCALABLE
from model.tasks import TASKS


@pytest.fixture
def invented(monkeypatch):
    """Trials that only look up an error; returns those that were run."""
    ran = []

    def invent(trial):
        ran.append(trial)
        right = 0.99 if trial.factor == 4.0 else 1.0
        return {"error": trial.factor + 1e-3 * trial.seed,
                "accuracy": right if trial.task == "xor" else None}
    monkeypatch.setattr(module, "run_trial", invent)
    return ran


def test_every_rate_alone_on_validation_streams(invented):
    found = measure_sensitivity(["xor", "chain"], seeds=3)
    assert len(found["points"]) == 2 * len(SCALABLE) * len(FACTORS)
    # Times one, a task is run once for all rates.
    assert len(invented) == len(set(invented)) == 2 * 3 * (len(SCALABLE) * 4 + 1)
    assert {trial.part for trial in invented} == {"validation"}
    assert {trial.seed for trial in invented} == {100, 101, 102}
    assert {trial.what for trial in invented} == set(SCALABLE)
    assert {(trial.task, trial.steps) for trial in invented} == {
        (name, TASKS[name].steps) for name in ("xor", "chain")}
    for point in found["points"]:
        assert point["median_error"] == pytest.approx(point["factor"] + 0.101)
        assert point["worst_error"] == pytest.approx(point["factor"] + 0.102)
        assert point["worst_accuracy"] == (
            None if point["task"] == "chain" else 0.99 if point["factor"] == 4.0 else 1.0)


def test_what_was_stored_is_not_run_again(invented, tmp_path):
    file, told = tmp_path / "trials.jsonl", []
    first = measure_sensitivity(["chain"], seeds=1, store=Store(file),
                                progress=lambda done, total: told.append((done, total)))
    count = len(invented)
    assert told[-1] == (count, count) and len(told) == count
    assert measure_sensitivity(["chain"], seeds=1, store=Store(file)) == first
    assert len(invented) == count


def test_table_and_files(invented, tmp_path):
    found = measure_sensitivity(["xor", "chain"], seeds=2)
    table = markdown(found)
    assert "| xor | ηB | 0.35 (0.35) 100.0% |" in table and "4.1 (4.1) 99.0% |" in table
    assert "| chain | ε | 0.35 (0.35) |" in table
    assert "`vle sensitivity xor chain --seeds 2`" in table
    assert [path.name for path in write(found, tmp_path)] == list(FILES)
    assert json.loads((tmp_path / FILES[0]).read_text(encoding="utf-8")) == found
    assert (tmp_path / FILES[2]).stat().st_size > 10_000


def test_command_line_really_changes_rates(monkeypatch, capsys):
    monkeypatch.setitem(TASKS, "chain", replace(TASKS["chain"], test_steps=600, washout=200))
    arguments = ["sensitivity", "chain", "--seeds", "1", "--steps", "400", "--json"]
    assert main(arguments) == 0
    errors = {(point["what"], point["factor"]): point["errors"][0]
              for point in json.loads(capsys.readouterr().out)["points"]}
    assert len({errors[what, 1.0] for what in SCALABLE}) == 1
    assert len({errors[what, factor] for what in SCALABLE for factor in FACTORS}) == 17
    assert main(["sensitivity", "chian"]) == 2
    assert "chian" in capsys.readouterr().err


@pytest.mark.parametrize(("tasks", "more", "words"), [
    (["chian"], {}, ["chian", "xor"]), (["xor"], {"seeds": 0}, ["seeds = 0"]),
    (["xor"], {"seeds": 101}, ["101", "100"]), (["xor"], {"jobs": 0}, ["jobs = 0"]),
])
def test_bad_arguments(tasks, more, words):
    with pytest.raises(NetworkError) as raised:
        measure_sensitivity(tasks, **more)
    assert all(word in str(raised.value) for word in words)
