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
from hdl.descriptor import layout, population_fields
from hdl.fetch import DescriptorFetch
from hdl.measures import Leaving, learned_ratio
from hdl.memory import BUS, StateMemory, attach
from hdl.neuron import NeuronFields, NeuronPipeline
from hdl.primitives.local_copy import local_copy
from hdl.region import BEHIND, Region
from hdl.row import POST_ELIGIBLE, post_fields, post_write
from hdl.sequencer import Header, next_slot
from hdl.steps import STEP_BITS
from hdl.synapses import RATE_WRITE, sums_latency
from model.formats import ALPHA, SUM
from model.program import ALPHA_BITS, Flag

__all__ = ["RESULT_WRITE", "NeuronUnit", "next_word"]

Tag = data.StructLayout({
    "slot": 18, "is_input": 1, "is_output": 1, "output": 16, "number": 8, "last": 1, "final": 1,
    "parity": 1, "learn": 1})
RESULT_WRITE = wiring.Signature({"enable": Out(1), "index": Out(16), "half": Out(1),
                                 "rate": Out(signed(18)), "error": Out(signed(18))})
"""What an output neuron tells the host."""
RESET = ("u", "drive", "s", "current", "error", "e", "v", "x", "change", "explored")
"""States that *reset state* clears."""


def next_word(m: Module, word, name: str = "xorshift"):
    """The xorshift32 word after ``word``, combinational."""
    for number, shift in enumerate((13, -17, 5)):
        mixed = Signal(32, name=f"{name}_{number}")
        m.d.comb += mixed.eq(word ^ (word << shift if shift > 0 else word >> -shift))
        word = mixed
    return word


READ = 3
"""Clocks from a slot to its memories' words, and to the pipeline: one for the way, two to read."""
PIECE = 40
"""Bits of a descriptor that are told together to be taken."""
SETTLING = 6
"""Clocks after which a population's measures are written, once its last neuron has left."""


class NeuronUnit(wiring.Component):
    """All neurons of a step, at most one per clock, step after step.

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
    leaving              what leaves the pipeline, for ``hdl.measures``

    With eligibilities ``write_upper`` is the bus's write strobe for the upper halves of regions.
    """

    def __init__(self, config: Config):
        self.config, self.fields = config, NeuronFields(config.eligibility)
        self.descriptor = layout(population_fields(config))
        super().__init__({
            "count": In(range(config.populations + 1)),
            "number": Out(range(config.populations)), "data": In(self.descriptor),
            "header_0": In(Header), "header_1": In(Header),
            "may_record": In(1), "recorded_done": Out(1), "set": In(1), "parity": In(1),
            "loaded": In(STEP_BITS), "landed": In(STEP_BITS), "lands": In(1),
            "complete": In(18), "sent": In(STEP_BITS),
            "left_done": Out(1), "passed": Out(18), "settled_done": Out(1),
            "total_slot": Out(18), "total": In(signed(SUM.width)),
            "sum_slot": Out(18), "errors_above": In(signed(SUM.width)),
            "teach_index": Out(16), "teach_half": Out(1), "teach": In(signed(18)), "kind": In(2),
            "posts": Out(1), "post": Out(post_write(config)), "rate_write": Out(RATE_WRITE),
            "result": Out(RESULT_WRITE),
            "saturations": Out(data.StructLayout(self.fields.saturations)), "bus": In(BUS),
            "alpha_number": Out(range(config.populations)), "alpha": In(ALPHA.width),
            "leaving": Out(Leaving),
            "generator": Out(32), "set_generator": In(1), "table_data": Out(signed(18)),
        } | {f"{name}_data": Out(self.fields.states[name].width) for name in self.fields.old}
          | ({"write_upper": In(1)} if config.eligibility else {}))

    def _states(self, m, platform, slot, silent, leaving_slot, new, write):
        """One memory per state: read at ``slot``, written when a neuron leaves the pipeline.

        ``silent`` holds a clock before the words.
        """
        values = {}
        for name in self.fields.old:
            store = StateMemory(width=self.fields.states[name].width, depth=self.config.slots,
                                late=True)
            m.submodules[name] = store
            if name in BEHIND:
                attach(m, self.bus, store.host, BEHIND[name], write=self.write_upper)
            else:
                attach(m, self.bus, store.host, Region[name.upper()])
            m.d.comb += [
                store.read_address.eq(slot), store.write_address.eq(leaving_slot),
                store.write.eq(write), store.write_data.eq(new[name]),
                getattr(self, f"{name}_data").eq(store.read_data)]
            values[name] = store.read_data
            if name in RESET:
                values[name] = Mux(local_copy(m, silent, platform, name=f"{name}_silent"), 0,
                                   store.read_data)
        return values

    def _fetch(self, m):
        """The next population and, where τm is learned, its time constants as of this step."""
        m.submodules.fetch = fetch = DescriptorFetch(
            self.descriptor, depth=self.config.populations, side=ALPHA.width)
        mantissa = self.alpha[ALPHA_BITS:]
        m.d.comb += [
            fetch.start.eq(self.may_record & fetch.ready), self.recorded_done.eq(fetch.start),
            fetch.count.eq(self.count), self.number.eq(fetch.number), fetch.arrived.eq(self.data),
            self.alpha_number.eq(fetch.arriving),
            fetch.a.eq(mantissa), fetch.b.eq(self.data.ratio_scale), fetch.side.eq(self.alpha)]
        record = Signal(self.descriptor)
        m.d.comb += record.eq(fetch.descriptor)
        with m.If(fetch.descriptor.learns_tau):
            learned = fetch.held[ALPHA_BITS:]
            m.d.comb += [record.membrane_mantissa.eq(learned), record.error_mantissa.eq(learned),
                         record.ratio.eq(learned_ratio(fetch.product))]
        return fetch, record

    def _walk(self, m, platform):
        """A neuron a clock: (active, tag at stage 0, descriptor a clock later, header of its
        step)."""
        config = self.config
        fetch, record = self._fetch(m)
        # The pipeline's part of a descriptor is taken a clock later: many registers wait for it.
        current = Signal(self.descriptor, name="current", reset_less=True)
        for low in range(0, self.descriptor.size, PIECE):
            with m.If(local_copy(m, fetch.take, platform, name=f"taken_{low}")):
                m.d.sync += current.as_value()[low:low + PIECE].eq(
                    record.as_value()[low:low + PIECE])
        is_input, is_output = (Signal(name=name) for name in ("is_input", "is_output"))
        number, left, waiting = Signal(range(config.populations + 1)), Signal(16), Signal()
        slot, output, last, final = Signal(18), Signal(16), Signal(), Signal()
        step, following, active, loaded = Signal(STEP_BITS), Signal(STEP_BITS), Signal(), Signal()
        header, summed, after = Signal(Header), Signal(), Signal(18)
        # Whether a population is the step's last one is known when it is taken.
        only, latest = Signal(), Signal()
        m.d.sync += only.eq(self.count == 1)
        m.d.comb += [
            header.eq(Mux(step[0], self.header_1, self.header_0)),
            active.eq(waiting & loaded & summed), after.eq(next_slot(slot, config)),
            final.eq(last & latest),
            fetch.take.eq(fetch.valid & (~waiting | (active & last)))]
        with m.If(active):
            m.d.sync += [slot.eq(after), output.eq(output + 1),
                         left.eq(left - 1), last.eq(left == 2), waiting.eq(~last)]
        with m.If(fetch.take):
            m.d.sync += [is_input.eq(record.is_input), is_output.eq(record.is_output),
                         number.eq(Mux(final & active, 1, number + 1)),
                         latest.eq(Mux(final & active, only, number + 1 == self.count)),
                         slot.eq(record.slot), output.eq(record.output_first),
                         left.eq(record.size), last.eq(record.size == 1), waiting.eq(1)]
        with m.Elif(active & final):
            m.d.sync += number.eq(0)
        m.d.comb += following.eq(step + 1)
        m.d.sync += loaded.eq(Mux(active & final, self._may_begin(following),
                                  self._may_begin(step)))
        with m.If(active & final):
            m.d.sync += step.eq(following)
        with m.If(self.set):
            m.d.sync += step.eq(self.parity)
        # Whether the sums of the slot that comes are complete is known a clock ahead.
        landed, below = (self.landed + self.lands)[:STEP_BITS], self.complete
        m.d.sync += summed.eq(
            Mux(active & final, following != landed, step != landed)
            | Mux(fetch.take, record.slot < below, Mux(active, after < below, slot < below)))
        tag = Signal(Tag)
        m.d.comb += [
            tag.slot.eq(slot), tag.output.eq(output), tag.is_input.eq(is_input),
            tag.is_output.eq(is_output), tag.number.eq(number - 1), tag.last.eq(last),
            tag.final.eq(final), tag.parity.eq(step[0]),
            tag.learn.eq((header.flags & Flag.LEARN).any())]
        return active, tag, current, header

    def _may_begin(self, step):
        """The frame of a step is there, and the result whose place the step's takes is sent."""
        return (step != self.loaded) & ~(step - self.sent)[:STEP_BITS][1]

    def _draw(self, m, active):
        """This neuron's random word: the generator's next."""
        drawn = next_word(m, self.generator)
        with m.If(active):
            m.d.sync += self.generator.eq(drawn)
        with m.If(self.set_generator):
            m.d.sync += self.generator.eq(self.bus.data)
        return drawn

    def _enter(self, m, pipeline, active, tag, current, header, word, old):
        """Everything of a neuron meets at the pipeline, ``READ`` clocks after its slot."""
        config, entering = self.config, pipeline.i
        frame, record = delayed(m, header, READ, "header"), delayed(m, current, READ - 1, "record")
        wait = READ + pipeline.above_stage - sums_latency(config.lanes)
        m.d.comb += [
            self.total_slot.eq(delayed(m, tag.slot, 1, "total_slot")),
            self.sum_slot.eq(delayed(m, tag.slot, wait, "sum_slot")),
            self.teach_index.eq(delayed(m, tag.output, 1, "teach_index")),
            self.teach_half.eq(delayed(m, tag.parity, 1, "teach_half")),
            entering.valid.eq(delayed(m, active, READ, "active")),
            entering.tag.eq(delayed(m, tag, READ, "tag")), entering.total.eq(self.total),
            entering.teach.eq(self.teach), entering.kind.eq(self.kind),
            entering.modulator.eq(frame.modulator), entering.flags.eq(frame.flags),
            entering.word.eq(delayed(m, word, READ, "word")),
            pipeline.errors_above.eq(self.errors_above)]
        m.d.comb += [entering.old[name].eq(value) for name, value in old.items()]
        m.d.comb += [entering.population[name].eq(record[name])
                     for name in self.fields.record.members]

    def _post(self, m, pipeline):
        """What the next step's synapses and traces read, and how far it has got."""
        new, post, write = pipeline.post.new, self.post, self.rate_write
        tag, valid = data.View(Tag, pipeline.post.tag), pipeline.post.valid
        m.d.comb += [
            post.enable.eq(valid), post.slot.eq(tag.slot), post.half.eq(~tag.parity),
            # Nothing moves what eligibilities would learn from an input: it is no target.
            *(getattr(post, name).eq(
                Mux(tag.is_input, 0, new[name]) if name in POST_ELIGIBLE else new[name])
              for name in post_fields(self.config)),
            write.enable.eq(valid & ~tag.is_input), write.slot.eq(tag.slot),
            write.half.eq(~tag.parity), write.rate.eq(new.r), write.xi.eq(new.xi)]
        # Told a clock ahead: who hears of it asks a clock later than the rest will be there.
        passing, following = pipeline.passing.valid, data.View(Tag, pipeline.passing.tag)
        m.d.comb += self.left_done.eq(passing & following.final)
        with m.If(passing):
            m.d.sync += self.passed.eq(Mux(following.final, 0, following.slot + 1))

    def elaborate(self, platform):
        m = Module()
        m.submodules.pipeline = pipeline = NeuronPipeline(
            Tag.size, eligible=self.config.eligibility)
        active, tag, current, header = self._walk(m, platform)
        word = self._draw(m, active)
        leaving = data.View(Tag, pipeline.o.tag)
        keeps = pipeline.o.valid & ~leaving.is_input
        silent = delayed(m, (header.flags & Flag.RESET_STATE).any(), READ - 1, "silent")
        old = self._states(m, platform, tag.slot, silent, leaving.slot, pipeline.o.new, keeps)
        if self.config.eligibility:
            forgets = delayed(m, (header.flags & Flag.RESET_TRACE).any(), READ, "forgets")
            old["slopes"] = Mux(forgets, 0, old["slopes"])
        self._enter(m, pipeline, active, tag, current, header, word, old)
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
        tables, bus, in_tables = pipeline.tables, self.bus, Signal(reset_less=True)
        m.d.sync += in_tables.eq(bus.region == Region.TABLES)
        m.d.comb += [
            tables.address.eq(bus.offset), tables.write_data.eq(bus.data),
            tables.write_enable.eq(bus.write & in_tables),
            self.table_data.eq(tables.read_data)]
        return m
