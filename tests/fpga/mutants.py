"""Mutants of a mapped netlist: one simulation with many cells, each inverted behind a number.

A mutant inverts one output of one cell: a whole look-up table, the sum of a carry cell, a register,
a bit of a product or of a memory's word.  The number is a variable of the design that a write to
the last bus address, which belongs to no region, sets; 0 leaves the netlist as it is.
"""

import json
import random

from fpga.flat import verilog_of

__all__ = ["NUMBER_ADDRESS", "OUTPUTS", "mutate", "sites"]

NUMBER_ADDRESS = 0xFFFFFF
OUTPUTS = {"LUT4": "Z", "CCU2C": "S0", "TRELLIS_FF": "Q", "MULT18X18D": "P20", "DP16KD": "DOB3",
           "TRELLIS_DPR16X4": "DO", "SB_LUT4": "O", "SB_CARRY": "CO", "SB_DFF": "Q",
           "SB_DFFSR": "Q", "SB_DFFESR": "Q", "SB_MAC16": "O", "SB_SPRAM256KA": "DATAOUT",
           "SB_RAM40_4K": "RDATA"}
"""Which output of a cell a mutant inverts, of several bits the lowest."""
MODELS = f"""package mutants; bit [31:0] number; endpackage
module mutant #(parameter NUMBER = 0) (input A, output Z);
  assign Z = A ^ (mutants::number == NUMBER);
endmodule
module mutant_number(input clk, input write, input [23:0] address, input [31:0] value);
  always @(posedge clk) if (write && address == {NUMBER_ADDRESS}) mutants::number <= value;
endmodule
"""


def sites(netlist: str, top: str, counts: dict[str, int], *, seed: int) -> list[str]:
    """Names of so many cells of each kind, drawn from those whose output is in use."""
    cells = json.loads(netlist)["modules"][top]["cells"]
    read = {bit for cell in cells.values() for pin, bits in cell["connections"].items()
            if cell["port_directions"][pin] == "input" for bit in bits}
    source, chosen = random.Random(seed), []
    for kind, count in counts.items():
        found = [name for name, cell in cells.items() if cell["type"] == kind
                 and (cell["connections"].get(OUTPUTS[kind]) or [None])[0] in read]
        chosen += source.sample(sorted(found), min(count, len(found)))
    return chosen


def mutate(netlist: str, top: str, chosen: list[str]) -> str:
    """Verilog of the netlist with mutant n at the n-th of the ``chosen`` cells, counted from 1."""
    design = json.loads(netlist)
    module = design["modules"][top]
    fresh = 1 + max(bit for cell in module["cells"].values()
                    for bits in cell["connections"].values() for bit in bits
                    if isinstance(bit, int))
    for number, name in enumerate(chosen, 1):
        pins = module["cells"][name]["connections"][OUTPUTS[module["cells"][name]["type"]]]
        module["cells"][f"mutant_{number}"] = {
            "type": "mutant", "parameters": {"NUMBER": number},
            "port_directions": {"A": "input", "Z": "output"},
            "connections": {"A": [fresh + number], "Z": [pins[0]]}}
        pins[0] = fresh + number
    bits = {name: port["bits"] for name, port in module["ports"].items()}
    module["cells"]["mutant_number"] = {
        "type": "mutant_number", "parameters": {},
        "port_directions": dict.fromkeys(("clk", "write", "address", "value"), "input"),
        "connections": {"clk": bits["clk"], "write": bits["bus_write"],
                        "address": bits["bus_address"], "value": bits["bus_write_data"]}}
    return MODELS + verilog_of(json.dumps(design), top=top)
