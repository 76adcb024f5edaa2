"""A mapped netlist as plain Verilog for simulation: tables as expressions, all else as instances.

Yosys' JSON numbers the bits of a flat design; here each is a wire of its own.  Tables come with
thousands of different parameters, for each of which Verilator would make a module; so they become
what their models say (``sim/cells``), while other cells stay instances of theirs.
"""

import json

__all__ = ["verilog_of"]

TABLES = {"LUT4": ("INIT", "DCBA", "Z"), "SB_LUT4": ("LUT_INIT", ("I3", "I2", "I1", "I0"), "O")}
"""Cells whose output is the bit of a parameter at their inputs: parameter, inputs, output."""
CHOICES = {"PFUMX": ("C0", "ALUT", "BLUT", "Z"), "L6MUX21": ("SD", "D1", "D0", "Z")}
"""Multiplexers: which, if 1, if 0, output."""
IGNORED = {"$scopeinfo"}


def verilog_of(netlist: str, *, top: str) -> str:
    """The module ``top`` of a flat netlist in Yosys' JSON, its ports by their names."""
    module = json.loads(netlist)["modules"][top]
    bits, lines = set(), []
    for name, port in module["ports"].items():
        joined, bits = _bits(port["bits"]), bits | set(port["bits"])
        lines.append(f"  assign {joined} = {name};" if port["direction"] == "input"
                     else f"  assign {name} = {joined};")
    for name, cell in module["cells"].items():
        if cell["type"] not in IGNORED:
            lines.append(_cell(name, cell))
            bits.update(bit for pins in cell["connections"].values() for bit in pins)
    header = ",\n".join(f"  {port['direction']} [{len(port['bits']) - 1}:0] {name}"
                        for name, port in module["ports"].items())
    wires = "\n".join(f"  wire n{bit};" for bit in sorted(b for b in bits if isinstance(b, int)))
    return f"module {top}(\n{header}\n);\n{wires}\n" + "\n".join(lines) + "\nendmodule\n"


def _bit(bit: int | str) -> str:
    return f"n{bit}" if isinstance(bit, int) else {"1": "1'b1"}.get(bit, "1'b0")


def _bits(bits: list) -> str:
    """The lowest bit comes last, as Verilog has it."""
    return "{" + ", ".join(_bit(bit) for bit in reversed(bits)) + "}"


def _cell(name: str, cell: dict) -> str:
    kind, pins, parameters = cell["type"], cell["connections"], cell["parameters"]
    if kind in TABLES:
        parameter, inputs, output = TABLES[kind]
        chosen = ", ".join(_bit(pins[pin][0]) if pin in pins else "1'b0" for pin in inputs)
        return (f"  assign {_bit(pins[output][0])} = "
                f"{_value(parameters[parameter])} >> {{{chosen}}};")
    if kind in CHOICES:
        which, one, zero, output = (_bit(pins[pin][0]) for pin in CHOICES[kind])
        return f"  assign {output} = {which} ? {one} : {zero};"
    settings = ", ".join(f".{key}({_value(value)})" for key, value in parameters.items())
    # Constants must not drive outputs that nobody uses; Yosys leaves those unconnected, or x.
    ports = ", ".join(
        f".{pin}({_bits(bits)})" for pin, bits in pins.items() if bits and
        not (cell["port_directions"][pin] == "output" and not isinstance(bits[0], int)))
    return f"  {kind} {f'#({settings}) ' if settings else ''}\\{name} ({ports});"


def _value(value: str | int) -> str:
    """A parameter: binary digits are a number, anything else text; undefined digits count as 0."""
    if isinstance(value, int):
        return str(value)
    if value and set(value) <= set("01xz"):
        digits = value.replace("x", "0").replace("z", "0")
        return f"{len(value)}'b{digits}"
    return f'"{value.rstrip(" ")}"'
