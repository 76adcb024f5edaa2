"""What is kept per population: learned time constants, energy and cost; as ``hdl/measures.py``."""

import numpy as np
from numba import njit

from model.fixed import limit, shift_round
from model.formats import COUNTERS, RATIO
from model.program import ALPHA_BITS, LEAST_ALPHA, POPULATION_STATES

__all__ = ["measure", "set_times"]

ALPHA, ENERGY, COST = range(len(POPULATION_STATES))
ONE = RATIO.one
_ERROR = COUNTERS.index("error")


@njit
def set_times(populations, projections, measures):
    """Enter learned time constants into the records that this step uses."""
    for q in range(len(populations)):
        p = populations[q]
        if p.learns_tau:
            mantissa = measures[q, ALPHA] >> ALPHA_BITS
            p.membrane_mantissa = p.error_mantissa = mantissa
            p.ratio = min(shift_round(mantissa * p.ratio_scale, 16), ONE)
    for q in range(len(projections)):
        p = projections[q]
        if p.learns_tau:
            target = populations[np.uint64(p.target)]
            p.trace_mantissa = target.membrane_mantissa
            p.ratio = ONE if p.prospective else target.ratio


@njit
def measure(p, q, measures, learn, pull, energy, cost, counts):
    """Population states: α moves by the neurons' pulls, τm ≥ τr; energy and cost."""
    if p.learns_tau and learn:
        moved = measures[q, ALPHA] + shift_round(pull, 16)
        measures[q, ALPHA] = min(max(moved, LEAST_ALPHA), p.alpha_limit)
    measures[q, ENERGY], hit = limit(shift_round(energy, 11), 30)
    counts[_ERROR] += hit
    measures[q, COST], hit = limit(shift_round(cost, 11 - p.gain_shift), 30)
    counts[_ERROR] += hit
