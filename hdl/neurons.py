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
from hdl.measures import Leaving, learned_times
from hdl.memory import BUS, StateMemory, attach
from hdl.neuron import NEURON_RECORD, NEURON_STATE_SHAPES, OLD_STATES, SATURATIONS, NeuronPipeline
from hdl.region import Region
from hdl.row import POST_WRITE
from hdl.sequencer import next_slot
from hdl.synapses import RATE_WRITE
from model.formats import ALPHA, SUM

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
    """All neurons of a step, one per clock and 3 clocks between populations.

    start, busy          one step
    released             populations whose sums are complete
    sum_slot → total, errors_above    sums of a neuron, one clock later
    teach_index → teach, kind         what the frame says of an output, one clock later
    number → alpha       α of the population that is fetched, combinational
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
            "alpha": In(ALPHA.width), "leaving": Out(Leaving),
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

    def _walk(self, m):
        """Slots, descriptors and random words: (active, slot, output, descriptor, word)."""
        config, current = self.config, Signal(Descriptor)
        number, left = Signal(range(config.populations + 1)), Signal(16)
        slot, output, active, word = Signal(18), Signal(16), Signal(), Signal(32)
        m.d.comb += self.number.eq(number)
        drawn, alpha = next_word(m, self.generator), Signal(ALPHA.width)
        mantissa, ratio = learned_times(m, alpha, current.ratio_scale, "ratio")
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.sync += number.eq(0)
                with m.If(self.start):
                    m.next = "WAIT"
            with m.State("WAIT"):
                with m.If(number == self.count):
                    m.next = "IDLE"
                with m.Elif(number < self.released):
                    m.next = "LATCH"
            with m.State("LATCH"):
                m.d.sync += [current.eq(self.data), number.eq(number + 1), slot.eq(self.data.slot),
                             output.eq(self.data.output_first), left.eq(self.data.size)]
                with m.If(self.data.learns_tau):
                    m.d.sync += alpha.eq(self.alpha)
                    m.next = "SCALE"
                with m.Else():
                    m.next = "WALK"
            with m.State("SCALE"):
                m.next = "SCALE_MORE"
            with m.State("SCALE_MORE"):
                m.next = "SCALED"
            with m.State("SCALED"):
                m.d.sync += [current.membrane_mantissa.eq(mantissa),
                             current.error_mantissa.eq(mantissa), current.ratio.eq(ratio)]
                m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += active.eq(1)
                m.d.sync += [slot.eq(next_slot(slot, config)), output.eq(output + 1),
                             left.eq(left - 1), self.generator.eq(drawn)]
                with m.If(left == 1):
                    m.next = "WAIT"
        with m.If(self.set_generator):
            m.d.sync += self.generator.eq(self.bus.data)
        m.d.comb += word.eq(drawn)
        # By now ``number`` is that of the next population.
        last = delayed(m, active & (left == 1), 1, "last")
        return fsm, active, slot, output, current, word, (last, delayed(m, number - 1, 1, "number"))

    def elaborate(self, platform):
        m = Module()
        m.submodules.pipeline = pipeline = NeuronPipeline(Tag.size)
        fsm, active, slot, output, current, word, (last, number) = self._walk(m)
        leaving = data.View(Tag, pipeline.o.tag)
        out_valid = pipeline.o.valid
        keeps = out_valid & ~leaving.is_input

        old = self._states(m, slot, leaving.slot, pipeline.o.new, keeps)
        m.d.comb += [self.sum_slot.eq(slot), self.teach_index.eq(output)]

        staged = Signal(pipeline.i.shape())
        record = delayed(m, current, 1, "record")
        tag = data.View(Tag, staged.tag)
        m.d.sync += [
            staged.valid.eq(delayed(m, active, 1, "active")),
            tag.slot.eq(delayed(m, slot, 1, "slot")),
            tag.output.eq(delayed(m, output, 1, "output")),
            tag.last.eq(last), tag.number.eq(number),
            tag.is_input.eq(record.is_input), tag.is_output.eq(record.is_output),
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
        walking = ~fsm.ongoing("IDLE")
        flight = Signal(pipeline.latency + 3)
        m.d.sync += flight.eq(flight << 1 | walking)
        m.d.comb += self.busy.eq(walking | flight.any())
        return m
