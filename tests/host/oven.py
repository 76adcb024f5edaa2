"""Data of an oven, as files and as the command line tells of their streams."""

import json

import numpy as np

from host.cli import main

__all__ = ["HALF", "STEPS", "stream", "write_csv"]

STEPS = 600
HALF = 250
"""Samples of all.csv, and of first.csv."""


def write_csv(path, data, *, header=True):
    """Time, heater and temperature, which is empty where it is not known."""
    lines = ["time,heater,temperature"] if header else []
    for k, (heater, temperature) in enumerate(data.tolist()):
        told = "" if np.isnan(temperature) else f"{temperature!r}"
        lines.append(f"{k},{heater!r},{told}" if header else f"{heater!r},{told}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def stream(capsys, *arguments: str) -> dict:
    """The object that ``vle stream`` prints."""
    assert main(["stream", *arguments, "--json"]) == 0
    seen = capsys.readouterr()
    assert "vle: " not in seen.err  # The first use of a core says that it is being compiled.
    return json.loads(seen.out)
