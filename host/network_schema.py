"""What a network file may say: its tables and keys, with defaults, ranges and a line on each.

Checked by pydantic; ``docs/networks.md`` and the messages of :mod:`host.network_file` take their
words from here.  Defaults are those of :mod:`model.network`.
"""

import math
from dataclasses import MISSING, fields
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from host.scaling import LEAST_SCALE
from model.activation import ACTIVATIONS
from model.compiler import MAX_NEURONS
from model.defaults import MOST_SOURCES, SOURCE_RATE
from model.eligibility import SCALES
from model.formats import TAP_STATE, WEIGHT
from model.network import INPUT, Eligibility, Population, Projection
from model.rules import RULES

__all__ = ["CUSTOM", "Channels", "Drawn", "EligibilityTable", "NetworkTable", "PopulationTable",
           "ProjectionTable", "allowed", "tables"]

CUSTOM = "custom"
"""The rule of a network whose populations and projections say themselves how they learn."""

_DEFAULTS = {kind: {field.name: field.default for field in fields(kind)
                    if field.default is not MISSING}
             for kind in (Population, Projection, Eligibility)}


def _key(about: str, allowed: str, **more) -> Any:
    return Field(description=about, json_schema_extra={"allowed": allowed}, **more)


def _power(low: int, high: int):
    """A validator of 0 or a power of two, 2**low … 2**high."""
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if value and not (value > 0 and math.isfinite(value) and math.frexp(value)[0] == 0.5
                          and low <= math.frexp(value)[1] - 1 <= high):
            raise ValueError
        return float(value)
    return BeforeValidator(check)


def _numbers(limit: float, least: float = -math.inf):
    """A validator of a number or a list of numbers, magnitude below ``limit``."""
    def check(value):
        for one in value if isinstance(value, list) and value else [value]:
            if (isinstance(one, bool) or not isinstance(one, int | float)
                    or not (abs(one) < limit and one >= least)):
                raise ValueError
        return value
    return BeforeValidator(check)


def _taps(value):
    if value in ("learned", "gain", "gle", "instant") if isinstance(value, str) else (
            isinstance(value, list) and len(value) == 2 and all(
                type(one) in (int, float) and abs(one) < TAP_STATE.limit for one in value)):
        return value
    raise ValueError


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Drawn(_Table):
    """Weights drawn at random from the file's seed, or all alike; exactly one of the three."""

    normal: float | None = Field(None, gt=0, lt=WEIGHT.limit)
    uniform: float | None = Field(None, gt=0, lt=WEIGHT.limit)
    constant: float | None = Field(None, gt=-WEIGHT.limit, lt=WEIGHT.limit)


def _weights(value):
    if isinstance(value, dict):
        drawn = Drawn.model_validate(value)
        if len(drawn.model_fields_set) != 1:
            raise ValueError
        return drawn
    if isinstance(value, str) and value.endswith((".npy", ".csv")):
        return value
    if (isinstance(value, list) and value and all(isinstance(row, list) for row in value)
            and all(type(one) in (int, float) and abs(one) < WEIGHT.limit
                    for row in value for one in row)):
        return value
    raise ValueError


def _source(value):
    names = [value] if isinstance(value, str) else value
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise ValueError
    return value


_WEIGHTS_ALLOWED = ("{normal = σ}, {uniform = limit}, {constant = value}, a list of rows (one per "
                    f"target neuron), or a .npy or .csv file; magnitudes below {WEIGHT.limit:g}")
_Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
_Column = Annotated[str, Field(min_length=1)]
_NUMBER_OR_LIST = "one number, or a list of one per channel"


class Channels(_Table):
    """``value = offset + scale × rate``: what files and pipes hold, and what the core hears."""

    columns: list[_Column] | None = _key(
        "names of the columns in CSV files with a header; without names, columns count from the "
        "left", "a list of one name per channel", default=None, min_length=1)
    offset: Annotated[Any, _numbers(math.inf)] = _key(
        "the value that stands for 0", _NUMBER_OR_LIST, default=0.0)
    scale: Annotated[Any, _numbers(math.inf, LEAST_SCALE)] = _key(
        "the value above the offset that stands for 1; the core holds ±4 times that",
        f"{_NUMBER_OR_LIST}, each at least {LEAST_SCALE:g}", default=1.0)


class InputTable(Channels):
    """The signals that the network hears."""

    channels: int = _key("number of input channels", f"1 … {MAX_NEURONS}", ge=1, le=MAX_NEURONS)


class OutputTable(Channels):
    """The signals that it answers with and is taught, one per neuron of output populations."""


class PopulationTable(_Table):
    """Neurons with common time constants; a layer with several is several populations."""

    name: _Name = _key("its name, for projections and probes",
                       f"letters, digits, - and _, not '{INPUT}'")
    size: int = _key("number of neurons", f"1 … {MAX_NEURONS}", ge=1, le=MAX_NEURONS)
    tau_m: float = _key("membrane time constant τm: how far a neuron looks back, in seconds",
                        "at least dt and tau_r", gt=0)
    tau_r: float = _key("look-ahead τr in seconds; τr = τm makes an instantaneous neuron",
                        "dt … tau_m", gt=0)
    activation: Literal[tuple(ACTIVATIONS)] = _key(
        "rate function φ", ", ".join(ACTIVATIONS), default="tanh")
    output: bool = _key("whether its rates leave the network", "true, false", default=False)
    bias: Annotated[Any, _numbers(WEIGHT.limit)] = _key(
        "initial bias, one number or one per neuron", f"magnitude below {WEIGHT.limit:g}",
        default=0.0)
    bias_rate: float = _key("rate of learning biases, per second; 0: none",
                            "0, or 4.7e-10 / dt … 0.5 / dt", ge=0, default=0.0)
    tap_rate: float = _key("rate of learning the error taps, per second", "0 … 1 / dt", ge=0,
                           default=_DEFAULTS[Population]["tap_rate"])
    tap_limit: float = _key("largest magnitude of a learned tap",
                            f"above 0, at most {TAP_STATE.limit:g}", gt=0, le=TAP_STATE.limit,
                            default=_DEFAULTS[Population]["tap_limit"])
    tau_rate: float = _key("rate of learning τm, per second; 0: none",
                           "0 or above; limits depend on dt, tau_m and tau_r", ge=0, default=0.0)
    noise: Annotated[float, _power(-10, 0)] = _key(
        "amplitude of the random sign on the rate, from which B is learned; 0: the rule's own",
        "0, or a power of two from 2^-10 to 1", default=0.0)
    nudging: Annotated[float, _power(-15, 0)] = _key(
        "weight γ of a neuron's own error in its current", "0, or a power of two from 2^-15 to 1",
        default=0.0)
    gain: Annotated[float, _power(-8, 7), Field(gt=0)] = _key(
        "weight β of the teacher at an output", "a power of two from 2^-8 to 128", default=1.0)
    rule: Literal["trace", "prospective"] = _key(
        f"what weights learn from; only with rule = \"{CUSTOM}\"", "trace, prospective",
        default=_DEFAULTS[Population]["rule"])
    taps: Annotated[Any, BeforeValidator(_taps)] = _key(
        f"error taps; only with rule = \"{CUSTOM}\"",
        f"learned, gain, gle, instant, or [c0, c1] of magnitude below {TAP_STATE.limit:g}",
        default=_DEFAULTS[Population]["taps"])


class EligibilityTable(_Table):
    """A memory of each synapse for an error or a reward that comes later, in place of the rule."""

    factor: Literal["slope", "sign"] = _key(
        "what meets the trace: the neuron's slope φ', to learn from errors, or its random sign ξ, "
        "to learn from rewards", "slope, sign", default=_DEFAULTS[Eligibility]["factor"])
    retention: float = _key("share ϑ that is kept in a step", "0, 1, or 1 − 2^-k with k = 1 … 15",
                            default=_DEFAULTS[Eligibility]["retention"])
    scale: float = _key("unit in which it is kept: it saturates at ±4 / scale",
                        ", ".join(f"{scale:g}" for scale in SCALES),
                        default=_DEFAULTS[Eligibility]["scale"])
    update: Literal["plain", "sign"] = _key(
        "how W moves: by rate, error and memory, or by a fixed step in the direction of their mean",
        "plain, sign", default=_DEFAULTS[Eligibility]["update"])
    step: float = _key("that step; only with update = \"sign\"", "a power of two from 2^-30 to 1",
                       default=_DEFAULTS[Eligibility]["step"])
    momentum: float = _key("share of that mean which a step replaces; only with update = \"sign\"",
                           "a power of two from 2^-15 to 1",
                           default=_DEFAULTS[Eligibility]["momentum"])


def _eligibility(value) -> Eligibility:
    try:
        given = EligibilityTable.model_validate(value)
    except ValidationError as error:
        # As one wrong value: of a key within the table nobody would know whose it is.
        raise ValueError from error
    return Eligibility(**{name: getattr(given, name) for name in given.model_fields_set})


class ProjectionTable(_Table):
    """Synapses from every neuron of a source to every neuron of a population."""

    source: Annotated[Any, BeforeValidator(_source)] = _key(
        "where it starts; several adjacent populations make one source",
        f"\"{INPUT}\", a population's name, or a list of adjacent ones")
    target: _Name = _key("where it ends", "a population's name")
    weights: Annotated[Any, BeforeValidator(_weights)] = _key(
        "initial weights W; without it, normal with σ = 1/√(source size)", _WEIGHTS_ALLOWED,
        default=None)
    backward: Annotated[Any, BeforeValidator(_weights)] = _key(
        "initial backward weights B, in the shape of W; without it what the rule begins with",
        _WEIGHTS_ALLOWED, default=None)
    rate: float = _key(
        f"rate η of learning W, per second; without it {SOURCE_RATE:g} / dt times the number of "
        f"sources, at most {MOST_SOURCES}", "0, or 4.7e-10 / dt … 0.5 / dt", ge=0, default=None)
    plastic: bool = _key("whether W learns", "true, false", default=True)
    feedback_rate: Annotated[float, _power(-20, -6), Field(gt=0)] = _key(
        "rate ηB of learning B, per step", "a power of two from 2^-20 to 2^-6",
        default=_DEFAULTS[Projection]["feedback_rate"])
    self_scaling: bool = _key("slow ηB down where currents jump", "true, false", default=True)
    decay: Annotated[float, _power(-31, -1)] = _key(
        "decay of W per step", "0, or a power of two from 2^-31 to 0.5", default=0.0)
    rule: Literal["trace", "prospective"] | None = _key(
        f"the target's rule if absent; only with rule = \"{CUSTOM}\"", "trace, prospective",
        default=None)
    feedback: Literal["mirror", "kolen-pollack", "tied", "fixed"] = _key(
        f"where B comes from; only with rule = \"{CUSTOM}\"", "mirror, kolen-pollack, tied, fixed",
        default=_DEFAULTS[Projection]["feedback"])
    eligibility: Annotated[Any, BeforeValidator(_eligibility)] = _key(
        "a memory for errors and rewards that come late, on a core that has room for it",
        "a table [projection.eligibility]", default=None)


class NetworkTable(_Table):
    """What holds for the whole network."""

    name: str = _key("what reports call it", "any text", default="network")
    dt: float = _key("length of a step, one sample, in seconds", "above 0", gt=0)
    rule: Literal[(*RULES, CUSTOM)] = _key(
        f"how everything learns; with \"{CUSTOM}\" every population and projection says so itself",
        ", ".join((*RULES, CUSTOM)), default="vle")
    seed: int = _key("seed of everything random", "0 … 4294967295", ge=0, le=2**32 - 1, default=0)
    input: InputTable = _key("what comes in", "a table [input]")
    output: OutputTable = _key("what goes out", "a table [output]", default=OutputTable())
    population: list[PopulationTable] = _key("neurons", "at least one table [[population]]",
                                             min_length=1)
    projection: list[ProjectionTable] = _key("synapses", "at least one table [[projection]]",
                                             min_length=1)


def allowed(table: type[BaseModel], key: str) -> str:
    """The values that a key may have, in words."""
    return table.model_fields[key].json_schema_extra["allowed"]


def tables() -> dict[str, type[BaseModel]]:
    """Every table by the header that opens it; the top of the file has none."""
    return {"": NetworkTable, "[input]": InputTable, "[output]": OutputTable,
            "[[population]]": PopulationTable, "[[projection]]": ProjectionTable,
            "[projection.eligibility]": EligibilityTable}
