"""Ranges are those of the integers that a run passed through; the sweep is of whole runs."""

import json

import numpy as np
import pytest

from host import formats_report, word_lengths, word_lengths_report
from host.cli import main
from host.device import open_device
from host.formats import PHASES, Ranges, measure_formats
from host.quantities import quantities
from host.run import run_task
from host.word_lengths import BITS, CURVES, measure_word_lengths
from model.compiler import compile_network
from model.formats import FINE_WEIGHT, FORMATS, RATE, WEIGHT
from model.frames import FROZEN, LEARNING, Frames
from model.network import NetworkError
from model.program import STATE_FORMATS
from model.tasks import TASKS
from tests.host.stand_ins import ECHO


def _step(task: str, rule: str = "vle", flags=LEARNING, steps: int = 300):
    """State before and after one step of a task, its frame, and everything found in it."""
    chosen = TASKS[task]
    program = compile_network(chosen.network(rule, 1), seed=1)
    stream = chosen.streams(1, steps + 1, "train")
    with open_device("model") as device:
        device.load(program)
        device.stream(stream.inputs[:steps], stream.targets[:steps])
        before = device.save()
        frame = Frames.of(stream.inputs[steps:], stream.targets[steps:], outputs=1, flags=flags)
        outputs = device.run(frame)
        after = device.save()
    return program, before, after, quantities(program, before, after, frame, outputs)


@pytest.mark.parametrize("task", ["xor", "chain", "notes"])
def test_operands_make_the_next_state(task):
    """What was computed anew between two states leads from one to the other."""
    program, before, after, found = _step(task)
    here = slice(program.inputs, None)
    sums = found["sum Σ W r"][1]
    current = ((sums + 32) >> 6) + (before["bias"][here] << 9)
    assert np.array_equal(current, after["current"][here])
    ratio = np.repeat(program.populations["ratio"], program.populations["size"])[here]
    drive = found["drive d = I − u"][1]
    s = ((before["u"][here] << 4) + ratio * drive + (1 << 13)) >> 14
    assert np.array_equal(s, after["s"][here]) and np.abs(drive).max() > 1000
    heard, low = found["drive of the trace"][1], before["low"]
    ratio = np.repeat(program.projections["ratio"], program.projections["source_size"])
    assert np.array_equal(((low << 3) + ratio * heard + (1 << 14)) >> 15, after["psi"])
    steps = found["weight step ê ψ"][1]
    moved = (after["W"] - before["W"]) << (FINE_WEIGHT.frac - WEIGHT.frac)
    assert steps.any() and np.abs(moved - steps).max() < 1 << (FINE_WEIGHT.frac - WEIGHT.frac)


def test_every_state_and_operand_is_there():
    *_, found = _step("xor")
    formats = {form.name for form, _ in found.values()}
    assert formats >= {form.name for form in STATE_FORMATS.values() if form is not None}
    # The modulator is the host's, coefficients are constants; no synapse here waits for its error.
    assert {form.name for form in FORMATS} - formats == {"modulator", "ratio", "eligibility",
                                                         "slope sum"}
    for name, (form, values) in found.items():
        assert values.ndim == 1 and values.size, name
        assert values.min() >= form.min and values.max() <= form.max, name


def test_a_frozen_step_has_no_steps_of_learning():
    *_, found = _step("xor", flags=FROZEN)
    assert not {"weight step ê ψ", "mirror step"} & set(found)
    assert not any(name.startswith("factor") for name in found)


def test_a_summary_counts_bits_and_limits():
    ranges = Ranges()
    ranges.add({"r": (RATE, np.array([-4, 3, 0])), "W": (WEIGHT, np.array([WEIGHT.max, 1]))})
    ranges.add({"r": (RATE, np.array([RATE.one]))})
    assert ranges.summary("r") == pytest.approx({
        "min": -4 / RATE.one, "max": 1.0, "p1": 0.09 / RATE.one, "p50": 3.5 / RATE.one,
        "p99": 1 - 0.03 * (1 - 4 / RATE.one), "p99.9": 1 - 0.003 * (1 - 4 / RATE.one),
        "bits": 17, "at_limit": 0.0})
    assert ranges.summary("W")["bits"] == 18 and ranges.summary("W")["at_limit"] == 0.5
    assert ranges.summary("B") is None


@pytest.fixture(scope="module")
def measured() -> dict:
    with open_device("model") as device:
        return measure_formats(TASKS["xor"], device, seed=2, steps=3000, samples=60)


def test_looking_changes_no_number(measured):
    with open_device("model") as device:
        result = run_task(TASKS["xor"], device, seed=2, steps=3000).result
    for name in ("frozen_error", "frozen_accuracy"):
        assert measured[name] == result[name]
    assert measured["saturations"]["training"] == result["saturations"]


def test_ranges_are_alive(measured):
    rows = {row["name"]: row for row in measured["quantities"]}
    for name in ("membrane potential u", "rate sent r", "weight W", "trace ψ"):
        for phase in PHASES:
            found = rows[name][phase]
            assert found["min"] < 0 < found["p50"] < found["p99"] <= found["p99.9"]
            assert found["max"] < rows[name]["limit"] and found["bits"] <= rows[name]["width"]
    assert rows["target y"]["frozen"] is None


def test_saturations_belong_to_their_phase():
    """Weights that do not fit a membrane's range saturate it, while learning and frozen."""
    with open_device("model") as device:
        calm = measure_formats(ECHO, device, steps=100, samples=10)
        assert not any(sum(counts.values()) for counts in calm["saturations"].values())
        wild = measure_formats(_loud(), device, steps=100, samples=10)
    assert all(wild["saturations"][phase]["current"] > 0 for phase in PHASES)
    row = next(row for row in wild["quantities"] if row["name"] == "input current I")
    assert row["training"]["at_limit"] > 0 and row["training"]["bits"] == row["width"]


def _loud():
    """ECHO with input weights that drive currents beyond their range."""
    def build(rule, seed):
        network = ECHO.network(rule, seed)
        network.projections[0].weights = np.full((3, 2), 7.9)
        return network

    return type(ECHO)(**{**vars(ECHO), "build": build})


def test_the_sweep_is_of_whole_runs():
    steps, calls = 300, []
    swept = measure_word_lengths(ECHO, seed=3, seeds=2, steps=steps,
                                 progress=lambda *done: calls.append(done))
    assert [(point["curve"], point["bits"]) for point in swept["points"]] == [
        (curve, bits) for curve in CURVES for bits in BITS]
    chosen = [point for point in swept["points"]
              if point["bits"] == 18 and point["curve"] != "half-up"]
    with open_device("model") as device:
        errors = [run_task(ECHO, device, seed=seed, steps=steps).result["frozen_error"]
                  for seed in (3, 4)]
    assert len(chosen) == 3 and all(point["errors"] == errors for point in chosen)
    assert len({tuple(point["errors"]) for point in swept["points"]}) == len(swept["points"]) - 2
    assert calls[-1] == (len(calls), len(calls)) and len(calls) == 2 * (len(swept["points"]) - 2)
    for point in swept["points"]:
        assert point["worst_error"] == max(point["errors"]) >= point["median_error"] > 0
        assert point["median_accuracy"] is None
    with pytest.raises(NetworkError, match="seeds = 0"):
        measure_word_lengths(ECHO, seeds=0)


def test_a_study_that_is_not_the_golden_model_is_refused(monkeypatch):
    class Wrong(word_lengths.Study):
        def run(self, *streams):
            return super().run(*streams) + 2.0**-15

    monkeypatch.setattr(word_lengths, "Study", Wrong)
    with pytest.raises(NetworkError, match="at 18 bits the study of word lengths differs"):
        measure_word_lengths(ECHO, seeds=1, steps=50)


def test_files_say_what_was_measured(measured, tmp_path):
    paths = formats_report.write(measured, tmp_path)
    assert [path.name for path in paths] == ["formats.json", "formats.md", "formats.png"]
    assert json.loads(paths[0].read_text(encoding="utf-8")) == measured
    text = paths[1].read_text(encoding="utf-8")
    assert text.count("weight W") == 2 and text.count("target y") == 1
    assert paths[2].stat().st_size > 10_000


def test_the_command_line_measures_and_sweeps(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "echo", ECHO)
    assert main(["formats", "echo", "--steps", "50", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["steps"] == 50 and result["rule"] == "vle" and result["quantities"]
    out = tmp_path / "sweep"
    assert main(["formats", "echo", "--sweep", "--seeds", "1", "--steps", "50",
                 "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "| **18** |" in text and "vle formats echo --sweep --seeds 1 --steps 50" in text
    swept = json.loads((out / "word_lengths.json").read_text(encoding="utf-8"))
    assert word_lengths_report.markdown(swept) in text
    assert main(["formats", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_rules_without_a_mirror_are_measured_too():
    *_, found = _step("xor", rule="gle")
    assert found["mirror step"][1].size == 0
    assert found["sum Σ B e"][1].any()
