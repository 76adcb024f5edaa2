"""Frames in, results out, and the order of a step in between.

In:   m | flags << 18;  one word per input;  one per output: value | kind << 18
Out:  one word per output, its rate;  one per output, its error ē;  with *probe*, the probed words

All words are 32 bits; numbers are 18 bits, sign-extended on their way out.
"""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.memory import BUS
from hdl.neurons import RESULT_WRITE
from hdl.region import OFFSET_BITS, Region
from hdl.sequencer import next_slot
from hdl.synapses import RATE_WRITE
from model.program import Flag

__all__ = ["FrameUnit"]

Teaching = data.StructLayout({"value": signed(18), "kind": 2})
Result = data.StructLayout({"rate": signed(18), "error": signed(18)})
ADDRESS_BITS = OFFSET_BITS + 5


class FrameUnit(wiring.Component):
    """Takes a frame, starts the step, waits for it, sends the result.

    idle              between frames: the host's accesses are served
    abort             drop a frame that is not whole yet; no state has changed by then
    start, running    strobe and end of the engines' work; ``stepped`` when the halves change roles
    probe             an address to read for the result, answered with ``probed`` and its data
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "frame_data": In(32), "frame_valid": In(1), "frame_ready": Out(1),
            "result_data": Out(32), "result_valid": Out(1), "result_ready": In(1),
            "abort": In(1), "hold": In(1), "idle": Out(1),
            "start": Out(1), "running": In(1), "stepped": Out(1),
            "inputs": In(range(config.inputs + 1)), "outputs": In(range(config.outputs + 1)),
            "probes": In(range(config.probes + 1)),
            "modulator": Out(signed(18)), "flags": Out(6), "input_write": Out(RATE_WRITE),
            "teach_index": In(16), "teach": Out(signed(18)), "kind": Out(2),
            "result": In(RESULT_WRITE), "bus": In(BUS),
            "probe": Out(1), "probe_address": Out(ADDRESS_BITS), "probed": In(1),
            "probe_data": In(32),
        })

    def _memories(self, m, index):
        """Teaching signals (in), results (out) and the probe list, each read at once."""
        config = self.config
        m.submodules.teaching = teaching = memory.Memory(
            shape=Teaching, depth=max(2, config.outputs), init=[])
        taught, teach_write = teaching.read_port(), teaching.write_port()
        m.submodules.results = results = memory.Memory(
            shape=Result, depth=max(2, config.outputs), init=[])
        sent, result_write = results.read_port(domain="comb"), results.write_port()
        m.submodules.probe_list = probes = memory.Memory(
            shape=ADDRESS_BITS, depth=max(2, config.probes), init=[])
        probe, probe_write = probes.read_port(domain="comb"), probes.write_port()
        m.d.comb += [
            taught.addr.eq(self.teach_index), self.teach.eq(taught.data.value),
            self.kind.eq(taught.data.kind),
            teach_write.addr.eq(index), teach_write.data.eq(self.frame_data[:20]),
            sent.addr.eq(index), result_write.addr.eq(self.result.index),
            result_write.data.rate.eq(self.result.rate),
            result_write.data.error.eq(self.result.error), result_write.en.eq(self.result.enable),
            probe.addr.eq(index), self.probe_address.eq(probe.data),
            probe_write.addr.eq(self.bus.offset), probe_write.data.eq(self.bus.data),
            probe_write.en.eq(self.bus.write & (self.bus.region == Region.PROBES)),
        ]
        return teach_write, sent.data

    def elaborate(self, platform):
        m = Module()
        index, slot, probed = Signal(16), Signal(18), Signal(32)
        teach_write, sent = self._memories(m, index)
        write = self.input_write
        m.d.comb += [write.slot.eq(slot), write.rate.eq(self.frame_data[:18])]

        def count_to(limit, following):
            """One more word done; after ``limit`` of them go to ``following``."""
            m.d.sync += index.eq(index + 1)
            with m.If(index + 1 == limit):
                m.d.sync += index.eq(0)
                m.next = following

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.frame_ready.eq(~self.hold)]
                m.d.sync += [index.eq(0), slot.eq(0)]
                with m.If(self.frame_valid & self.frame_ready):
                    m.d.sync += [self.modulator.eq(self.frame_data[:18]),
                                 self.flags.eq(self.frame_data[18:24])]
                    m.next = "INPUTS"
            with m.State("INPUTS"):
                m.d.comb += [self.frame_ready.eq(1), write.enable.eq(self.frame_valid)]
                with m.If(self.frame_valid):
                    m.d.sync += slot.eq(next_slot(slot, self.config))
                    count_to(self.inputs, "TEACHING")
                with m.If(self.abort):
                    m.next = "IDLE"
            with m.State("TEACHING"):
                m.d.comb += [self.frame_ready.eq(1), teach_write.en.eq(self.frame_valid)]
                with m.If(self.frame_valid):
                    count_to(self.outputs, "START")
                with m.Elif(self.abort):
                    m.next = "IDLE"
            with m.State("START"):
                m.d.comb += self.start.eq(1)
                m.next = "RUN"
            with m.State("RUN"), m.If(~self.running):
                m.d.comb += self.stepped.eq(1)
                m.next = "RATES"
            with m.State("RATES"):
                m.d.comb += [self.result_valid.eq(1), self.result_data.eq(sent.rate)]
                with m.If(self.result_ready):
                    count_to(self.outputs, "ERRORS")
            with m.State("ERRORS"):
                m.d.comb += [self.result_valid.eq(1), self.result_data.eq(sent.error)]
                with m.If(self.result_ready):
                    count_to(self.outputs, "PROBES?")
            with m.State("PROBES?"):
                m.next = "IDLE"
                with m.If((self.flags & Flag.PROBE).any() & (self.probes != 0)):
                    m.next = "PROBE"
            with m.State("PROBE"):
                m.d.comb += self.probe.eq(1)
                with m.If(self.probed):
                    m.d.sync += probed.eq(self.probe_data)
                    m.next = "PROBED"
            with m.State("PROBED"):
                m.d.comb += [self.result_valid.eq(1), self.result_data.eq(probed)]
                with m.If(self.result_ready):
                    m.next = "PROBE"
                    count_to(self.probes, "IDLE")
        return m
