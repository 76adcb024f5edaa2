"""Every quantity of one step as integers of its format: states, streams, and operands inside.

Operands that no state keeps are computed anew from the states before and after the step, with the
golden model's own roundings and limits; so they are the numbers that entered the multipliers.
"""

from dataclasses import replace

import numpy as np

from model.activation import SEGMENT_BITS, SEGMENTS
from model.formats import (
    DRIVE,
    ERROR,
    FACTOR_WIDTH,
    FINE_WEIGHT,
    MIRROR_STEP,
    RATE,
    SLOPE,
    SUM,
    TAP,
    TAP_STATE,
    Format,
)
from model.frames import Frames, Outputs
from model.program import (
    NEURON_STATES,
    POPULATION_STATES,
    STATE_FORMATS,
    Feedback,
    Flag,
    Program,
    State,
    Teach,
)

__all__ = ["ABOUT", "FACTOR", "Quantities", "quantities"]

Quantities = dict[str, tuple[Format, np.ndarray]]

FACTOR = Format(name="factor", width=FACTOR_WIDTH, frac=ERROR.frac, counter="factor",
                about="learning factor ê = η m ē; the binary point is the projection's own")

ABOUT = {
    "u": "membrane potential u", "drive": "drive d = I − u", "s": "look-ahead potential s",
    "current": "input current I", "r": "rate sent r", "error": "error ē", "e": "error ahead e",
    "v": "low-passed error v", "x": "twice low-passed error x", "c0": "tap c0", "c1": "tap c1",
    "bias": "bias b", "change": "change of current ΔI", "change_mean": "mean magnitude of ΔI",
    "low": "low-passed rate", "psi": "trace ψ", "W": "weight W", "B": "backward weight B",
    "alpha": "mantissa of dt/τm", "energy": "energy ½ Σ e²", "cost": "cost ½ β Σ (y − r)²",
}
"""States as tables call them; a state that is not listed goes by its name."""


def quantities(program: Program, before: State, after: State, frame: Frames,
               outputs: Outputs) -> Quantities:
    """All quantities of the step that led from ``before`` to ``after`` through one ``frame``.

    Values are one-dimensional, of any length; neurons that the network reads as inputs have a rate
    and nothing else.
    """
    found = _states(program, after) | _streams(frame, outputs)
    found |= _neurons(program, before, after) | _sums(program, before, frame)
    found["drive of the trace"] = DRIVE, _trace_drives(program, before, frame)
    if frame.flags[0] & Flag.LEARN:
        found |= _plasticity(program, before)
    return found


def _states(program: Program, state: State) -> Quantities:
    found = {}
    for name, form in STATE_FORMATS.items():
        if form is None:
            continue
        values = state[name]
        if name in NEURON_STATES and name != "r":
            values = values[program.inputs :]
        elif name in POPULATION_STATES:
            values = values[1:]  # The inputs come first and have none.
        found[ABOUT.get(name, name)] = form, values.astype(np.int64)
    return found


def _streams(frame: Frames, outputs: Outputs) -> Quantities:
    targets = frame.teach[0][frame.kind[0] == Teach.TARGET]
    return {"input": (RATE, frame.inputs[0]), "target y": (RATE, targets),
            "output φ(s)": (RATE, outputs.rates[0]), "output error ē": (ERROR, outputs.errors[0])}


def _narrow(values: np.ndarray, shift: int | np.ndarray, form: Format) -> np.ndarray:
    """Rounded half up and limited, as :mod:`model.fixed` does."""
    return np.clip((values + ((1 << shift) >> 1)) >> shift, form.min, form.max)


def _neurons(program: Program, before: State, after: State) -> Quantities:
    """Operands of the neuron pass."""
    here = slice(program.inputs, None)
    v, x = (before[name][here] for name in ("v", "x"))
    table = np.repeat(program.populations["table"], program.populations["size"])[here]
    s = after["s"][here]
    segment, position = (s >> SEGMENT_BITS) + SEGMENTS // 2, s & ((1 << SEGMENT_BITS) - 1)
    left, difference = (program.tables[table, segment, column] for column in (2, 3))
    taps = np.concatenate([before["c0"][here], before["c1"][here]])
    return {
        "slope φ'(s)": (SLOPE, left + _narrow(difference * position, SEGMENT_BITS, SLOPE)),
        "drive ē − v": (ERROR, _narrow((after["error"][here] << 12) - v, 12, ERROR)),
        "drive v − x": (ERROR, _narrow(v - x, 12, ERROR)),
        "taps as operands": (TAP, taps >> (TAP_STATE.frac - TAP.frac)),
    }


def _rates(program: Program, before: State, frame: Frames) -> np.ndarray:
    """The rates that a step hears: inputs of its own frame, the others as the last step left."""
    rates = before["r"].copy()
    rates[: program.inputs] = frame.inputs[0]
    return rates


def _sums(program: Program, before: State, frame: Frames) -> Quantities:
    """Exact sums Σ W r of every neuron and Σ B e of every neuron that has synapses."""
    rates = _rates(program, before, frame)
    currents, errors = np.zeros((2, program.neurons), np.int64)
    heard = np.zeros(program.neurons, bool)
    for q, p in enumerate(program.projections):
        sources, targets = _sources(p), _targets(p)
        W, B = (program.matrix(before, q, name).astype(np.int64) for name in ("W", "B"))
        currents[targets] += W @ rates[sources]
        errors[sources] += (W if p["feedback"] == Feedback.TIED else B).T @ before["e"][targets]
        heard[sources] = True
    heard[: program.inputs] = False
    return {"sum Σ W r": (SUM, currents[program.inputs :]), "sum Σ B e": (SUM, errors[heard])}


def _sources(projection) -> slice:
    return slice(projection["source_first"],
                 projection["source_first"] + projection["source_size"])


def _targets(projection) -> slice:
    return slice(projection["target_first"],
                 projection["target_first"] + projection["target_size"])


def _trace_drives(program: Program, before: State, frame: Frames) -> np.ndarray:
    rates = _rates(program, before, frame)
    heard = np.concatenate([rates[_sources(p)] for p in program.projections])
    return _narrow((heard << 12) - before["low"], 13, DRIVE)


def _plasticity(program: Program, before: State) -> Quantities:
    """Factors and steps of a learning frame with m = 1, every projection that is plastic."""
    factors: dict[int, list[np.ndarray]] = {}
    steps, pulls = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for p in program.projections:
        targets = _targets(p)
        if p["feedback"] == Feedback.MIRROR:
            pulls.append(_pulls(p, before["change"][targets], before["change_mean"][targets]))
        if not p["plastic"]:
            continue
        taught_by = before["e" if p["prospective"] else "error"][targets]
        factor = _narrow(p["rate_mantissa"] * taught_by, p["factor_shift"], FACTOR)
        factors.setdefault(ERROR.frac + int(p["change_shift"]), []).append(factor)
        psi = before["psi"][p["trace_first"] : p["trace_first"] + p["source_size"]]
        steps.append(_narrow(np.multiply.outer(factor, psi).ravel(), p["change_shift"],
                             FINE_WEIGHT))
    found = {f"factor ê, {frac} fractional": (replace(FACTOR, frac=frac), np.concatenate(parts))
             for frac, parts in sorted(factors.items())}
    return found | {"weight step ê ψ": (FINE_WEIGHT, np.concatenate(steps)),
                    "mirror step": (MIRROR_STEP, np.concatenate(pulls))}


def _pulls(p, change: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """ηB ΔI/ε of the targets of a mirrored projection."""
    # The exponent of frexp is the length of an integer in bits.
    lengths = np.frexp(mean.astype(np.float64))[1].astype(np.int64)
    slower = 2 * np.maximum(0, lengths - 27 + p["noise_shift"]) if p["self_scaling"] else 0
    return _narrow(change << 11, p["mirror_shift"] + slower - p["noise_shift"] + 4, MIRROR_STEP)
