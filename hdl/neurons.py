"""The neurons of a step: every population, as soon as its sums are complete, neuron by neuron.

Runs beside the synapse pass.  Holds the states that only a neuron itself needs; what the next
step's rows and lanes need leaves through ``post`` and ``rate_write``.  Draws the random words, one
per neuron and step in the order of the neurons, from one xorshift32 generator.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import POPULATION_FIELDS, layout
from hdl.fetch import DescriptorFetch
from hdl.measures import Leaving, learned_ratio
from hdl.memory import BUS, StateMemory, attach
from hdl.neuron import NEURON_RECORD, NEURON_STATE_SHAPES, OLD_STATES, SATURATIONS, NeuronPipeline
from hdl.region import Region
from hdl.row import POST_WRITE
from hdl.sequencer import next_slot
from hdl.synapses import RATE_WRITE
from model.formats import ALPHA, SUM
from model.program import ALPHA_BITS

__all__ = ["RESULT_WRITE", "NeuronUnit", "next_word"]

Descriptor = layout(POPULATION_FIELDS)
Tag = data.StructLayout({
    "slot": 18, "is_input": 1, "is_output": 1, "output": 16, "number": 8, "last": 1})
RESULT_WRITE = wiring.Signature({"enable": Out(1), "index": Out(16), "rate": Out(signed(18)),
                                 "error": Out(signed(18))})
"""What an output neuron tells the host."""
RESET = ("u", "drive", "s", "current", "error", "e", "v", "x", "change")
"""States that *reset state* clears."""


def next_word(m: Module, word, name: str = "xorshift"):
    """The xorshift32 word after ``word``, combinational."""
    for number, shift in enumerate((13, -17, 5)):
        mixed = Signal(32, name=f"{name}_{number}")
        m.d.comb += mixed.eq(word ^ (word << shift if shift > 0 else word >> -shift))
        word = mixed
    return word


class NeuronUnit(wiring.Component):
    """All neurons of a step, one per clock, without a gap between populations that are released.

    start, busy          one step
    released             populations whose sums are complete
    sum_slot → total, errors_above    sums of a neuron, one clock later
    teach_index → teach, kind         what the frame says of an output, one clock later
    alpha_number → alpha   α of the population that is fetched, combinational
    leaving              what leaves the pipeline, for ``hdl.measures``
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "start": In(1), "busy": Out(1), "count": In(range(config.populations + 1)),
            "released": In(9), "number": Out(range(config.populations)), "data": In(Descriptor),
            "flags": In(6), "modulator": In(signed(18)), "parity": In(1), "reset_state": In(1),
            "sum_slot": Out(18), "total": In(signed(SUM.width)),
            "errors_above": In(signed(SUM.width)),
            "teach_index": Out(16), "teach": In(signed(18)), "kind": In(2),
            "post": Out(POST_WRITE), "rate_write": Out(RATE_WRITE), "result": Out(RESULT_WRITE),
            "saturations": Out(data.StructLayout(SATURATIONS)), "bus": In(BUS),
            "alpha_number": Out(range(config.populations)), "alpha": In(ALPHA.width),
            "leaving": Out(Leaving),
            "generator": Out(32), "set_generator": In(1), "table_data": Out(signed(18)),
        } | {f"{name}_data": Out(NEURON_STATE_SHAPES[name].width) for name in OLD_STATES})

    def _states(self, m, slot, leaving_slot, new, write):
        """One memory per state: read at ``slot``, written when a neuron leaves the pipeline."""
        values = {}
        for name in OLD_STATES:
            store = StateMemory(width=NEURON_STATE_SHAPES[name].width, depth=self.config.slots)
            m.submodules[name] = store
            attach(m, self.bus, store.host, Region[name.upper()])
            m.d.comb += [
                store.read_address.eq(slot), store.write_address.eq(leaving_slot),
                store.write.eq(write), store.write_data.eq(new[name]),
                getattr(self, f"{name}_data").eq(store.read_data)]
            values[name] = Mux(self.reset_state, 0, store.read_data) if name in RESET else (
                store.read_data)
        return values

    def _fetch(self, m):
        """The next population and, where τm is learned, its time constants as of this step."""
        m.submodules.fetch = fetch = DescriptorFetch(
            Descriptor, depth=self.config.populations, side=ALPHA.width)
        mantissa = self.alpha[ALPHA_BITS:]
        m.d.comb += [
            fetch.start.eq(self.start), fetch.count.eq(self.count), self.number.eq(fetch.number),
            fetch.arrived.eq(self.data), self.alpha_number.eq(fetch.arriving),
            fetch.a.eq(mantissa), fetch.b.eq(self.data.ratio_scale), fetch.side.eq(self.alpha)]
        record = Signal(Descriptor)
        m.d.comb += record.eq(fetch.descriptor)
        with m.If(fetch.descriptor.learns_tau):
            learned = fetch.held[ALPHA_BITS:]
            m.d.comb += [record.membrane_mantissa.eq(learned), record.error_mantissa.eq(learned),
                         record.ratio.eq(learned_ratio(fetch.product))]
        return fetch, record

    def _walk(self, m):
        """A neuron a clock: (busy, active, tag at stage 0, descriptor)."""
        config, current = self.config, Signal(Descriptor)
        fetch, record = self._fetch(m)
        number, left, active = Signal(range(config.populations + 1)), Signal(16), Signal()
        slot, output, last = Signal(18), Signal(16), Signal()
        m.d.comb += [last.eq(left == 1), fetch.take.eq(
            fetch.valid & (number < self.released) & (~active | last))]
        with m.If(self.start):
            m.d.sync += number.eq(0)
        with m.If(active):
            m.d.sync += [slot.eq(next_slot(slot, config)), output.eq(output + 1),
                         left.eq(left - 1), active.eq(~last)]
        with m.If(fetch.take):
            m.d.sync += [current.eq(record), number.eq(number + 1), slot.eq(record.slot),
                         output.eq(record.output_first), left.eq(record.size), active.eq(1)]
        tag = Signal(Tag)
        m.d.comb += [
            tag.slot.eq(slot), tag.output.eq(output), tag.is_input.eq(current.is_input),
            tag.is_output.eq(current.is_output), tag.number.eq(number - 1), tag.last.eq(last)]
        return fetch.busy | active, active, tag, current

    def _draw(self, m, active):
        """This neuron's random word: the generator's next."""
        drawn = next_word(m, self.generator)
        with m.If(active):
            m.d.sync += self.generator.eq(drawn)
        with m.If(self.set_generator):
            m.d.sync += self.generator.eq(self.bus.data)
        return drawn

    def elaborate(self, platform):
        m = Module()
        m.submodules.pipeline = pipeline = NeuronPipeline(Tag.size)
        walking, active, tag, current = self._walk(m)
        word = self._draw(m, active)
        leaving = data.View(Tag, pipeline.o.tag)
        out_valid = pipeline.o.valid
        keeps = out_valid & ~leaving.is_input

        old = self._states(m, tag.slot, leaving.slot, pipeline.o.new, keeps)
        m.d.comb += [self.sum_slot.eq(tag.slot), self.teach_index.eq(tag.output)]

        staged = Signal(pipeline.i.shape())
        record = delayed(m, current, 1, "record")
        m.d.sync += [
            staged.valid.eq(delayed(m, active, 1, "active")),
            staged.tag.eq(delayed(m, tag, 1, "tag")),
            staged.total.eq(self.total), staged.errors_above.eq(self.errors_above),
            staged.teach.eq(self.teach), staged.kind.eq(self.kind),
            staged.modulator.eq(self.modulator), staged.flags.eq(self.flags),
            staged.word.eq(delayed(m, word, 1, "word"))]
        m.d.sync += [staged.old[name].eq(value) for name, value in old.items()]
        m.d.sync += [staged.population[name].eq(record[name]) for name in NEURON_RECORD.members]
        m.d.comb += pipeline.i.eq(staged)

        new, post, write, result = pipeline.o.new, self.post, self.rate_write, self.result
        m.d.comb += [
            post.enable.eq(out_valid), post.slot.eq(leaving.slot), post.error.eq(new.error),
            post.e.eq(new.e), post.change.eq(new.change), post.change_mean.eq(new.change_mean),
            post.word.eq(new.word),
            write.enable.eq(keeps), write.slot.eq(leaving.slot), write.half.eq(~self.parity),
            write.rate.eq(new.r), write.xi.eq(new.xi),
            result.enable.eq(keeps & leaving.is_output), result.index.eq(leaving.output),
            result.rate.eq(pipeline.o.rate), result.error.eq(new.error)]
        for name in SATURATIONS:
            m.d.comb += self.saturations[name].eq(Mux(keeps, pipeline.o.saturations[name], 0))

        m.d.comb += [
            self.leaving.valid.eq(keeps), self.leaving.last.eq(leaving.last),
            self.leaving.number.eq(leaving.number), self.leaving.e.eq(new.e),
            self.leaving.told.eq(pipeline.o.told), self.leaving.pull.eq(pipeline.o.tau_pull)]
        tables, bus = pipeline.tables, self.bus
        m.d.comb += [
            tables.address.eq(bus.offset), tables.write_data.eq(bus.data),
            tables.write_enable.eq(bus.write & (bus.region == Region.TABLES)),
            self.table_data.eq(tables.read_data)]
        flight = Signal(pipeline.latency + 3)
        m.d.sync += flight.eq(flight << 1 | walking)
        m.d.comb += self.busy.eq(walking | flight.any())
        return m
