"""Which core a program needs: the default one, with the capacities doubled that are too small."""

import sys
from dataclasses import replace

from hdl.config import Config
from hdl.layout import Layout
from model.program import Program

__all__ = ["fitting"]

CAPACITIES = ("rows", "trace_rows", "words", "populations", "projections", "inputs", "outputs")
"""What a core grows in; probes stay as they are, so that every device refuses alike."""


def fitting(smallest: Config, program: Program) -> Config:
    """The first core that holds ``program``, of ``smallest`` and those with doubled capacities.

    It has eligibilities if the program has.  Few sizes, so that few cores are ever compiled.
    :class:`model.network.NetworkError`, naming the limit, where even the largest is too small.
    """
    smallest = replace(smallest, eligibility=smallest.eligibility or program.eligible)
    largest = _grown(smallest, dict.fromkeys(CAPACITIES, sys.maxsize))
    # Places depend on lanes alone, so those in the largest core tell what any core must have.
    layout = Layout(largest, program)
    return _grown(smallest, {
        "rows": int(layout.slots[-1] >> largest.lane_bits) + 1,
        "trace_rows": layout.used_trace_rows, "words": layout.used_words,
        "populations": len(program.populations), "projections": len(program.projections),
        "inputs": program.inputs, "outputs": program.outputs,
    })


def _grown(config: Config, needed: dict[str, int]) -> Config:
    """``config`` with each capacity doubled until it is what is needed, or as far as it goes."""
    for name, least in needed.items():
        while getattr(config, name) < least:
            try:
                config = replace(config, **{name: 2 * getattr(config, name)})
            except ValueError:
                break
    return config
