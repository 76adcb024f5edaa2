"""Network files: the template works, and whatever is wrong is refused in one line that helps."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from host.cli import main
from host.device import open_device
from host.network_docs import render, section
from host.network_file import parse_network, read_network
from host.network_schema import EligibilityTable, PopulationTable, ProjectionTable, tables
from host.network_template import TEMPLATE
from host.toml_lines import line_of
from model.compiler import compile_network
from model.formats import WEIGHT
from model.network import Eligibility, NetworkError, Population, Projection

SMALL = """\
dt = 0.01
rule = "custom"
[input]
channels = 2
[[population]]
name = "a"
size = 3
tau_m = 0.1
tau_r = 0.05
taps = [1.0, 0.25]
[[population]]
name = "b"
size = 2
tau_m = 0.05
tau_r = 0.05
output = true
[[projection]]
source = "input"
target = "a"
weights = [
  [1, 2],
  [3.5, 4],
  [5, 6],
]
[[projection]]
source = ["a", "b"]
target = "b"
weights = {constant = 0.5}
backward = {uniform = 2}
feedback = "fixed"
"""
NORMAL = "weights = {normal = 1.0}"
WEIGHTS = "allowed: {normal = σ}, {uniform = limit}, "


def test_the_template_is_a_network():
    setup = parse_network(TEMPLATE)
    program = setup.program
    assert (program.inputs, program.outputs, program.neurons) == (1, 1, 30)
    assert program.population_names == ["input", "slow", "fast", "hidden", "out"]
    assert (setup.input_columns, setup.output_columns) == (("heater",), ("temperature",))
    assert setup.input.rates([[75.0]]).tolist() == [[1.0]]
    assert setup.output.values([[-1.0]]).tolist() == [[40.0]]
    assert (setup.text, setup.network.name) == (TEMPLATE, "oven")
    assert {p.feedback for p in setup.network.projections} == {"mirror", "fixed"}


def test_what_is_written_is_what_is_built():
    setup = parse_network(SMALL)
    first, second = setup.network.projections
    assert first.weights.tolist() == [[1, 2], [3.5, 4], [5, 6]]
    assert second.source == ("a", "b")
    assert (second.weights == 0.5).all() and second.weights.shape == (2, 5)
    assert 0.2 < np.abs(second.backward).max() < 2
    assert setup.network.population("a").taps == (1.0, 0.25)
    matrix = setup.program.matrix(setup.program.state, 0, "W")
    assert np.array_equal(matrix, WEIGHT.quantize(first.weights))


def test_an_eligibility_is_a_table_of_its_own():
    text = SMALL + "[projection.eligibility]\nfactor = 'sign'\nretention = 0.75\n"
    setup = parse_network(text)
    assert [p.eligibility for p in setup.network.projections] == [
        None, Eligibility(factor="sign", retention=0.75)]
    assert setup.program.eligible and not parse_network(SMALL).program.eligible


def test_the_seed_draws_the_weights():
    draws = [parse_network(TEMPLATE.replace("seed = 0 ", f"seed = {seed} ")).program.state["W"]
             for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1])
    assert np.mean(draws[0] != draws[2]) > 0.9


def test_weights_come_from_files(tmp_path):
    matrix = np.arange(8.0).reshape(8, 1) / 8
    np.save(tmp_path / "w.npy", matrix)
    (tmp_path / "w.csv").write_text("\n".join(map(str, matrix[:, 0])), encoding="utf-8")
    for name in ("w.npy", "w.csv"):
        path = tmp_path / "net.toml"
        path.write_text(TEMPLATE.replace(NORMAL, f"weights = '{name}'", 1), encoding="utf-8")
        setup = read_network(path)
        assert np.array_equal(setup.network.projections[0].weights, matrix)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("dt = 0.1", "dt = -1", "line 5: dt = -1; allowed: above 0"),
    ("dt = 0.1", "dt = nan", "line 5: dt = nan; allowed: above 0"),
    ("dt = 0.1 ", "dt = '3'", 'line 5: dt = "3"; allowed: above 0'),
    ("dt = 0.1 ", "dt 3", "line 5, column 4: Expected '=' after a key"),
    (TEMPLATE, "", "dt is missing; allowed: above 0"),
    ('rule = "vle"', 'rule = "bptt"', 'line 6: rule = "bptt"; allowed: vle, gle, instant, feed'),
    ("seed = 0 ", "seed = -1 ", "line 7: seed = -1; allowed: 0 … 4294967295"),
    ("[input]", "[inputs]", "line 9: unknown key inputs; did you mean input?"),
    ("[input]", "[[input]]", "line 9: input = .*; allowed: a table [input]"),
    ("channels = 1", "channels = 2", "line 11: [input]: columns has 1 names for 2 channels"),
    ("offset = 50.0", "offset = [1, 2]", "line 12: [input]: offset has 2 values for 1 channels"),
    ("scale = 25.0", "scale = 0", "line 13: [input]: scale = 0; allowed: one number, or a list"),
    ('["heater"]', "[]", "line 11: [input]: columns = []; allowed: a list of one name per chan"),
    ("tau_m = 4.0", "taum = 4.0", "line 27: population slow: unknown key taum; did you mean tau_m"),
    ("tau_m = 4.0", "zzz = 4.0", "line 27: population slow: unknown key zzz; there are: name, "),
    ("tau_m = 4.0", "", "line 24: population slow: tau_m is missing; allowed: at least dt and"),
    ("tau_m = 4.0", "tau_m = 0.01", "line 27: population slow: τm = 0.01 s is below dt = 0.1 s"),
    ("tau_r = 0.2", "tau_r = 5", "line 28: population slow: τr = 5 s is above τm = 4 s"),
    ("tau_m = 4.0", "tau_m = 1e12", "line 27: population slow: dt/τm = 1e-13 is outside 5.96046e"),
    ('"tanh"', '"tan"', 'line 29: population slow: activation = "tan"; allowed: linear, tanh, lea'),
    ("size = 8", "size = 0", "line 26: population slow: size = 0; allowed: 1 … 65535"),
    ("size = 8", "size = true", "line 26: population slow: size = true; allowed: 1 … 65535"),
    ("size = 8", "size = 5000", "fan-in of a neuron = 5008; exact sums hold 4096"),
    ("size = 8", "size = 8\nnoise = 0.3", "line 27: population slow: noise = 0.3; allowed: 0, or"),
    ("size = 8", "size = 8\nbias = [1, 2]", "line 27: population slow: bias has shape (2,)"),
    ("size = 8", "size = 8\nbias = 8", "line 27: population slow: bias = 8; allowed: magnitude b"),
    ("size = 8", "size = 8\ntap_limit = 40", "line 27: population slow: tap_limit = 40; allowed: "),
    ("size = 8", "size = 8\ntaps = 'gle'", 'slow: taps counts only with rule = "custom" at the to'),
    ("bias_rate = 0.03", "bias_rate = 50", "line 30: population slow: bias rate × dt = 5 is outsi"),
    ("output = true", "output = false", "a network needs at least one output population"),
    ('"fast"\n', '"slow"\n', 'line 33: population name = "slow" is taken'),
    ('"fast"\n', '"a.b"\n', 'line 33: population a.b: name = "a.b"; allowed: letters, digits'),
    ('source = "input"', 'source = "slo"', "line 59: projection slo>slow: source is 'slo'; there "),
    ('"slow", "fast"', '"slow", "out"', "line 70: projection slow+out>hidden: 'out' does not foll"),
    ('"slow", "fast"', '"slow", 3', "line 70: projection to hidden: source = ['slow', 3]; allowed"),
    ('target = "hidden"', 'target = "input"', "line 71: projection slow+fast>input: target is 'i"),
    ('target = "hidden"', "", "line 69: projection 3: target is missing; allowed: a population's"),
    (NORMAL, "weights = {normal = 9}", f"line 61: projection to slow: weights = .*; {WEIGHTS}"),
    (NORMAL, "weights = {normal = 1, constant = 1}", f"line 61: .*; {WEIGHTS}"),
    (NORMAL, "weights = [\n[1],\n[33]]", f"line 61: projection to slow: weights = .*; {WEIGHTS}"),
    (NORMAL, "weights = [\n[1],\n[3]]", "line 61: projection input>slow: W has shape (2, 1); it m"),
    (NORMAL, "weights = [[1, 2], [3]]", "line 61: projection input>slow: W has rows of different"),
    (NORMAL, "weights = 'no.npy'", "line 61: projection input>slow: W cannot be read from .*no.np"),
    ("plastic = true ", "rate = 100 ", "line 62: projection input>slow: rate × dt = 10 is outside"),
    ("plastic = true ", "eligibility = 3\n#", "line 62: projection to slow: eligibility = 3; "
     "allowed: a table [projection.eligibility]"),
    ("plastic = true ", "eligibility = {facto = 'sign'}\n#", "line 62: projection to slow: eligib"),
    ("plastic = true ", "eligibility = {retention = 0.3}\n#", "line 62: projection input>slow: 1 "),
    ("plastic = true ", "eligibility = {scale = 2}\n#", "line 62: projection input>slow: eligib"),
    (TEMPLATE, "population = [3]\n[[projection]]\n[input]", "line 1: population 1: 3 is not a tab"),
])
def test_what_is_wrong_is_refused_in_one_line(old, new, message):
    # The first place outside the comments at the top.
    text = TEMPLATE.replace(old, new, 1)
    assert text != TEMPLATE
    with pytest.raises(NetworkError) as error:
        parse_network(text, name="net.toml")
    line = str(error.value)
    assert "\n" not in line and line.startswith("net.toml")
    position = 0
    for part in message.split(".*"):
        position = line.find(part, position)
        assert position >= 0, f"'{part}' is not in: {line}"


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(NetworkError, match=r"cannot read .*none.toml: No such file"):
        read_network(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(NetworkError, match=r"bad.toml is not a text file: byte 0 is not UTF-8"):
        read_network(tmp_path / "bad.toml")


def test_lines_of_keys_within_long_arrays():
    assert line_of(SMALL, ("projection", 0, "weights", 2)) == 20
    assert line_of(SMALL, ("projection", 1, "target")) == 27
    assert line_of(SMALL, ("population", 1)) == 11
    assert line_of(SMALL, ("population", 5)) is None


def test_the_schema_offers_what_networks_have():
    for table, kind in ((PopulationTable, Population), (ProjectionTable, Projection),
                        (EligibilityTable, Eligibility)):
        known = {field.name: field.default for field in fields(kind)}
        assert table.model_fields.keys() <= known.keys()
        for name, key in table.model_fields.items():
            if not key.is_required() and name not in ("weights", "backward"):
                assert key.default == known[name]


def test_the_documentation_has_every_key():
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    assert section(page) == render(), "run python -m host.network_docs"
    assert page.count("\n| `") == sum(len(table.model_fields) for table in tables().values())


def test_devices_take_networks_as_they_are():
    setup = parse_network(TEMPLATE)
    inputs = np.sin(np.arange(300) / 20)[:, None]
    with open_device("model") as device:
        answers = []
        for given in (setup, setup.program, setup.network):
            device.load(given)
            answers.append(device.stream(inputs, inputs))
        assert np.array_equal(compile_network(setup.network).state["W"], setup.program.state["W"])
        device.load(setup)
        samples = [float(x) for x in inputs[:, 0]]
        live = list(device.live((x, x) for x in samples))
    assert all(np.array_equal(answers[0], answer) for answer in answers[1:])
    assert np.array_equal(np.array(live), answers[0]) and live[0].shape == (1,)
    assert np.std(answers[0]) > 0.1


def test_new_writes_what_runs(tmp_path, capsys):
    files = str(tmp_path / "net.toml"), str(tmp_path / "net.csv")
    assert main(["new", files[0], "--data", files[1]]) == 0
    assert read_network(files[0]).text == TEMPLATE
    recording = (tmp_path / "net.csv").read_text(encoding="utf-8")
    assert recording.startswith("time,heater,temperature\n")
    capsys.readouterr()
    assert main(["new", files[0]]) == 2
    assert capsys.readouterr().err == f"vle: {files[0]} exists; --force writes over it\n"
    assert main(["new", files[0], "--force"]) == 0
    assert main(["new", str(tmp_path / "no" / "net.toml")]) == 2
    assert "No such file" in capsys.readouterr().err
