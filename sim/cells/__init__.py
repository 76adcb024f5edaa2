"""Simulation models of the blocks that a technology names, written from the vendor's documents.

The head of each file cites them, by number, title and section.  Pages are of the edition that is
named; where none is given, none could be established.
"""

from pathlib import Path

from hdl.primitives.technology import Technology

__all__ = ["CELLS"]

CELLS = {technology: [Path(__file__).with_name(f"{name}.v") for name in names]
         for technology, names in (
             (Technology.PORTABLE, ()),
             (Technology.ECP5, ("mult18x18d", "dp16kd", "slice")),
             (Technology.ICE40, ("ice40", "sb_mac16", "sb_spram256ka")))}
"""Verilog files by technology."""
