"""Records of populations and projections: quantise, choose binary points, check every limit."""

import math

from model.activation import ACTIVATIONS
from model.eligibility import eligibility_record
from model.formats import FACTOR_FRACS, FACTOR_WIDTH, RATE, RATIO, TAP_STATE
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.program import ALPHA_BITS, LEAST_ALPHA, POPULATION, TABLE_SLOTS, Feedback
from model.quantize import mantissa_of, power_of_two, weights_of

__all__ = ["initial_alpha", "initial_taps", "input_record", "population_record",
           "projection_record", "table_of"]

FEEDBACK = {"fixed": Feedback.FIXED, "tied": Feedback.TIED, "mirror": Feedback.MIRROR,
            "kolen-pollack": Feedback.KOLEN_POLLACK}
RULES = ("trace", "prospective")
RATE_BITS = 14
"""Bits of a learning rate's mantissa; with |m| < 8 the product η m still fits 18 bits."""


def table_of(names: list[str], population: Population) -> int:
    """Table slot of the population's activation, appended to ``names`` if it is new."""
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


def initial_taps(population: Population) -> tuple[float, float]:
    """Taps (c0, c1) that a population starts from."""
    kappa = population.tau_m / population.tau_r
    taps = dict.fromkeys(("learned", "gain", "instant"), (1.0, 0.0))
    taps["gle"] = (kappa, 1.0 - kappa)
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


def _learned_time(population: Population, dt: float, membrane: tuple[int, int]) -> dict:
    """Fields of τm learning: α = dt/τm moves with a binary point that holds up to dt/τr."""
    where = f"population {population.name}"
    if population.tau_rate == 0:
        return {"learns_tau": 0, "tau_mantissa": 0, "tau_shift": 0, "ratio_scale": 0,
                "alpha_limit": membrane[0] << ALPHA_BITS}
    if population.taps == "gle":
        raise NetworkError(f"{where}: τm cannot be learned with \"gle\" taps, which hang on it")
    largest, shift = mantissa_of(dt / population.tau_r, f"{where}: dt/τr", 16, 0, 24)
    alpha = dt / population.tau_m
    if alpha * 2.0**(16 + shift) < LEAST_ALPHA >> ALPHA_BITS:
        raise NetworkError(f"{where}: τm = {population.tau_m:g} s is too long to be learned from "
                           f"τr = {population.tau_r:g} s; the limit is "
                           f"{dt * 2.0**(16 + shift + ALPHA_BITS) / LEAST_ALPHA:g} s")
    # Δτ = −ητ dt Σ e u̇ with u̇ = (I − u)/τ: in units of α, at the time constant of the start.
    unit = alpha**3 / dt * 2.0**(16 + shift + ALPHA_BITS)
    if not 2.0**-36 <= population.tau_rate * unit < 2.0**26:
        raise NetworkError(f"{where}: tau rate = {population.tau_rate:g} is outside "
                           f"{2.0**-36 / unit:g} … {2.0**26 / unit:g}")
    mantissa, k = mantissa_of(population.tau_rate * unit, f"{where}: tau rate", RATE_BITS - 1,
                              -26, 37)
    return {"learns_tau": 1, "tau_mantissa": mantissa, "tau_shift": 26 + k,
            "ratio_scale": round(2.0**32 / largest), "alpha_limit": largest << ALPHA_BITS,
            "membrane_shift": shift, "error_shift": shift}


def initial_alpha(population: Population, record: dict, dt: float) -> int:
    """Initial state α of a population."""
    if not record["learns_tau"]:
        return record["alpha_limit"]
    alpha = round(dt / population.tau_m * 2.0**(16 + record["membrane_shift"] + ALPHA_BITS))
    return min(alpha, record["alpha_limit"])


def population_record(population: Population, dt: float, first: int, output_first: int,
                      slot: int) -> dict:
    """Fields of ``POPULATION``; ``slot`` is the activation's table."""
    where = f"population {population.name}"
    if population.size < 1:
        raise NetworkError(f"{where}: size = {population.size} must be at least 1")
    _check_times(population, dt)
    initial_taps(population)
    # The error's state runs with τm where its taps follow the project's rule, with τr in GLE's.
    error_tau = population.tau_r if population.taps == "gle" else population.tau_m
    membrane = mantissa_of(dt / population.tau_m, f"{where}: dt/τm", 16, 0, 24)
    error = mantissa_of(dt / error_tau, f"{where}: dt/τ of the error", 16, 0, 24)
    bias = mantissa_of(population.bias_rate * dt, f"{where}: bias rate × dt", RATE_BITS - 1, 2, 31)
    learned = population.taps in ("learned", "gain")
    tap_step = population.tap_rate * dt if learned else 0.0
    if not 0 <= tap_step <= 1:
        raise NetworkError(f"{where}: tap rate × dt = {tap_step:g} is outside 0 … 1")
    if not 0 < population.tap_limit <= TAP_STATE.limit:
        raise NetworkError(f"{where}: tap limit = {population.tap_limit:g} is outside 0 … "
                           f"{TAP_STATE.limit:g}")
    noise = nudge = 0
    if population.noise:
        noise = power_of_two(population.noise, f"{where}: noise", -RATE.frac, 0)
    if population.nudging:
        nudge = power_of_two(population.nudging, f"{where}: nudging", -15, 0)
    return {
        "first": first, "size": population.size, "is_input": 0, "is_output": int(population.output),
        "output_first": output_first, "table": slot,
        "prospective": _rule(population.rule, where),
        "ratio": RATIO.quantize(population.tau_r / population.tau_m),
        "membrane_mantissa": membrane[0], "membrane_shift": membrane[1],
        "error_mantissa": error[0], "error_shift": error[1],
        "tap_step": TAP_STATE.quantize(tap_step),
        "tap_limit": TAP_STATE.quantize(population.tap_limit) if learned else TAP_STATE.max,
        "one_tap": int(population.taps == "gain"),
        "noisy": int(population.noise > 0), "noise_shift": -noise,
        "nudged": int(population.nudging > 0), "nudge_shift": -nudge,
        "gain_shift": power_of_two(population.gain, f"{where}: gain β", -8, 7),
        "bias_mantissa": bias[0], "bias_shift": bias[1],
    } | _learned_time(population, dt, membrane)


def _source_noise(network: Network, projection: Projection) -> float:
    """ε of the sources; one value for a projection, since the mirror rule divides by it."""
    names = projection.source
    names = (names,) if isinstance(names, str) else names
    noises = {network.population(name).noise for name in names if name != INPUT} - {0.0}
    if len(noises) > 1:
        raise NetworkError(f"projection {projection.name}: sources have different noise "
                           f"amplitudes {sorted(noises)}; the mirror rule needs one")
    return noises.pop() if noises else 2.0**-6


def projection_record(network: Network, projection: Projection, populations: list[dict],
                      synapse_first: int, trace_first: int):
    """Fields of ``PROJECTION`` and of ``ELIGIBILITY_FIELDS``, and the weights (W, B).

    ``populations`` are the records so far.
    """
    where = f"projection {projection.name}"
    target = network.population(projection.target)
    source_first, source_size = network.source_range(projection)
    shape = (target.size, source_size)
    rate = network.rate(projection)
    mantissa, k = mantissa_of(rate * network.dt, f"{where}: rate × dt",
                            RATE_BITS - 1, 2, 31)
    third = eligibility_record(projection.eligibility, where)
    # The finest binary point for which ê = η m ē still holds |m ē| up to 2; for scaled
    # eligibilities one at least as much finer, which a rate of zero can always have.
    least = FACTOR_FRACS[0] + third["scale_shift"]
    finest = FACTOR_WIDTH - 3 + (k if rate or not third["eligible"] else FACTOR_WIDTH)
    frac = max([f for f in FACTOR_FRACS if f <= finest], default=FACTOR_FRACS[0])
    if frac < least:
        raise NetworkError(f"{where}: rate × dt = {rate * network.dt:g}; with an "
                           f"eligibility of scale 2^-{third['scale_shift']} it must be below "
                           f"{2.0**(FACTOR_WIDTH - 2 - least):g}")
    if projection.feedback not in FEEDBACK:
        raise NetworkError(f"{where}: unknown feedback '{projection.feedback}'; there are: "
                           f"{', '.join(FEEDBACK)}")
    decay = power_of_two(projection.decay, f"{where}: decay", -31, -1) if projection.decay else 0
    noise = mirror = 0
    if projection.feedback == "mirror":
        noise = -power_of_two(_source_noise(network, projection), f"{where}: noise", -10, 0)
        mirror = -power_of_two(projection.feedback_rate, f"{where}: feedback rate", -20, -6)
    prospective = _rule(projection.rule or target.rule, where)
    trace = mantissa_of(network.dt / target.tau_m, f"{where}: dt/τm", 16, 0, 24)
    number = [p.name for p in network.populations].index(target.name) + 1
    record = populations[number]
    fields = {
        "source_first": source_first, "source_size": source_size,
        "target_first": network.first(projection.target), "target_size": target.size,
        "synapse_first": synapse_first, "trace_first": trace_first,
        "plastic": int(projection.plastic), "prospective": prospective,
        "feedback": FEEDBACK[projection.feedback],
        "rate_mantissa": mantissa, "factor_shift": RATE_BITS - 1 + k + 15 - frac,
        "change_shift": frac - 15 - third["scale_shift"], "decay_shift": -decay,
        "mirror_shift": mirror, "noise_shift": noise, "self_scaling": int(projection.self_scaling),
        # The published rule pairs e with the rate itself: a trace with ρ = 1.
        "ratio": RATIO.one if prospective else RATIO.quantize(target.tau_r / target.tau_m),
        "trace_mantissa": trace[0],
        "trace_shift": record["membrane_shift"] if record["learns_tau"] else trace[1],
        "target": number, "learns_tau": record["learns_tau"],
        "ratio_scale": record["ratio_scale"],
    }
    return fields, third, (weights_of(projection.weights, shape, f"{where}: W"),
                           weights_of(projection.backward, shape, f"{where}: B"))


def input_record(inputs: int) -> dict:
    """The record of the inputs, population 0."""
    record = dict.fromkeys(POPULATION, 0)
    return record | {"size": inputs, "is_input": 1}
