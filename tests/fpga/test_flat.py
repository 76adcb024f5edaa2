"""The plain Verilog of a netlist does what its cells' models do."""

import json

import numpy as np

from fpga import flat
from hdl.primitives.technology import Technology
from sim.cells import CELLS
from sim.vectors import drive

CLOCKS, WIDTH, CLOCK = 500, 96, 2
INPUTS = list(range(100, 100 + WIDTH))
OUTPUTS = list(range(300, 300 + WIDTH))
PINS = {"LUT4": ("A", "B", "C", "D", "Z"), "PFUMX": ("C0", "ALUT", "BLUT", "Z"),
        "L6MUX21": ("SD", "D0", "D1", "Z"), "TRELLIS_FF": ("CLK", "DI", "CE", "LSR", "Q")}


def netlist() -> str:
    """Cells of every kind between random inputs, constants and x among them."""
    source = np.random.default_rng(2)
    cells = {}
    for number, bit in enumerate(OUTPUTS):
        kind = list(PINS)[number % len(PINS)]
        *inputs, output = PINS[kind]
        pins = {pin: [int(source.choice(INPUTS))] for pin in inputs}
        pins[inputs[-1]] = [INPUTS[0], "0", "1", "x"][number // len(PINS) % 4 :][:1]
        parameters = {}
        if kind == "LUT4":
            parameters["INIT"] = format(int(source.integers(1 << 16)), "016b")
        if kind == "TRELLIS_FF":
            pins["CLK"] = [CLOCK]
            parameters |= {"CEMUX": "CE", "REGSET": "RESET", "GSR": "DISABLED"}
        cells[f"u[{number}].{kind}"] = {
            "type": kind, "parameters": parameters, "connections": pins | {output: [bit]},
            "port_directions": dict.fromkeys(inputs, "input") | {output: "output"}}
    ports = {"clk": {"direction": "input", "bits": [CLOCK]},
             "i": {"direction": "input", "bits": INPUTS},
             "o": {"direction": "output", "bits": OUTPUTS}}
    cells["note"] = {"type": "$scopeinfo", "parameters": {}, "connections": {},
                     "port_directions": {}}
    return json.dumps({"modules": {"core": {"ports": ports, "cells": cells}}})


def test_expressions_are_worth_their_cells(monkeypatch):
    given = np.random.default_rng(3).integers(0, 1 << 32, (CLOCKS, WIDTH // 32), np.uint32)
    cells = [cell.read_text() for cell in CELLS[Technology.ECP5]]
    expressions = flat.verilog_of(netlist(), top="core")
    monkeypatch.setattr(flat, "TABLES", {})
    monkeypatch.setattr(flat, "CHOICES", {})
    instances = flat.verilog_of(netlist(), top="core")
    assert "LUT4" not in expressions and instances.count("LUT4 #") == WIDTH // len(PINS)
    first, second = (drive("\n".join([text, *cells]), given, words=WIDTH // 32)
                     for text in (expressions, instances))
    assert np.array_equal(first, second)
    assert len(np.unique(first, axis=0)) > CLOCKS // 2
