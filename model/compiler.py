"""From a network in SI units to a Program: quantise, choose binary points, check every limit.

Anything that cannot be represented is refused with a :class:`model.network.NetworkError` that names
the value and the limit; nothing is silently clipped here.
"""

import math

import numpy as np

from model.activation import ACTIVATIONS, table
from model.fixed import next_word
from model.formats import FACTOR_FRACS, FACTOR_WIDTH, RATE, RATIO, TAP_STATE, WEIGHT
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.program import (
    POPULATION,
    PROJECTION,
    TABLE_SLOTS,
    Feedback,
    Program,
    State,
    record_type,
)

__all__ = ["MAX_FAN", "MAX_NEURONS", "compile_network"]

FEEDBACK = {"fixed": Feedback.FIXED, "tied": Feedback.TIED, "mirror": Feedback.MIRROR,
            "kolen-pollack": Feedback.KOLEN_POLLACK}
RULES = ("trace", "prospective")
RATE_BITS = 14
"""Bits of a learning rate's mantissa; with |m| < 8 the product η m still fits 18 bits."""
MAX_FAN = 4096
"""Synapses that one exact sum holds."""
MAX_NEURONS = 65535


def _exponent(value: float, what: str, low: int, high: int) -> int:
    """k of ``value`` = 2**k, refused unless it is a power of two with low ≤ k ≤ high."""
    if not (value > 0 and math.isfinite(value)) or math.frexp(value)[0] != 0.5:
        raise NetworkError(f"{what} = {value:g} is not a power of two")
    k = math.frexp(value)[1] - 1
    if not low <= k <= high:
        raise NetworkError(f"{what} = {value:g} is outside 2^{low} … 2^{high}")
    return k


def _mantissa(value: float, what: str, bits: int, low: int, high: int) -> tuple[int, int]:
    """``value`` as m · 2**−(bits + k), 2**bits ≤ m < 2**(bits + 1); refused unless k fits."""
    if not math.isfinite(value) or value < 0:
        raise NetworkError(f"{what} = {value:g} must be finite and not negative")
    if value == 0:
        return 0, low
    fraction, exponent = math.frexp(value)
    mantissa, k = round(fraction * 2 ** (bits + 1)), 1 - exponent
    if mantissa == 2 ** (bits + 1):
        mantissa, k = 2**bits, k - 1
    if not low <= k <= high:
        raise NetworkError(f"{what} = {value:g} is outside {2.0**-high:g} … {2.0**(1 - low):g}")
    return mantissa, k


def _table_of(names: list[str], population: Population) -> int:
    if population.activation not in ACTIVATIONS:
        raise NetworkError(f"population {population.name}: unknown activation "
                           f"'{population.activation}'; there are: {', '.join(ACTIVATIONS)}")
    if population.activation not in names:
        names.append(population.activation)
    if len(names) > TABLE_SLOTS:
        raise NetworkError(f"{len(names)} different activations; a program holds {TABLE_SLOTS}")
    return names.index(population.activation)


def _rule(rule: str, where: str) -> int:
    if rule not in RULES:
        raise NetworkError(f"{where}: unknown rule '{rule}'; there are: {', '.join(RULES)}")
    return int(rule == "prospective")


def _check_times(population: Population, dt: float) -> None:
    for name, tau in (("τm", population.tau_m), ("τr", population.tau_r)):
        if not (math.isfinite(tau) and tau > 0):
            raise NetworkError(f"population {population.name}: {name} = {tau:g} s must be positive "
                               "and finite")
        if tau < dt:
            raise NetworkError(
                f"population {population.name}: {name} = {tau:g} s is below dt = {dt:g} s")
    if population.tau_r > population.tau_m:
        raise NetworkError(f"population {population.name}: τr = {population.tau_r:g} s is above "
                           f"τm = {population.tau_m:g} s")


def _taps(population: Population) -> tuple[float, float]:
    kappa = population.tau_m / population.tau_r
    taps = {"learned": (1.0, 0.0), "instant": (1.0, 0.0), "gle": (kappa, 1.0 - kappa)}
    if isinstance(population.taps, str) and population.taps not in taps:
        raise NetworkError(f"population {population.name}: unknown taps '{population.taps}'; "
                           f"there are: {', '.join(taps)}, or a pair")
    pair = taps[population.taps] if isinstance(population.taps, str) else tuple(population.taps)
    if len(pair) != 2:
        raise NetworkError(f"population {population.name}: {len(pair)} taps; there are 2")
    for tap in pair:
        if not abs(tap) < TAP_STATE.limit:
            raise NetworkError(f"population {population.name}: tap {tap:g} does not fit ±"
                               f"{TAP_STATE.limit:g}; τm/τr = {kappa:g}")
    return pair


def _population(population: Population, dt: float, first: int, output_first: int, slot: int):
    where = f"population {population.name}"
    if population.size < 1:
        raise NetworkError(f"{where}: size = {population.size} must be at least 1")
    _check_times(population, dt)
    _taps(population)
    # The error's state runs with τm where its taps follow the project's rule, with τr in GLE's.
    error_tau = population.tau_r if population.taps == "gle" else population.tau_m
    membrane = _mantissa(dt / population.tau_m, f"{where}: dt/τm", 16, 0, 24)
    error = _mantissa(dt / error_tau, f"{where}: dt/τ of the error", 16, 0, 24)
    bias = _mantissa(population.bias_rate * dt, f"{where}: bias rate × dt", RATE_BITS - 1, 2, 31)
    tap_step = population.tap_rate * dt if population.taps == "learned" else 0.0
    if not 0 <= tap_step <= 1:
        raise NetworkError(f"{where}: tap rate × dt = {tap_step:g} is outside 0 … 1")
    if not 0 < population.tap_limit <= TAP_STATE.limit:
        raise NetworkError(f"{where}: tap limit = {population.tap_limit:g} is outside 0 … "
                           f"{TAP_STATE.limit:g}")
    noise = _exponent(population.noise, f"{where}: noise", -RATE.frac, 0) if population.noise else 0
    nudge = _exponent(population.nudging, f"{where}: nudging", -15, 0) if population.nudging else 0
    return {
        "first": first, "size": population.size, "is_input": 0, "is_output": int(population.output),
        "output_first": output_first, "table": slot,
        "prospective": _rule(population.rule, where),
        "ratio": RATIO.quantize(population.tau_r / population.tau_m),
        "membrane_mantissa": membrane[0], "membrane_shift": membrane[1],
        "error_mantissa": error[0], "error_shift": error[1],
        "tap_step": TAP_STATE.quantize(tap_step),
        "tap_limit": (TAP_STATE.quantize(population.tap_limit) if population.taps == "learned"
                      else TAP_STATE.max),
        "noisy": int(population.noise > 0), "noise_shift": -noise,
        "nudged": int(population.nudging > 0), "nudge_shift": -nudge,
        "gain_shift": _exponent(population.gain, f"{where}: gain β", -8, 7),
        "bias_mantissa": bias[0], "bias_shift": bias[1],
    }


def _weights(values, shape: tuple[int, ...], what: str) -> np.ndarray:
    try:
        array = np.zeros(shape) if values is None else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{what} is not an array of numbers: {error}") from error
    if array.shape != shape:
        raise NetworkError(f"{what} has shape {array.shape}; it must have {shape}")
    if not np.isfinite(array).all():
        raise NetworkError(f"{what} holds a value that is not finite")
    if array.size and np.abs(array).max() >= WEIGHT.limit:
        raise NetworkError(f"{what} reaches {np.abs(array).max():g}; weights are below "
                           f"{WEIGHT.limit:g}")
    return WEIGHT.quantize(array)


def _source_noise(network: Network, projection: Projection) -> float:
    """ε of the sources; one value for a projection, since the mirror rule divides by it."""
    names = projection.source
    names = (names,) if isinstance(names, str) else names
    noises = {network.population(name).noise for name in names if name != INPUT} - {0.0}
    if len(noises) > 1:
        raise NetworkError(f"projection {projection.name}: sources have different noise "
                           f"amplitudes {sorted(noises)}; the mirror rule needs one")
    return noises.pop() if noises else 2.0**-6


def _projection(network: Network, projection: Projection, synapse_first: int, trace_first: int):
    where = f"projection {projection.name}"
    target = network.population(projection.target)
    source_first, source_size = network.source_range(projection)
    shape = (target.size, source_size)
    mantissa, k = _mantissa(projection.rate * network.dt, f"{where}: rate × dt",
                            RATE_BITS - 1, 2, 31)
    # The finest binary point for which ê = η m ē still holds |m ē| up to 2.
    frac = max([f for f in FACTOR_FRACS if f <= FACTOR_WIDTH - 3 + k], default=FACTOR_FRACS[0])
    if projection.feedback not in FEEDBACK:
        raise NetworkError(f"{where}: unknown feedback '{projection.feedback}'; there are: "
                           f"{', '.join(FEEDBACK)}")
    decay = _exponent(projection.decay, f"{where}: decay", -31, -1) if projection.decay else 0
    noise = mirror = 0
    if projection.feedback == "mirror":
        noise = -_exponent(_source_noise(network, projection), f"{where}: noise", -10, 0)
        mirror = -_exponent(projection.feedback_rate, f"{where}: feedback rate", -20, -6)
    prospective = _rule(projection.rule or target.rule, where)
    trace = _mantissa(network.dt / target.tau_m, f"{where}: dt/τm", 16, 0, 24)
    record = {
        "source_first": source_first, "source_size": source_size,
        "target_first": network.first(projection.target), "target_size": target.size,
        "synapse_first": synapse_first, "trace_first": trace_first,
        "plastic": int(projection.plastic), "prospective": prospective,
        "feedback": FEEDBACK[projection.feedback],
        "rate_mantissa": mantissa, "factor_shift": RATE_BITS - 1 + k + 15 - frac,
        "change_shift": frac - 15, "decay_shift": -decay,
        "mirror_shift": mirror, "noise_shift": noise, "self_scaling": int(projection.self_scaling),
        # The published rule pairs e with the rate itself: a trace with ρ = 1.
        "ratio": RATIO.one if prospective else RATIO.quantize(target.tau_r / target.tau_m),
        "trace_mantissa": trace[0], "trace_shift": trace[1],
    }
    return record, (_weights(projection.weights, shape, f"{where}: W"),
                    _weights(projection.backward, shape, f"{where}: B"))


def _check_fans(network: Network, projections: list[dict]) -> None:
    """Refuse sums that could overflow, forward or backward."""
    neurons = network.inputs + network.neurons
    if neurons > MAX_NEURONS:
        raise NetworkError(f"{neurons} neurons, inputs included; a program holds {MAX_NEURONS}")
    fan_in, fan_out = np.zeros(neurons, np.int64), np.zeros(neurons, np.int64)
    for p in projections:
        fan_in[p["target_first"]:][:p["target_size"]] += p["source_size"]
        fan_out[p["source_first"]:][:p["source_size"]] += p["target_size"]
    for what, fan in (("fan-in", fan_in), ("fan-out", fan_out)):
        if fan.max() > MAX_FAN:
            raise NetworkError(f"{what} of a neuron = {fan.max()}; exact sums hold {MAX_FAN}")


def _input_record(inputs: int) -> dict:
    record = dict.fromkeys(POPULATION, 0)
    return record | {"size": inputs, "is_input": 1}


def _initial_state(network: Network, weights, traces: int, seed: int) -> State:
    synapses = sum(pair[0].size for pair in weights)
    state = State.zeros(network.inputs + network.neurons, traces, synapses)
    state["W"][:] = np.concatenate([pair[0].ravel() for pair in weights])
    state["B"][:] = np.concatenate([pair[1].ravel() for pair in weights])
    state["c0"][:] = TAP_STATE.one
    for population in network.populations:
        first = network.first(population.name)
        here = slice(first, first + population.size)
        what = f"population {population.name}: bias"
        bias = np.full(population.size, population.bias) if np.ndim(
            population.bias) == 0 else population.bias
        state["bias"][here] = _weights(bias, (population.size,), what)
        state["c0"][here], state["c1"][here] = TAP_STATE.quantize(_taps(population))
    word = (0x9E3779B9 ^ (seed * 0x85EBCA6B)) & 0xFFFFFFFF or 1
    for _ in range(16):
        word = int(next_word(word))
    state["generator"][0] = word
    return state


def compile_network(network: Network, *, seed: int = 0) -> Program:
    """The Program of ``network``; ``seed`` starts the generator of rounding and noise.

    Raises :class:`NetworkError` where the network is inconsistent or a value does not fit.
    """
    if not (math.isfinite(network.dt) and network.dt > 0):
        raise NetworkError(f"dt = {network.dt:g} s must be positive")
    if network.inputs < 1:
        raise NetworkError(f"inputs = {network.inputs}; a network needs at least 1")
    names = [p.name for p in network.populations]
    if len(set(names)) != len(names) or INPUT in names:
        raise NetworkError(f"population names must differ, and none be '{INPUT}': {names}")
    if not network.projections:
        raise NetworkError("a network needs at least one projection")
    if not network.outputs:
        raise NetworkError("a network needs at least one output population")
    activations: list[str] = []
    populations, output_first = [_input_record(network.inputs)], 0
    for population in network.populations:
        slot = _table_of(activations, population)
        populations.append(_population(population, network.dt, network.first(population.name),
                                       output_first if population.output else 0, slot))
        output_first += population.size if population.output else 0
    projections, weights, synapse_first, trace_first = [], [], 0, 0
    for projection in network.projections:
        record, pair = _projection(network, projection, synapse_first, trace_first)
        projections.append(record)
        weights.append(pair)
        synapse_first += pair[0].size
        trace_first += record["source_size"]
    _check_fans(network, projections)
    tables = np.zeros((TABLE_SLOTS, *table("linear").shape), np.int64)
    for slot, name in enumerate(activations):
        tables[slot] = table(name)
    return Program(
        name=network.name, dt=network.dt, inputs=network.inputs, outputs=output_first,
        populations=_records(populations, POPULATION),
        projections=_records(projections, PROJECTION),
        tables=tables, state=_initial_state(network, weights, trace_first, seed),
        population_names=["input", *names], projection_names=[p.name for p in network.projections],
    )


def _records(rows: list[dict], fields: dict[str, int]) -> np.ndarray:
    records = np.zeros(len(rows), record_type(fields))
    for record, row in zip(records, rows, strict=True):
        for name in fields:
            record[name] = row[name]
    return records
