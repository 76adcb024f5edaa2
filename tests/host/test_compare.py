"""Comparisons: rates chosen without the test stream, every trial kept, one table for all."""

import json
import math
from dataclasses import replace

import pytest

from host import compare as compare_module
from host import trial as trial_module
from host.cli import main
from host.compare import FACTORS, HIGHEST, LOWEST, TUNING_SEEDS, Ranking, compare
from host.compare_report import FILES, markdown, result, write
from host.device import open_device
from host.run import run_task
from host.store import Store
from host.trial import COMPARED, Trial, run_trial
from model.network import NetworkError
from model.tasks import TASKS

STEPS = 400


@pytest.fixture
def short(monkeypatch):
    """Tasks that are judged on little, so that a trial takes milliseconds."""
    for name, task in list(TASKS.items()):
        monkeypatch.setitem(TASKS, name, replace(task, test_steps=1400, washout=200))


@pytest.fixture
def scripted(monkeypatch):
    """Trials that only look up an error by rate: ``scripted(best)`` has its minimum there."""
    ran = []

    def script(best, accuracy=lambda factor: None):
        def invented(trial):
            ran.append(trial)
            return {"error": math.exp(abs(math.log2(trial.factor / best))) + 1e-3 * trial.seed,
                    "accuracy": accuracy(trial.factor), "steps": [trial.steps], "curve": [1.0],
                    "seconds": 0.0}
        monkeypatch.setattr(compare_module, "run_trial", invented)
        return ran
    return script


def chosen(rules=("vle",), **more) -> Ranking:
    return compare("xor", rules=rules, seeds=2, steps=STEPS, **more).rankings[0]


def test_a_trial_is_the_run_that_the_command_run_makes(short):
    trial = run_trial(Trial("xor", "vle", 3, 1.0, "test", STEPS))
    with open_device("model") as device:
        run = run_task(TASKS["xor"], device, seed=3, steps=STEPS).result
    assert trial["error"] == run["frozen_error"] > 0
    assert trial["accuracy"] == run["frozen_accuracy"]


def test_rates_and_parts_make_a_difference(short):
    trial = Trial("xor", "gle", 0, 1.0, "test", STEPS)
    others = [replace(trial, factor=4.0), replace(trial, part="validation"),
              replace(trial, seed=1), replace(trial, rule="instant")]
    assert len({run_trial(one)["error"] for one in [trial, *others]}) == 5


def test_the_curve_ends_where_training_does(short):
    found = run_trial(Trial("xor", "adjoint", 0, 1.0, "test", STEPS))
    assert found["steps"] == sorted(set(found["steps"])) and found["steps"][-1] == STEPS
    assert len(found["curve"]) == len(found["steps"])
    assert not run_trial(Trial("xor", "adjoint", 0, 1.0, "validation", STEPS))["curve"]


@pytest.mark.parametrize("best", [0.25, 1.0, 4.0, 0.0625, 8.0])
def test_the_grid_grows_until_its_best_is_inside(scripted, best):
    ran = scripted(best)
    ranking = chosen()
    assert ranking.best() == best and not ranking.at_edge()
    factors = {trial.factor for trial in ran if trial.part == "validation"}
    assert factors > set(FACTORS) or best not in (FACTORS[0], FACTORS[-1])
    assert min(factors) < best < max(factors)


@pytest.mark.parametrize(("best", "edge"), [(1e-6, LOWEST), (1e6, HIGHEST)])
def test_the_grid_ends_and_says_so(scripted, best, edge):
    scripted(best)
    ranking = chosen()
    assert ranking.best() == edge and ranking.at_edge()


def test_only_validation_chooses_and_only_test_is_reported(scripted):
    ran = scripted(2.0)
    chosen()
    assert {t.seed for t in ran if t.part == "validation"} == set(TUNING_SEEDS)
    final = [t for t in ran if t.part == "test"]
    assert [(t.seed, t.factor) for t in final] == [(0, 2.0), (1, 2.0)]
    assert ran[-2:] == final and len(set(ran)) == len(ran)


def test_right_answers_come_before_small_errors(scripted):
    scripted(1.0, accuracy=lambda factor: 1.0 if factor == 2.0 else 0.9)
    assert chosen().best() == 2.0


def test_a_diverged_rate_is_not_chosen():
    ranking = Ranking("xor", "adjoint", 1, STEPS)
    for trial in ranking.needed():
        error = None if trial.factor == 1.0 and trial.seed == 101 else 0.5 + abs(trial.factor - 1)
        ranking.add(trial, {"error": error, "accuracy": None})
    assert ranking.best() == 0.5


def test_what_was_stored_is_not_run_again(scripted, tmp_path):
    ran, file = scripted(1.0), tmp_path / "trials.jsonl"
    first = chosen(store=Store(file))
    count, lines = len(ran), file.read_text(encoding="utf-8").splitlines()
    assert count == len(lines) == 3 * 5 + 2
    # A line that was being written when the machine stopped.
    file.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:40], encoding="utf-8")
    again = chosen(store=Store(file))
    assert len(ran) == count + 1 and again.final == first.final
    assert chosen(store=Store(file)).final == first.final and len(ran) == count + 1


def test_changed_sources_or_networks_are_run_again(scripted, tmp_path, monkeypatch):
    ran, file = scripted(1.0), tmp_path / "trials.jsonl"
    chosen(store=Store(file))
    count = len(ran)
    monkeypatch.setattr(trial_module, "sources_digest", lambda: "other")
    chosen(store=Store(file))
    assert len(ran) == 2 * count
    build = TASKS["xor"].build
    monkeypatch.setitem(TASKS, "xor", replace(
        TASKS["xor"], build=lambda rule, seed: replace(build(rule, seed), dt=0.04)))
    chosen(store=Store(file))
    assert len(ran) == 3 * count


def test_an_interrupted_comparison_goes_on(scripted, tmp_path):
    ran, file = scripted(1.0), tmp_path / "trials.jsonl"

    def interrupt(done, total):
        assert 0 < done <= total
        if done == 7:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        chosen(store=Store(file), progress=interrupt)
    assert len(ran) == 7
    chosen(store=Store(file))
    assert len(set(ran)) == len(ran) == 3 * 5 + 2


def test_processes_find_the_same():
    results = []
    for jobs in (1, 2):
        # Nothing to compile: what the bound runs is in Numba's cache.
        found = compare("xor", rules=["adjoint"], seeds=1, steps=20, jobs=jobs)
        results.append([{name: value for name, value in one.items() if name != "seconds"}
                        for ranking in found.rankings
                        for one in [*ranking.final.values(), ranking.tuning[1.0, 100]]])
    assert results[0] == results[1] and results[0][0]["error"] > 0


@pytest.mark.parametrize(("more", "words"), [
    ({"rules": ["vle", "bptt"]}, ["bptt", "adjoint"]), ({"seeds": 0}, ["seeds = 0"]),
    ({"seeds": 101}, ["seeds = 101", "100"]), ({"jobs": 0}, ["jobs = 0"]),
])
def test_bad_arguments(more, words):
    with pytest.raises(NetworkError) as raised:
        compare("xor", steps=STEPS, **more)
    assert all(word in str(raised.value) for word in words)


def test_table_and_files(scripted, tmp_path):
    scripted(2.0, accuracy=lambda factor: 0.75)
    found = compare("xor", rules=["vle", "adjoint"], seeds=3, steps=STEPS)
    numbers = result(found)
    assert list(numbers["rules"]) == ["vle", "adjoint"]
    row = numbers["rules"]["vle"]
    assert row["error"]["values"] == [1.0, 1.001, 1.002] and row["error"]["median"] == 1.001
    assert (row["error"]["n"], row["rate"], row["about"]) == (3, 2.0, COMPARED["vle"])
    table = markdown(found)
    assert "| vle | 1 | 1 | 1 | 3 | 75.00% | 75.00% | ×2 |" in table
    assert f"--rules vle,adjoint --seeds 3 --steps {STEPS}" in table
    assert [path.name for path in write(found, tmp_path)] == list(FILES)
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == numbers
    assert (tmp_path / "compare.png").stat().st_size > 10_000
    assert "vle,400,1.0,1.0,1.0" in (tmp_path / "curves.csv").read_text(encoding="utf-8")


def test_command_line(short, capsys, tmp_path):
    arguments = ["compare", "chain", "--rules", "vle,adjoint,vle", "--seeds", "1", "--steps",
                 "50", "--out", str(tmp_path), "--json"]
    texts = []
    for _ in range(2):
        assert main(arguments) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] and texts[0].count("\n") == 1
    numbers = json.loads(texts[0])
    assert list(numbers["rules"]) == ["vle", "adjoint"]
    assert numbers["rules"]["vle"]["accuracy"] is None
    assert main(["compare", "chain", "--rules", "vle,bptt"]) == 2
    assert "bptt" in capsys.readouterr().err
