"""The simulated core and the golden model: the same numbers, for any number of lanes."""

import json

import pytest

from host.cli import main
from host.device import open_device
from host.verify import verify

LANES = [1, 2, 4, 8]


def _run(capsys, *arguments: str) -> dict:
    assert main(["run", *arguments, "--steps", "1000", "--seed", "6", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("lanes", LANES)
def test_random_networks_agree_in_every_value(lanes):
    with open_device("sim", lanes=lanes) as device, open_device("model") as golden:
        report = verify(device, golden, steps=2000, seed=70 + lanes)
    assert report.passed, report
    assert (report.lanes, report.networks, report.steps) == (lanes, 4, 2000)
    assert report.values_compared > 50_000


@pytest.mark.parametrize("lanes", LANES)
def test_a_run_reports_the_same_numbers(lanes, capsys):
    core = _run(capsys, "xor", "--device", "sim", "--lanes", str(lanes))
    model = _run(capsys, "xor", "--device", "model", "--lanes", str(lanes))
    own = {"device", "seconds", "steps_per_second", "cycles_per_step"}
    assert core["cycles_per_step"] > 0
    assert all(core[name] == model[name] for name in core.keys() - own)
    assert core["frozen_error"] > 0
    assert all(abs(cosine) > 0.1 for cosine in core["backward_alignment"].values())


@pytest.mark.parametrize("rule", ["gle", "instant", "feedback"])
def test_every_rule_reports_the_same_numbers(rule, capsys):
    core, model = (_run(capsys, "xor", "--device", device, "--rule", rule)
                   for device in ("sim", "model"))
    assert (core["online_error"], core["frozen_error"]) == (model["online_error"],
                                                            model["frozen_error"])
    assert core["backward_alignment"] == model["backward_alignment"]
