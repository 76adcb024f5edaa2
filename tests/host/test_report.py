"""What a run leaves behind: files that agree with its numbers."""

import csv
import json

import numpy as np
import pytest
from matplotlib.image import imread

from host.device import open_device
from host.report import claim_folder, summary, write
from host.run import run_task
from model.network import NetworkError
from model.tasks.lagline import LAGLINE
from model.tasks.xor import XOR
from tests.host.stand_ins import ECHO


@pytest.fixture(scope="module")
def run():
    with open_device("model") as device:
        return run_task(ECHO, device)


def _rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_files_hold_the_numbers_of_the_run(run, tmp_path):
    paths = write(run, claim_folder(tmp_path / "deep" / "out"), "vle run echo")
    assert [path.name for path in paths] == ["result.json", "curves.csv", "frozen.csv",
                                             "learning.png", "report.html"]
    assert json.loads(paths[0].read_text(encoding="utf-8")) == run.result
    curves, frozen = _rows(paths[1]), _rows(paths[2])
    assert curves[0] == ["step", "seconds", *run.curves.columns]
    assert [int(row[0]) for row in curves[1:]] == run.curves.steps
    assert [float(row[2]) for row in curves[1:]] == run.curves.columns["error"]
    assert frozen[0] == ["step", "scored", "target 0", "output 0"]
    table = np.array(frozen[1:], dtype=float)
    assert np.array_equal(table[:, 2:3], run.frozen.targets)
    assert np.array_equal(table[:, 3:], run.frozen.outputs)
    assert table[:, 1].sum() == ECHO.test_steps - ECHO.washout


def test_the_figure_is_a_picture_with_something_on_it(run, tmp_path):
    image = imread(write(run, tmp_path, "vle run echo")[3])
    assert image.shape[0] > 500 and image.shape[1] > 900
    assert 0.01 < (image[..., :3].min(axis=2) < 0.9).mean() < 0.5


@pytest.mark.parametrize(("rule", "steps"), [("gle", 3000), ("instant", 1), ("feedback", 60)])
def test_every_rule_and_the_shortest_run_can_be_drawn(rule, steps, tmp_path):
    with open_device("model") as device:
        paths = write(run_task(XOR, device, rule=rule, steps=steps), tmp_path, "vle run xor")
    assert all(path.stat().st_size > 0 for path in paths)


def test_the_summary_names_what_matters(run):
    text = summary(run)
    assert text.startswith("echo on model, rule vle, seed 0, 4 lanes\n")
    assert f"{run.result['frozen_error']:.3g} of the target's variance" in text
    assert "accuracy" not in text and "cycles" not in text


def test_parameters_are_shown_beside_the_teachers():
    with open_device("model") as device:
        run = run_task(LAGLINE, device, steps=500)
    assert set(run.result["learned"]) == {"w first", "tau_m first", "w second", "tau_m second"}
    found = run.result["learned"]["tau_m second"]
    assert found["teacher"] == 2.0 and 0.9 < found["learned"] < 1.9
    assert f"tau_m second {found['learned']:.3f} (2)" in summary(run)
    assert f"mean square {run.result['frozen_mse']:.3g}" in summary(run)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(NetworkError, match=r"cannot write to --out .*file"):
        claim_folder(file)
    with pytest.raises(NetworkError, match=r"cannot write to --out .*inside"):
        claim_folder(file / "inside")
