"""Bad data get one line that says where, and leave what was learned before them."""

import numpy as np
import pytest
import soundfile

from host.checkpoint import read_checkpoint
from host.cli import main


@pytest.mark.parametrize(("content", "more", "message"), [
    ("heater\n1\nx\n", [], "bad.csv, line 3: 'x' in column 1 (heater) is not a number"),
    ("1,2\n3\n", [], "bad.csv, line 2: 1 fields; the lines before have 2"),
    ("power\n1\n", [], "bad.csv has no column 'heater' for the input; there are: power"),
    ("heater,b\n1,2\n\n,3\n", [], "sample 2: input heater is missing"),
    ("1\n2\n", ["--target", "bad.csv"], "bad.csv has 1 columns; the target needs 1 from column 2"),
    ("1\n2\n", ["--target", "y.npy"], "bad.csv ends after 2 samples, before the others do"),
    ("1\n2\n", ["--modulator", "nan"], "the modulator is missing in samples 1 … 2"),
    ("1\n2\n", ["--target", "-"], "give - for all of th"),
    ("1\n2\n", ["--out", "bad.csv"], "--out bad.csv is one of the files that are read"),
    ("1\n2\n", ["--out", "y.xls"], "cannot write y.xls: its name must end in .csv, .npy or .wav"),
    ("1\n2\n", ["--out", "no/y.csv"], "cannot write no/y.csv: No such file"),
    ("1\n2\n", ["--save-every", "3"], "--save-every needs --save FILE"),
    ("1\n2\n", ["--out", "-", "--json"], "--json takes standard output: give --out a file"),
    ("1\n2\n", ["--input", "none.csv"], "cannot read none.csv: No such file"),
    ("1\n2\n", ["--input", "net.toml"], "cannot read net.toml: its name must end in .csv, .npy or"),
    ("1\n2\n", ["--input", "cube.npy"], "cube.npy holds float64 of shape (2, 2, 2); it must hold"),
    ("1\n2\n", ["--input", "x.wav"], "x.wav has 8000 samples a second, the network 10: set dt ="),
    ("1\n2\n", ["--input", "text.wav"], "cannot read text.wav: "),
    ("1\n2\n", ["--input", "text.npy"], "cannot read text.npy: "),
    ("\udcff", [], "bad.csv is not a text file: byte 0 is not UTF-8"),
])
def test_bad_data_get_one_line(folder, capsys, content, more, message):
    (folder / "bad.csv").write_text(content, encoding="utf-8", errors="surrogateescape")
    np.save("cube.npy", np.zeros((2, 2, 2)))
    soundfile.write("x.wav", np.zeros(9), 8000)
    for name in ("text.wav", "text.npy"):
        (folder / name).write_text("text", encoding="utf-8")
    assert main(["stream", "net.toml", "--input", "bad.csv", *more]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_bad_data_leave_what_was_learned(folder, capsys):
    lines = (folder / "first.csv").read_text(encoding="utf-8")
    (folder / "bad.csv").write_text(lines + "7,x,7\n", encoding="utf-8")
    for target in ("bad.csv", "y.npy"):
        assert main(["stream", "net.toml", "--input", "bad.csv", "--target", target,
                     "--save", f"{target}.npz", "--out", f"{target}.npy"]) == 2
        seen = capsys.readouterr()
        assert seen.err == "vle: bad.csv, line 252: 'x' in column 2 (heater) is not a number\n"
        assert "250 in " in seen.out
        assert read_checkpoint(f"{target}.npz").steps == len(np.load(f"{target}.npy")) == 250
