"""Frames in: what the host says of a step, taken while the step before is still under way.

    m | flags << 18;  one word per input;  one per output: value | kind << 18

All words are 32 bits, numbers 18.  Everything has two halves, one for each of the two steps that
may be in the core; ``hdl.result`` sends the answers.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.primitives.block_ram import BlockRam
from hdl.sequencer import Header, next_slot
from hdl.steps import STEP_BITS
from hdl.synapses import rate_write
from model.program import Flag

__all__ = ["FrameUnit"]

Teaching = data.StructLayout({"value": signed(18), "kind": 2})


class FrameUnit(wiring.Component):
    """Takes frames, as many as the core has room for.

    may_load, loaded    permission, and number of the frame; ``loaded_done`` when it is all there
    abort               drop a frame that is not whole yet; no state has changed by then
    hold                take no new frame;  ``idle`` between frames
    answered            all frames taken have been answered: with *probe*, the next waits for that
    header_*            what the last two frames said of their steps, by parity
    probing, probe_step   the last frame is one with *probe*, and its number
    input_write         a rate of an input, ``input_writes`` a clock ahead; none is taken in the
                        clock of ``rates_busy``, before a neuron's
    teach_index, teach_half → teach, kind    what a frame says of an output, 2 clocks later
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "frame_data": In(32), "frame_valid": In(1), "frame_ready": Out(1),
            "abort": In(1), "hold": In(1), "idle": Out(1), "answered": In(1),
            "may_load": In(1), "loaded": In(STEP_BITS), "loaded_done": Out(1),
            "inputs": In(range(config.inputs + 1)), "outputs": In(range(config.outputs + 1)),
            "header_0": Out(Header), "header_1": Out(Header),
            "probing": Out(1), "probe_step": Out(STEP_BITS),
            "input_write": Out(rate_write(config)), "input_writes": Out(1), "rates_busy": In(1),
            "teach_index": In(range(config.outputs + 1)), "teach_half": In(1),
            "teach": Out(signed(18)), "kind": Out(2),
        })

    def _teaching(self, m, index, half):
        m.submodules.teaching = store = BlockRam(
            width=Teaching.size, depth=2 << self._index_bits, output_register=True)
        bits, teaching = self._index_bits, Signal(Teaching)
        m.d.comb += [
            store.read_address.eq(Cat(self.teach_index[:bits], self.teach_half)),
            teaching.eq(store.read_data), self.teach.eq(teaching.value),
            self.kind.eq(teaching.kind), store.write_address.eq(Cat(index[:bits], half)),
            store.write_data.eq(self.frame_data)]
        return store.write

    def _keep_header(self, m, headed, half):
        """The header is kept a clock after it came: it has many ends to reach, and other words
        follow."""
        word = delayed(m, self.frame_data, 1, "header_word")
        flags = word[18:24]
        with m.If(delayed(m, headed, 1, "headed")):
            m.d.sync += [self.probing.eq((flags & Flag.PROBE).any()),
                         self.probe_step.eq(self.loaded)]
            for header, mine in ((self.header_0, ~half), (self.header_1, half)):
                with m.If(mine):
                    m.d.sync += [header.modulator.eq(word[:18]), header.flags.eq(flags)]

    @property
    def _index_bits(self) -> int:
        return max(1, (self.config.outputs - 1).bit_length())

    def elaborate(self, platform):
        m = Module()
        # As wide as what it counts: it is compared in one clock.
        count = range(max(2, self.config.inputs, self.config.outputs))
        index, slot, half = Signal(count), Signal(self.config.slot_bits), self.loaded[0]
        taught, write = self._teaching(m, index, half), self.input_write
        taken, headed = Signal(), Signal()
        self._keep_header(m, headed, half)
        m.d.comb += self.input_writes.eq(taken)
        m.d.sync += [write.slot.eq(slot), write.half.eq(half), write.enable.eq(taken),
                     write.rate.eq(self.frame_data[:18])]

        # Whether a word is the last of its kind is known before it comes.
        permitted, last, one_input, one_output = (Signal(name=name) for name in (
            "permitted", "last", "one_input", "one_output"))
        input_before, output_before = (Signal(count, name=name) for name in (
            "input_before", "output_before"))
        m.d.sync += [one_input.eq(self.inputs == 1), one_output.eq(self.outputs == 1),
                     input_before.eq(self.inputs - 2), output_before.eq(self.outputs - 2)]
        m.d.sync += permitted.eq(self.may_load & (self.answered | ~self.probing))
        with m.FSM():
            with m.State("HEADER"):
                # What a frame probes must stand still until it has been read.
                m.d.comb += [self.idle.eq(1), self.frame_ready.eq(permitted & ~self.hold)]
                m.d.sync += [index.eq(0), slot.eq(0), last.eq(one_input)]
                with m.If(self.frame_valid & self.frame_ready):
                    m.d.comb += headed.eq(1)
                    m.next = "INPUTS"
            with m.State("INPUTS"):
                m.d.comb += self.frame_ready.eq(~self.rates_busy)
                with m.If(self.frame_valid & self.frame_ready):
                    m.d.comb += taken.eq(1)
                    m.d.sync += [slot.eq(next_slot(slot, self.config)), index.eq(index + 1),
                                 last.eq(index == input_before)]
                    with m.If(last):
                        m.d.sync += [index.eq(0), last.eq(one_output)]
                        m.next = "TEACHING"
                with m.If(self.abort):
                    m.next = "HEADER"
            with m.State("TEACHING"):
                m.d.comb += [self.frame_ready.eq(1), taught.eq(self.frame_valid)]
                with m.If(self.frame_valid):
                    m.d.sync += [index.eq(index + 1), last.eq(index == output_before)]
                    with m.If(last):
                        m.d.comb += self.loaded_done.eq(1)
                        m.next = "LOADED"
                with m.Elif(self.abort):
                    m.next = "HEADER"
            with m.State("LOADED"):
                # The permission, a register, does not know of this frame yet.
                m.next = "HEADER"
        return m
