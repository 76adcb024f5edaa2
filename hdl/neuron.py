"""One neuron per clock, or fewer: the equations of ``model/neuron.py`` as a pipeline, bit for bit.
"""

from amaranth import Cat, Module, Shape, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl import dynamics
from hdl.activation import Activation, TablePort, interpolate
from hdl.multiplier import Multiplier
from hdl.pipeline import Pipeline
from model.formats import ERROR, MODULATOR, RATE, SUM
from model.program import ELIGIBILITY_NEURON_STATES, NEURON_STATES, POPULATION, Flag

__all__ = ["CHANGE_LENGTH_BITS", "LATER", "NEURON_RECORD", "NEURON_STATE_SHAPES", "NeuronFields",
           "NeuronPipeline", "OLD_STATES", "POSTED", "SATURATIONS",
           "SQUARES", "SQUARES_LATE", "STAY"]

FLAG_BITS = max(Flag).value.bit_length()
MANTISSAS = ("ratio", "membrane_mantissa", "error_mantissa", "bias_mantissa", "tau_mantissa")


def _record_shape(name: str) -> Shape:
    width = POPULATION[name]
    # Operands of a product are signed; these stay below 2**17 and so are what they were.
    return signed(abs(width)) if width < 0 or name in MANTISSAS else unsigned(width)


NEURON_RECORD = data.StructLayout({
    name: _record_shape(name) for name in POPULATION
    if name not in ("first", "size", "is_input", "output_first", "ratio_scale", "alpha_limit")
})
"""The fields of a population's record that its neurons need, by the names of ``POPULATION``."""

NEURON_STATE_SHAPES = {
    name: signed(form.width) if form else {"xi": signed(2), "word": unsigned(32)}[name]
    for name, form in NEURON_STATES.items()
}
"""Shape of each neuron state."""

OLD_STATES = tuple(name for name in NEURON_STATES if name not in ("r", "xi", "word"))
"""States that a neuron's step reads."""

POSTED = ("r", "xi", "error", "e", "change", "change_length", "word")
"""What the next step's synapses and traces read: states, and the bits of ``change_mean``."""

CHANGE_LENGTH_BITS = 5

SQUARES = data.StructLayout({"e": signed(36), "told": signed(36)})
"""Squares of a neuron's error, and of what it was told."""
SQUARES_LATE = Multiplier.latency
"""Clocks from a neuron that has left to its squares."""
LATER = ("u", "v", "x", "change_mean", "c1")
"""Old states that nothing needs at once: about half of the bits."""
STAY = ("total", "teach", "kind")
"""What stays with its neuron for the interval, besides its states."""

SATURATIONS = {"current": 2, "membrane": 2, "rate": 1, "error": 4, "bias": 1, "factor": 1}
"""Counters that a neuron's step can move, and the bits of its number of events."""


class NeuronFields:
    """What enters and leaves a neuron pipeline, by name; with what eligibilities add, if so.

    states, old, posted, record, saturations   as the tables above
    """

    def __init__(self, eligible: bool):
        self.states, self.old, self.posted = dict(NEURON_STATE_SHAPES), OLD_STATES, POSTED
        self.record, self.saturations = NEURON_RECORD, SATURATIONS
        if eligible:
            self.states |= {name: signed(form.width) if form else signed(2)
                            for name, form in ELIGIBILITY_NEURON_STATES.items()}
            self.old += ("explored", "slopes")
            self.posted += ("above", "slope", "explored")
            self.record = data.StructLayout({**NEURON_RECORD.members, "gathers": unsigned(1)})
            self.saturations = SATURATIONS | {"rate": 2}


class NeuronPipeline(wiring.Component):
    """One step of a neuron: membrane, rate, error, taps and bias (docs/theory.md).

    Latency ``latency`` clocks, one neuron per ``interval`` clocks, no stalls.  The population's
    record enters with each neuron.  Cost: 17 multipliers and 4 block RAMs; in a core of 16 lanes on
    an ECP5, 2.7 k LUT4, 750 carry cells, 5.8 k flip-flops and 343 distributed RAMs.

    With an interval of k > 1 neurons enter only in clocks in which ``phase`` is 0; 19 products, two
    squares for the measures among them, then share ⌈19 / k⌉ multipliers, long shifts a shifter, and
    registers are fewer: with k = 5 4 multipliers, 2.6 k LUT4, 800 carry cells, 4.3 k flip-flops and
    86 distributed RAMs.  ``total``, ``teach``, ``kind`` and ``errors_above`` stay for k clocks.
    Of ``old`` the states of ``LATER`` come a clock later and stay for the rest of the k, the others
    do not stay; of ``new`` those of ``LATER`` leave a clock later.

    Members
    -------
    i : In(struct of valid, tag, old, total, teach, kind, modulator, flags, word, population);
        ``old`` has the states of ``OLD_STATES``, ``population`` is a ``NEURON_RECORD``
    errors_above : In(signed), Σ B e of the neuron that entered ``above_stage`` clocks before
    post : Out(struct of valid, tag, new), what is ``POSTED``, ahead of the others: the next step
        of the synapses waits for them; of the neuron that entered ``post_stage`` clocks before
    passing : Out(struct of valid, tag), whose are ``post`` at the next clock
    o : Out(struct of valid, tag, new, rate, saturations); ``new`` has all states, ``rate`` is φ(s)
        without noise, ``told`` what the teacher says (y − r or the host's error), ``tau_pull`` the
        neuron's part in learning τm, ``saturations`` the events of this neuron by the names of
        ``SATURATIONS``
    tables : In(TablePort), the activation tables, for the host while no neuron is in flight
    phase : In(counter modulo the interval), squares : Out(struct of e, told), the squares of these
        ``SQUARES_LATE`` clocks after the rest of ``o``; both only where the interval is not 1

    With eligibilities neurons note what these learn from (``dynamics.note``): no multiplier more.
    """

    # Both a clock after the last value is formed: what leaves, leaves from registers.
    latency = 27
    above_stage = 12
    post_stage = 22
    table_read_latency = Activation.read_latency

    def __init__(self, tag_width: int, *, eligible: bool = False, interval: int = 1):
        self.eligible, self.fields, self.interval = eligible, NeuronFields(eligible), interval
        states = self.fields.states
        super().__init__({
            "i": In(data.StructLayout({
                "valid": 1, "tag": tag_width,
                "old": data.StructLayout({name: states[name] for name in self.fields.old}),
                "total": signed(SUM.width),
                "teach": signed(max(RATE.width, ERROR.width)), "kind": 2,
                "modulator": signed(MODULATOR.width), "flags": FLAG_BITS, "word": 32,
                "population": self.fields.record,
            })),
            "o": Out(data.StructLayout({
                "valid": 1, "tag": tag_width, "new": data.StructLayout(states),
                "rate": signed(RATE.width), "told": signed(RATE.width), "tau_pull": signed(36),
                "saturations": data.StructLayout(self.fields.saturations),
            })),
            "errors_above": In(signed(SUM.width)),
            "post": Out(data.StructLayout({
                "valid": 1, "tag": tag_width,
                "new": data.StructLayout({
                    name: states.get(name, unsigned(CHANGE_LENGTH_BITS))
                    for name in self.fields.posted})})),
            "passing": Out(data.StructLayout({"valid": 1, "tag": tag_width})),
            "tables": In(TablePort()),
        } | ({"phase": In(range(interval)), "squares": Out(SQUARES)} if interval > 1 else {}))

    def elaborate(self, platform):
        m = Module()
        shared = self.interval > 1
        pipe = Pipeline(m, interval=self.interval, phase=self.phase if shared else None,
                        platform=platform)
        valid = Signal(self.latency)
        m.d.sync += valid.eq(Cat(self.i.valid, valid))

        # All of them together, or page by page.
        old = {name: pipe.enter(self.i.old[name]) for name in self.fields.old} if not shared else {
            name: pipe.enter(self.i.old[name], int(name in LATER),
                             clocks=self.interval - 1 if name in LATER else 1)
            for name in self.fields.old}
        record = _enter(pipe, self.i.population)
        frame = _enter(pipe, self.i) | {
            name: pipe.enter(self.i[name], clocks=self.interval) for name in STAY}
        frame["errors_above"] = pipe.enter(
            self.errors_above, self.above_stage, clocks=self.interval)
        learn, integrate, noise = (pipe.enter((self.i.flags & flag).any())
                                   for flag in (Flag.LEARN, Flag.INTEGRATE, Flag.NOISE))
        hits = {name: [] for name in SATURATIONS}
        new = {"word": frame["word"]}

        # The membrane looks back, the potential s looks ahead; the rate follows by the tables.
        dynamics.membrane(pipe, old, record, frame, integrate, new, hits)
        m.submodules.activation = activation = Activation()
        s = new["s"]
        wiring.connect(m, wiring.flipped(self.tables), activation.host)
        m.d.comb += [
            activation.valid.eq(valid[s.stage - 1]), activation.s.eq(s.value),
            activation.slot.eq(record["table"].at(s.stage)),
        ]
        rate, slope = interpolate(pipe, activation, s.stage + activation.latency)
        dynamics.send(pipe, rate, record, frame, noise, new, hits)

        # The error arrives, and is treated likewise with the roles swapped.
        steepness = slope
        if self.eligible:
            steepness = dynamics.note(pipe, old, record, slope, integrate, new, hits)
        told = dynamics.receive(pipe, rate, steepness, record, frame, new, hits)
        learns = pipe.now(lambda learn, integrate: learn & integrate, learn, integrate)
        dynamics.look_ahead(pipe, old, record, integrate, learns, new, hits)
        dynamics.bias(pipe, old, record, frame, learn, new, hits)
        pull = dynamics.tau_pull(pipe, old, record, frame, learn, hits)
        if shared:
            squares = dynamics.squares(pipe, new["e"], told)
            m.d.comb += [self.squares[name].eq(square.at(self.latency + SQUARES_LATE))
                         for name, square in zip(SQUARES.members, squares, strict=True)]

        m.d.comb += [self.o.valid.eq(valid[-1]), self.o.tag.eq(frame["tag"].at(self.latency)),
                     self.o.rate.eq(rate.at(self.latency)), self.o.told.eq(told.at(self.latency)),
                     self.o.tau_pull.eq(pull.at(self.latency))]
        m.d.comb += [self.o.new[name].eq(new[name].at(self.latency + (shared and name in LATER)))
                     for name in self.fields.states]
        m.d.comb += [self.post.valid.eq(valid[self.post_stage - 1]),
                     self.post.tag.eq(frame["tag"].at(self.post_stage))]
        m.d.comb += [self.passing.valid.eq(valid[self.post_stage - 2]),
                     self.passing.tag.eq(frame["tag"].at(self.post_stage - 1))]
        m.d.comb += [self.post.new[name].eq(new[name].at(self.post_stage))
                     for name in self.fields.posted]
        for name, events in hits.items():
            count = pipe.now(lambda *events: sum(events), *map(pipe.hold, events))
            m.d.comb += self.o.saturations[name].eq(count.at(self.latency))
        pipe.finish()
        return m


def _enter(pipe, struct):
    return {name: pipe.enter(struct[name]) for name in struct.shape().members}
