"""The neurons of a step: one after the other, each as soon as its sums are complete.

Runs beside the synapse pass, which it lets go on with the next step neuron by neuron.  Holds the
states that only a neuron itself needs; what the next step's rows and lanes need leaves through
``post`` and ``rate_write``.  Draws the random words, one per neuron and step in the order of the
neurons, from one xorshift32 generator.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import held_layout, population_fields
from hdl.measures import Leaving
from hdl.memory import BUS
from hdl.neuron import SQUARES, NeuronFields, NeuronPipeline
from hdl.neuron_states import neuron_states
from hdl.neuron_walk import tag_layout, turns, walk
from hdl.pipeline import Pipeline
from hdl.region import Region
from hdl.row import POST_ELIGIBLE, post_fields, post_write
from hdl.sequencer import Header
from hdl.steps import STEP_BITS
from hdl.synapses import rate_write, sums_latency
from model.formats import ALPHA, SUM
from model.program import Flag

__all__ = ["NeuronUnit", "next_word", "result_write"]


def result_write(config: Config) -> wiring.Signature:
    """What an output neuron tells the host."""
    return wiring.Signature({
        "enable": Out(1), "index": Out(range(config.outputs + 1)), "half": Out(1),
        "rate": Out(signed(18)), "error": Out(signed(18))})


def next_word(m: Module, word, name: str = "xorshift"):
    """The xorshift32 word after ``word``, combinational."""
    for number, shift in enumerate((13, -17, 5)):
        mixed = Signal(32, name=f"{name}_{number}")
        m.d.comb += mixed.eq(word ^ (word << shift if shift > 0 else word >> -shift))
        word = mixed
    return word


READ = 3
"""Clocks from a slot to its memories' words, and to the pipeline: one for the way, two to read."""
SETTLING = 8
"""Clocks after which a population's measures are written, once its last neuron has left."""


class NeuronUnit(wiring.Component):
    """All neurons of a step, at most one in a turn of ``neuron_clocks`` clocks, step after step.

    may_record, recorded   permission to prefetch a step's populations; ``recorded_done`` when used
    loaded, sent         frames taken, results sent
    landed, lands        steps whose sums are complete, and whether one more is at the next clock
    complete             in the step after, the slots below which they are at the next clock
    left_done, settled_done   all neurons have posted what others read; all measures are written
    posts                a neuron's rate is written at the next clock
    left, passed         … so many steps, and in the step after the neurons below this slot
    total_slot → total   forward sum of a neuron, ``READ`` − 1 clocks later
    sum_slot → errors_above   backward sum, which a neuron needs later: ``sums_latency`` clocks
    teach_index, teach_half → teach, kind   what the frame says of an output, ``READ`` − 1 later
    alpha_number → alpha   α of the population that is fetched, a clock later
    leaving              what leaves the pipeline, for ``hdl.measures``; where turns are longer than
                         a clock its ``squares`` come ``SQUARES_LATE`` clocks later

    With eligibilities ``write_upper`` is the bus's write strobe for the upper halves of regions.
    """

    def __init__(self, config: Config):
        self.config, self.fields = config, NeuronFields(config.eligibility)
        self._turns, slot = config.neuron_clocks > 1, config.slot_bits
        self.descriptor = held_layout(population_fields(config), config)
        self._tag = tag_layout(config)
        super().__init__({
            "count": In(range(config.populations + 1)),
            "number": Out(range(config.populations)), "data": In(self.descriptor),
            "header_0": In(Header), "header_1": In(Header),
            "may_record": In(1), "recorded_done": Out(1), "set": In(1), "parity": In(1),
            "loaded": In(STEP_BITS), "landed": In(STEP_BITS), "lands": In(1),
            "complete": In(slot), "sent": In(STEP_BITS),
            "left_done": Out(1), "passed": Out(slot), "settled_done": Out(1),
            "total_slot": Out(slot), "total": In(signed(SUM.width)),
            "sum_slot": Out(slot), "errors_above": In(signed(SUM.width)),
            "teach_index": Out(range(config.outputs + 1)), "teach_half": Out(1),
            "teach": In(signed(18)), "kind": In(2),
            "posts": Out(1), "post": Out(post_write(config)), "rate_write": Out(rate_write(config)),
            "result": Out(result_write(config)),
            "saturations": Out(data.StructLayout(self.fields.saturations)), "bus": In(BUS),
            "alpha_number": Out(range(config.populations)), "alpha": In(ALPHA.width),
            "leaving": Out(Leaving), **({"squares": Out(SQUARES)} if self._turns else {}),
            "generator": Out(32), "set_generator": In(1), "table_data": Out(signed(18)),
        } | {f"{name}_data": Out(self.fields.states[name].width) for name in self.fields.old}
          | ({"write_upper": In(1)} if config.eligibility else {}))

    def _draw(self, m, active):
        """This neuron's random word: the generator's next."""
        drawn = next_word(m, self.generator)
        with m.If(active):
            m.d.sync += self.generator.eq(drawn)
        with m.If(self.set_generator):
            m.d.sync += self.generator.eq(self.bus.data)
        return drawn

    def _way(self, m, platform, turn):
        """What brings a neuron's part to the pipeline, ``READ`` clocks after its slot: a function
        of the part, of the clocks after the slot at which it is there, and of a name; and what is
        to be called when all have been brought."""
        if not self._turns:
            return lambda part, since, name: delayed(m, part, READ - since, name), lambda: None
        clocks = self.config.neuron_clocks
        # What stays for a turn may still be there when it is needed.
        way = Pipeline(m, interval=clocks, phase=turn, platform=platform)

        def arriving(part, since, name):
            value = way.enter(part, since, clocks=clocks).at(READ)
            return data.View(part.shape(), value) if isinstance(part, data.View) else value
        return arriving, way.finish

    def _enter(self, m, platform, pipeline, turn, active, tag, current, header, word, old):
        """Everything of a neuron meets at the pipeline, ``READ`` clocks after its slot."""
        config, entering = self.config, pipeline.i
        arriving, finish = self._way(m, platform, turn)
        frame, record = arriving(header, 0, "header"), arriving(current, 1, "record")
        wait = READ + pipeline.above_stage - sums_latency(config.lanes)
        m.d.comb += [
            self.total_slot.eq(delayed(m, tag.slot, 1, "total_slot")),
            self.sum_slot.eq(delayed(m, tag.slot, wait, "sum_slot")),
            self.teach_index.eq(delayed(m, tag.output, 1, "teach_index")),
            self.teach_half.eq(delayed(m, tag.parity, 1, "teach_half")),
            entering.valid.eq(delayed(m, active, READ, "active")),
            entering.tag.eq(arriving(tag, 0, "tag")), entering.total.eq(self.total),
            entering.teach.eq(self.teach), entering.kind.eq(self.kind),
            entering.modulator.eq(frame.modulator), entering.flags.eq(frame.flags),
            # Drawn with the turn's first clock, it is in the generator until the next is.
            entering.word.eq(arriving(self.generator, 1, "word") if self._turns
                             else arriving(word, 0, "word")),
            pipeline.errors_above.eq(self.errors_above)]
        m.d.comb += [entering.old[name].eq(value) for name, value in old.items()]
        m.d.comb += [entering.population[name].eq(record[name])
                     for name in self.fields.record.members]
        finish()
        if self._turns:
            m.d.comb += pipeline.phase.eq(delayed(m, turn, READ, "phase"))

    def _post(self, m, pipeline):
        """What the next step's synapses and traces read, and how far it has got."""
        new, post, write = pipeline.post.new, self.post, self.rate_write
        tag, valid = data.View(self._tag, pipeline.post.tag), pipeline.post.valid
        m.d.comb += [
            post.enable.eq(valid), post.slot.eq(tag.slot), post.half.eq(~tag.parity),
            # Nothing moves what eligibilities would learn from an input: it is no target.
            *(getattr(post, name).eq(
                Mux(tag.is_input, 0, new[name]) if name in POST_ELIGIBLE else new[name])
              for name in post_fields(self.config)),
            write.enable.eq(valid & ~tag.is_input), write.slot.eq(tag.slot),
            write.half.eq(~tag.parity), write.rate.eq(new.r), write.xi.eq(new.xi)]
        # Told a clock ahead: who hears of it asks a clock later than the rest will be there.
        passing, following = pipeline.passing.valid, data.View(self._tag, pipeline.passing.tag)
        m.d.comb += self.left_done.eq(passing & following.final)
        with m.If(passing):
            m.d.sync += self.passed.eq(Mux(following.final, 0, following.slot + 1))

    def elaborate(self, platform):
        m = Module()
        m.submodules.pipeline = pipeline = NeuronPipeline(
            self._tag.size, eligible=self.config.eligibility, interval=self.config.neuron_clocks)
        turn, begins, ends = turns(m, self.config.neuron_clocks)
        active, tag, current, header = walk(m, platform, self, begins, ends)
        word = self._draw(m, active)
        leaving = data.View(self._tag, pipeline.o.tag)
        keeps = pipeline.o.valid & ~leaving.is_input
        silent = delayed(m, (header.flags & Flag.RESET_STATE).any(), READ - 1, "silent")
        old = neuron_states(m, platform, self, slot=tag.slot, first=begins, silent=silent,
                            leaving_slot=leaving.slot, new=pipeline.o.new, write=keeps)
        if self.config.eligibility:
            forgets = delayed(m, (header.flags & Flag.RESET_TRACE).any(), READ, "forgets")
            old["slopes"] = Mux(forgets, 0, old["slopes"])
        self._enter(m, platform, pipeline, turn, active, tag, current, header, word, old)
        self._post(m, pipeline)
        m.d.comb += self.posts.eq(delayed(
            m, active & ~tag.is_input, READ + pipeline.post_stage - 1, "posts"))

        new, result = pipeline.o.new, self.result
        m.d.comb += [
            result.enable.eq(keeps & leaving.is_output), result.index.eq(leaving.output),
            result.half.eq(leaving.parity), result.rate.eq(pipeline.o.rate),
            result.error.eq(new.error),
            self.settled_done.eq(
                delayed(m, pipeline.o.valid & leaving.final, SETTLING, "settled"))]
        for name in self.fields.saturations:
            m.d.comb += self.saturations[name].eq(Mux(keeps, pipeline.o.saturations[name], 0))

        m.d.comb += [
            self.leaving.valid.eq(keeps), self.leaving.last.eq(leaving.last),
            self.leaving.number.eq(leaving.number), self.leaving.parity.eq(leaving.parity),
            self.leaving.learn.eq(leaving.learn), self.leaving.e.eq(new.e),
            self.leaving.told.eq(pipeline.o.told), self.leaving.pull.eq(pipeline.o.tau_pull)]
        if self._turns:
            m.d.comb += self.squares.eq(pipeline.squares)
        tables, bus, in_tables = pipeline.tables, self.bus, Signal(reset_less=True)
        m.d.sync += in_tables.eq(bus.region == Region.TABLES)
        m.d.comb += [
            tables.address.eq(bus.offset), tables.write_data.eq(bus.data),
            tables.write_enable.eq(bus.write & in_tables),
            self.table_data.eq(tables.read_data)]
        return m
