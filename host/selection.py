"""Names of internal values: ``slow.u``, ``slow.u[3]``, ``input>slow.W``, ``slow>out.W[0,2:5]``.

A population has neuron and population states, a projection has W and B (target, source) and the
traces of its sources; where the program has eligibilities, both have those too.  ``taps`` stands
for c0 and c1, ``*`` for every state, and alone for every value there is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from host.checks import DeviceError
from model.program import (
    ELIGIBILITY_FORMATS,
    ELIGIBILITY_NEURON_STATES,
    ELIGIBILITY_SYNAPSE_STATES,
    NEURON_STATES,
    POPULATION_STATES,
    STATE_FORMATS,
    SYNAPSE_STATES,
    TRACE_STATES,
    Program,
)

__all__ = ["Selection", "places", "select"]

ALIASES = {"ē": ("error",), "ψ": ("psi",), "ξ": ("xi",), "I": ("current",), "b": ("bias",),
           "ΔI": ("change",), "α": ("alpha",), "taps": ("c0", "c1")}
OF_POPULATION = (*NEURON_STATES, *POPULATION_STATES)
OF_PROJECTION = (*TRACE_STATES, *SYNAPSE_STATES)
FORMATS = STATE_FORMATS | ELIGIBILITY_FORMATS


@dataclass(frozen=True)
class Selection:
    """Some values of one state: ``name`` as asked for, ``indices`` into the state's array.

    place   index of every value within ``name``, as text: "[3]", "[0,2]", or "" for a lone one
    """

    name: str
    state: str
    indices: np.ndarray
    place: tuple[str, ...]

    def real(self, values: np.ndarray) -> np.ndarray:
        """Integers of this state as float64 in its units, exactly."""
        form = FORMATS.get(self.state)
        return np.asarray(values, np.float64) if form is None else form.real(values)


def places(program: Program) -> dict[str, tuple[str, ...]]:
    """What has states, and which; parallel projections are numbered from the second on."""
    neurons = tuple(ELIGIBILITY_NEURON_STATES) if program.eligible else ()
    synapses = tuple(ELIGIBILITY_SYNAPSE_STATES) if program.eligible else ()
    found = {name: OF_POPULATION + neurons for name in program.population_names}
    for name in program.projection_names:
        same = sum(other == name or other.startswith(name + "#") for other in found)
        found[f"{name}#{same + 1}" if same else name] = OF_PROJECTION + synapses
    return found | {"generator": ()}


def select(program: Program, names: Iterable[str]) -> list[Selection]:
    """The values of these names; :class:`DeviceError` for a name that stands for none."""
    chosen: dict[str, Selection] = {}
    for name in names:
        for one in _select(program, name):
            chosen.setdefault(one.name, one)
    return list(chosen.values())


def _select(program: Program, name: str) -> Iterable[Selection]:
    known = places(program)
    if name == "*":
        for place, states in known.items():
            for state in states:
                yield _selection(program, place, state, None)
    if name in ("*", "generator"):
        yield Selection("generator", "generator", np.array([0]), ("",))
        return
    matched = re.fullmatch(r"(.+)\.([^.\[\]]+)(?:\[([^\]]*)\])?", name)
    if matched is None:
        raise DeviceError(f"probe '{name}' is not PLACE.STATE or PLACE.STATE[INDEX], such as "
                          f"{program.population_names[-1]}.u[0]")
    place, state, index = matched.groups()
    if place not in known or place == "generator":
        raise DeviceError(f"probe '{name}': no population or projection '{place}'; there are: "
                          f"{', '.join(known)}")
    states = known[place] if state == "*" else ALIASES.get(state, (state,))
    for one in states:
        if one not in known[place]:
            raise DeviceError(f"probe '{name}': {place} has no state '{state}'; it has: "
                              f"{', '.join(known[place])}")
        yield _selection(program, place, one, index)


def _selection(program: Program, place: str, state: str, index: str | None) -> Selection:
    name = f"{place}.{state}" + (f"[{index}]" if index is not None else "")
    first, shape = _extent(program, place, state)
    numbers = first + np.arange(int(np.prod(shape))).reshape(shape)
    if not shape:
        if index is not None:
            raise DeviceError(f"probe '{name}': {state} is one value, without an index")
        return Selection(name, state, numbers.reshape(1), ("",))
    parts = [] if index is None else index.split(",")
    if index is not None and len(parts) > len(shape):
        raise DeviceError(f"probe '{name}': {len(parts)} indices; {state} has {len(shape)}")
    chosen = [_range(name, part, size)
              for part, size in zip([*parts, *[":"] * (len(shape) - len(parts))], shape,
                                    strict=True)]
    grid = np.meshgrid(*chosen, indexing="ij")
    rows = zip(*(axis.ravel().tolist() for axis in grid), strict=True)
    # Places count within the whole state, so that the same value has one name always.
    return Selection(f"{place}.{state}" if index is None else name, state,
                     numbers[tuple(grid)].ravel(),
                     tuple(f"[{','.join(map(str, row))}]" for row in rows))


def _extent(program: Program, place: str, state: str) -> tuple[int, tuple[int, ...]]:
    """First index of a state's part, and the part's shape."""
    number = list(places(program)).index(place)
    if number < len(program.populations):
        record = program.populations[number]
        if state in POPULATION_STATES:
            return number, ()
        return int(record["first"]), (int(record["size"]),)
    record = program.projections[number - len(program.populations)]
    if state in TRACE_STATES:
        return int(record["trace_first"]), (int(record["source_size"]),)
    return int(record["synapse_first"]), (int(record["target_size"]), int(record["source_size"]))


def _range(name: str, part: str, size: int) -> np.ndarray:
    """One index, or first:end, within 0 … size."""
    bounds = re.fullmatch(r"\s*(\d+)\s*|\s*(\d*)\s*:\s*(\d*)\s*", part)
    if bounds is None:
        raise DeviceError(f"probe '{name}': '{part}' is neither an index nor first:end")
    if bounds[1] is not None:
        first, end = int(bounds[1]), int(bounds[1]) + 1
    else:
        first, end = int(bounds[2] or 0), int(bounds[3] or size)
    if not 0 <= first < end <= size:
        raise DeviceError(f"probe '{name}': '{part}' is outside 0 … {size - 1}")
    return np.arange(first, end)
