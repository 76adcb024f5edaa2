"""``vle bench`` and ``vle growth``: comparators compute what the golden model does; figures fit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hdl.config import Config
from host.bench import devices, software
from host.bench.boards import read_qor
from host.bench.floats import FloatNetwork
from host.bench.growth import draw
from host.bench.numpy_net import NumpyNet
from host.bench.run import measure
from host.bench.table import tables
from host.cli import main
from model.compiler import compile_network
from model.formats import RATE, WEIGHT
from model.frames import Frames
from model.golden import Golden
from model.network import NetworkError
from model.reference import Reference
from model.reference_networks import NETWORKS, layered, recurrent, stream
from model.rules import apply_rule

STEPS = 1500


@pytest.mark.parametrize("network", [
    NETWORKS["xor"](), layered("layers", (5, 12, 7, 3)), recurrent("ring", 24, 3),
], ids=lambda network: network.name)
def test_numpy_learns_what_the_golden_model_learns(network):
    program, floats = compile_network(network), NumpyNet(FloatNetwork.of(network), dtype=np.float64)
    golden, (inputs, targets) = Golden(program), stream(network, STEPS)
    expected = golden.run(Frames.of(inputs, targets, outputs=network.outputs))
    outputs = floats.run(inputs, targets, software.signs(network, STEPS))
    assert np.ptp(outputs) > 0.3
    assert np.abs(outputs - RATE.real(expected.rates)).max() < 5e-3
    rows = [slice(int(p["synapse_first"]), int(p["synapse_first"] + p["target_size"]
                                               * p["source_size"])) for p in program.projections]
    for name, index in (("W", 1), ("B", 2)):
        before, after = (WEIGHT.real(state[name]) for state in (program.state, golden.state))
        mirrored = [p["feedback"] == 2 or name == "W" for p in program.projections]
        learned = np.concatenate([after[row] for row, on in zip(rows, mirrored, strict=True) if on])
        moved = learned - np.concatenate(
            [before[row] for row, on in zip(rows, mirrored, strict=True) if on])
        found = np.concatenate([link[index].ravel() for link in floats.links
                                if link[index] is not None])
        assert np.abs(moved).max() > 0.01
        # Stochastic rounding walks at random, by less than a least bit a step.
        assert np.sqrt(np.mean((found - learned) ** 2)) < 0.25 * np.sqrt(np.mean(moved**2)), name


def test_numpy_without_learning_is_the_reference():
    network = layered("still", (3, 9, 2))
    network = replace(
        network, populations=[replace(p, bias_rate=0.0) for p in network.populations],
        projections=[replace(p, rate=0.0, weights=WEIGHT.real(WEIGHT.quantize(p.weights)))
                     for p in network.projections])
    inputs, targets = stream(network, STEPS)
    net = NumpyNet(FloatNetwork.of(network), dtype=np.float64)
    outputs = net.run(inputs, targets, np.zeros((STEPS, network.neurons)))
    expected = Reference(network).run(inputs)
    assert np.ptp(expected) > 0.1
    # τ and ρ are the Program's, in 17 and 16 bits.
    np.testing.assert_allclose(outputs, expected, atol=2e-5)


@pytest.mark.parametrize("changed, message", [
    (lambda n: apply_rule(n, "gle"), 'the rule "trace"'),
    (lambda n: apply_rule(n, "feedback"), "mirrored backward weights"),
    (lambda n: replace(n, populations=[replace(p, tau_rate=0.01) for p in n.populations]),
     "constant time constants"),
    (lambda n: replace(n, populations=[replace(p, taps="gain") for p in n.populations]),
     "two learned taps"),
])
def test_other_rules_are_refused(changed, message):
    with pytest.raises(NetworkError, match=f"network 'small': the comparison knows only {message}"):
        FloatNetwork.of(changed(layered("small", (2, 3, 1))))


def test_names_tell_sizes():
    sizes = {name: (n.inputs, n.neurons, n.synapses)
             for name, n in ((name, build()) for name, build in NETWORKS.items())}
    assert sizes == {
        "xor": (1, 19, 98), "64-64-16": (64, 80, 5120), "128-128-32": (128, 160, 20480),
        "256-256 recurrent": (32, 256, 73728), "1-53×6-10": (1, 328, 14628)}


def _fast(monkeypatch):
    monkeypatch.setattr(software, "SECONDS", 0.01)
    monkeypatch.setattr(devices, "TURN_SECONDS", 0.02)
    monkeypatch.setattr(devices, "REPEATS", 1)


def test_bench_prints_one_object_whose_figures_fit(monkeypatch, capsys, tmp_path):
    _fast(monkeypatch)
    out = tmp_path / "bench.json"
    assert main(["bench", "--networks", "xor", "--lanes", "4", "--json", "--out", str(out)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text(encoding="utf-8")) == result
    row = result["networks"]["xor"]
    seen, speeds = row["simulated"]["4"], row["steps_per_second"]
    assert seen["utilisation"] == pytest.approx(98 / (4 * seen["cycles"]))
    assert seen["overhead"] == pytest.approx(seen["cycles"] - seen["words"])
    assert seen["words"] >= 98 / 4 and seen["steps_per_second"] > 0
    assert row["ratios"]["golden / numpy"] == pytest.approx(speeds["golden"] / speeds["numpy"])
    assert 0 < row["deviation"]["numpy"] < 5e-3
    assert (speeds["pytorch"] is not None) == result["pytorch"]


def test_routed_cores_are_measured_with_their_own_lanes(monkeypatch, tmp_path):
    _fast(monkeypatch)
    path = tmp_path / "qor.json"
    path.write_text(json.dumps([
        {"config": name, "device": "LFE5U-25F", "core": core, "Fmax_median": megahertz}
        for name, core, megahertz in (("fits", {"lanes": 4}, 100.0),
                                      ("tiny", {"lanes": 4, "words": 8}, 90))]))
    result = measure(names=["xor"], lanes=[], routed=read_qor(path))
    row = result["networks"]["xor"]
    board, cycles = row["routed"]["fits"], row["simulated"]["4"]["cycles"]
    assert board["steps_per_second"] == pytest.approx(100e6 / cycles)
    assert board["updates_per_second"] == pytest.approx(98 * 100e6 / cycles)
    assert board["ratios"]["numpy"] == pytest.approx(
        board["steps_per_second"] / row["steps_per_second"]["numpy"])
    assert "this core of 4 lanes has 8" in row["routed"]["tiny"]["refused"]
    text = tables(result)
    assert "fits (LFE5U-25F)" in text and "does not fit" in text


def test_without_routed_cores_the_table_says_so(monkeypatch, tmp_path):
    assert read_qor(tmp_path / "missing.json") == []
    _fast(monkeypatch)
    assert "No routed clock" in tables(measure(names=["xor"], lanes=[4], routed=[]))


@pytest.mark.parametrize("text, message", [
    ("no", "qor.json is not JSON"), ("{}", "holds no list of configurations"),
    ("[{}]", "entry 0 lacks one of: config, device, core, Fmax_median"),
    ('[{"config": "a", "device": "x", "core": {"lanes": 0}, "Fmax_median": 1}]',
     "core of 'a': lanes = 0"),
])
def test_bad_routed_clocks_are_refused(tmp_path, text, message):
    path = tmp_path / "qor.json"
    path.write_text(text)
    with pytest.raises(NetworkError, match=message):
        read_qor(path)


def test_a_comparator_that_departs_is_refused(monkeypatch):
    monkeypatch.setattr("host.bench.run.deviations", lambda network: {"numpy": 0.5})
    with pytest.raises(NetworkError, match=r"numpy departs from the golden model by 0\.5"):
        measure(names=["xor"], lanes=[], routed=[])


@pytest.mark.parametrize("arguments, message", [
    (("bench", "--networks", "xor,abc"), "unknown network 'abc'"),
    (("bench", "--lanes", "65"), "lanes 65 is outside 1 … 64"),
    (("growth", "--widths", "2"), "width 2 is outside 4 … 2048"),
    (("growth", "--lanes", "1,b"), "'1,b' is not a list of numbers"),
])
def test_bad_input_gets_one_line(capsys, arguments, message):
    assert main(list(arguments)) == 2
    seen = capsys.readouterr()
    assert message in seen.err and seen.err.count("\n") == 1


def test_growth_draws_what_it_measures(monkeypatch, capsys, tmp_path):
    _fast(monkeypatch)
    out = tmp_path / "growth.png"
    assert main(["growth", "--widths", "16,512", "--lanes", "4", "--out", str(out), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [(row["width"], row["lanes"]) for row in result["cycles"]] == [(16, 4)]
    assert [row["width"] for row in result["model"]] == [16, 512]
    assert result["cycles"][0]["cycles"] > 320 / 4
    assert out.read_bytes()[:4] == b"\x89PNG"


def test_a_figure_of_one_point_can_be_drawn(tmp_path):
    draw({"cycles": [], "model": [{"width": 16, "synapses": 320, "steps_per_second": 1.0}]},
         tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 1000


def test_two_cores_serve_all_networks():
    xor, medium, large = (compile_network(NETWORKS[name]())
                          for name in ("xor", "64-64-16", "128-128-32"))
    assert devices.core_for(1, xor) == Config(lanes=1)
    core = devices.core_for(1, medium)
    assert core == devices.core_for(1, large) and devices.refusal(core, medium) is None
    assert "needs 20480 synapse words; this core of 1 lanes has 8192" in devices.refusal(
        core, large)
