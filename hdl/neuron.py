"""One neuron per clock: the equations of ``model/neuron.py`` as a pipeline, bit for bit."""

from amaranth import Module, Shape, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.activation import TablePort
from model.formats import ERROR, MODULATOR, RATE, RATIO, SUM
from model.program import NEURON_STATES, POPULATION, Flag

__all__ = ["NEURON_RECORD", "NEURON_STATE_SHAPES", "NeuronPipeline", "OLD_STATES", "SATURATIONS"]

MANTISSAS = ("ratio", "membrane_mantissa", "error_mantissa", "bias_mantissa")


def _record_shape(name: str) -> Shape:
    width = POPULATION[name]
    # Operands of a product are signed; these stay below 2**17 and so are what they were.
    return signed(abs(width)) if width < 0 or name in MANTISSAS else unsigned(width)


NEURON_RECORD = data.StructLayout({
    name: _record_shape(name) for name in POPULATION
    if name not in ("first", "size", "is_input", "output_first")
})
"""The fields of a population's record that its neurons need, by the names of ``POPULATION``."""

NEURON_STATE_SHAPES = {
    name: signed(form.width) if form else {"xi": signed(2), "word": unsigned(32)}[name]
    for name, form in NEURON_STATES.items()
}
"""Shape of each neuron state."""

OLD_STATES = tuple(name for name in NEURON_STATES if name not in ("r", "xi", "word"))
"""States that a neuron's step reads."""

SATURATIONS = {"current": 2, "membrane": 2, "rate": 1, "error": 4, "bias": 1}
"""Counters that a neuron's step can move, and the bits of its number of events."""


class NeuronPipeline(wiring.Component):
    """One step of a neuron: membrane, rate, error, taps and bias (docs/theory.md).

    Latency ``latency`` clocks, one neuron per clock, no stalls.  The population's record enters
    with each neuron.  Cost: 14 multipliers and the block RAM of the activation tables.

    Members
    -------
    i : In(struct of valid, tag, old, total, errors_above, teach, kind, modulator, flags, word,
        population); ``old`` has the states of ``OLD_STATES``, ``population`` is a ``NEURON_RECORD``
    o : Out(struct of valid, tag, new, rate, saturations); ``new`` has all states, ``rate`` is φ(s)
        without noise, ``saturations`` the events of this neuron by the names of ``SATURATIONS``
    tables : In(TablePort), the activation tables, for the host while no neuron is in flight
    """

    latency = 22
    table_read_latency = 3

    def __init__(self, tag_width: int):
        if tag_width < 0:
            raise ValueError(f"tag width = {tag_width} must not be negative")
        states = NEURON_STATE_SHAPES
        super().__init__({
            "i": In(data.StructLayout({
                "valid": 1, "tag": tag_width,
                "old": data.StructLayout({name: states[name] for name in OLD_STATES}),
                "total": signed(SUM.width), "errors_above": signed(SUM.width),
                "teach": signed(max(RATE.width, ERROR.width)), "kind": 2,
                "modulator": signed(MODULATOR.width), "flags": len(Flag), "word": 32,
                "population": NEURON_RECORD,
            })),
            "o": Out(data.StructLayout({
                "valid": 1, "tag": tag_width, "new": data.StructLayout(states),
                "rate": signed(RATE.width), "saturations": data.StructLayout(SATURATIONS),
            })),
            "tables": In(TablePort()),
        })

    def elaborate(self, platform):
        return Module()
