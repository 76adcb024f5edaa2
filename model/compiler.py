"""From a network in SI units to a Program, the integers that the golden model and the core run.

Anything that cannot be represented is refused with a :class:`model.network.NetworkError` that names
the value and the limit; nothing is silently clipped here.
"""

import math

import numpy as np

from model.activation import table
from model.fixed import next_word
from model.formats import TAP_STATE
from model.network import INPUT, Network, NetworkError
from model.program import (
    ELIGIBILITY_FIELDS,
    POPULATION,
    PROJECTION,
    TABLE_SLOTS,
    Program,
    State,
    record_type,
)
from model.quantize import weights_of
from model.records import (
    initial_alpha,
    initial_taps,
    input_record,
    population_record,
    projection_record,
    table_of,
)

__all__ = ["MAX_FAN", "MAX_NEURONS", "compile_network"]

MAX_FAN = 4096
"""Synapses that one exact sum holds."""
MAX_NEURONS = 65535
"""Neurons that 16-bit fields count, inputs included."""


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


def _initial_state(network: Network, records: list[dict], weights, traces: int,
                   seed: int, eligible: bool) -> State:
    synapses = sum(pair[0].size for pair in weights)
    state = State.zeros(len(records), network.inputs + network.neurons, traces, synapses,
                        eligible=eligible)
    for number, population in enumerate(network.populations, start=1):
        state["alpha"][number] = initial_alpha(population, records[number], network.dt)
    state["W"][:] = np.concatenate([pair[0].ravel() for pair in weights])
    state["B"][:] = np.concatenate([pair[1].ravel() for pair in weights])
    state["c0"][:] = TAP_STATE.one
    for population in network.populations:
        first = network.first(population.name)
        here = slice(first, first + population.size)
        what = f"population {population.name}: bias"
        bias = np.full(population.size, population.bias) if np.ndim(
            population.bias) == 0 else population.bias
        state["bias"][here] = weights_of(bias, (population.size,), what)
        state["c0"][here], state["c1"][here] = TAP_STATE.quantize(initial_taps(population))
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
    populations, output_first = [input_record(network.inputs)], 0
    for population in network.populations:
        slot = table_of(activations, population)
        populations.append(population_record(population, network.dt, network.first(population.name),
                                       output_first if population.output else 0, slot))
        output_first += population.size if population.output else 0
    projections, thirds, weights, synapse_first, trace_first = [], [], [], 0, 0
    for projection in network.projections:
        record, third, pair = projection_record(network, projection, populations, synapse_first,
                                                trace_first)
        projections.append(record)
        thirds.append(third)
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
        eligibilities=_records(thirds, ELIGIBILITY_FIELDS), tables=tables,
        state=_initial_state(network, populations, weights, trace_first, seed,
                             any(third["eligible"] for third in thirds)),
        population_names=["input", *names], projection_names=[p.name for p in network.projections],
    )


def _records(rows: list[dict], fields: dict[str, int]) -> np.ndarray:
    records = np.zeros(len(rows), record_type(fields))
    for record, row in zip(records, rows, strict=True):
        for name in fields:
            record[name] = row[name]
    return records
