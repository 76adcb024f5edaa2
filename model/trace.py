"""Eligibility traces ψ of one projection's sources; ``hdl/trace.py`` is the same as a pipeline."""

import numpy as np
from numba import njit

from model.fixed import limit, shift_round
from model.formats import COUNTERS
from model.neuron import XI, R
from model.program import TRACE_STATES, Flag

__all__ = ["LOW", "PSI", "PSI_XI", "trace"]

LOW, PSI, PSI_XI = range(len(TRACE_STATES))
INTEGRATE = int(Flag.INTEGRATE)
_RATE = COUNTERS.index("rate")


@njit
def trace(p, neurons, traces, flags, counts):
    """ψ = D⁺τr I⁻τm [r] for the sources of one projection, and the ξ that rode on r."""
    for j in range(np.uint64(p.source_size)):
        t, n = np.uint64(p.trace_first) + j, np.uint64(p.source_first) + j
        if not flags & INTEGRATE:
            traces[t, PSI_XI] = 0
            continue
        low = traces[t, LOW]
        drive, hit_drive = limit(shift_round((neurons[n, R] << 12) - low, 13), 18)
        traces[t, PSI], hit_psi = limit(shift_round((low << 3) + p.ratio * drive, 15), 18)
        step = shift_round(p.trace_mantissa * drive, 3 + p.trace_shift)
        traces[t, LOW], hit_low = limit(low + step, 30)
        counts[_RATE] += hit_drive + hit_psi + hit_low
        traces[t, PSI_XI] = neurons[n, XI]
