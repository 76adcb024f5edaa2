"""A case run on the simulated core."""

import numpy as np

from sim.library import SimulatedCore
from tests.sim.cases import Case

__all__ = ["difference"]


def difference(core: SimulatedCore, case: Case) -> str | None:
    """The first thing that a core, which holds the case's image, does otherwise than the golden
    model; None if there is none."""
    for block in case.blocks:
        if block.restored is not None:
            core.write(case.state_places, block.restored)
        if not np.array_equal(core.run(block.words, len(block.results)), block.results):
            return "results"
        states = core.read(case.addresses)
        if not np.array_equal(states, block.states):
            return case.place(int(np.argmax(states != block.states)))
    return None
