"""Results out: one word per output, its rate;  one per output, its error ē;  with *probe*, the
probed words.  Numbers are 18 bits, sign-extended to words of 32.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.memory import BUS
from hdl.neurons import result_write
from hdl.region import OFFSET_BITS, Region
from hdl.steps import STEP_BITS

__all__ = ["ResultUnit"]

Result = data.StructLayout({"rate": signed(18), "error": signed(18)})
ADDRESS_BITS = OFFSET_BITS + 5


class ResultUnit(wiring.Component):
    """Sends the result of every step, while the next one is under way.

    may_send, sent   permission, and number of the step; ``sent_done`` with its last word
    probing, probe_step   the last frame is one with *probe*, and its number
    result           what an output neuron tells
    probe            an address to read for the result, answered with ``probed`` and its data
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "result_data": Out(32), "result_valid": Out(1), "result_ready": In(1),
            "may_send": In(1), "sent": In(STEP_BITS), "sent_done": Out(1),
            "outputs": In(range(config.outputs + 1)), "probes": In(range(config.probes + 1)),
            "probe_step": In(STEP_BITS), "probing": In(1),
            "result": In(result_write(config)), "bus": In(BUS),
            "probe": Out(1), "probe_address": Out(ADDRESS_BITS), "probed": In(1),
            "probe_data": In(32),
        })

    def _memories(self, m, index, half):
        """Results and the probe list, each read at once."""
        config = self.config
        bits = max(1, (config.outputs - 1).bit_length())
        m.submodules.results = results = memory.Memory(shape=Result, depth=2 << bits, init=[])
        sent, result_write = results.read_port(domain="comb"), results.write_port()
        m.submodules.probe_list = probes = memory.Memory(
            shape=ADDRESS_BITS, depth=max(2, config.probes), init=[])
        probe, probe_write = probes.read_port(domain="comb"), probes.write_port()
        m.d.comb += [
            sent.addr.eq(Cat(index[:bits], half)),
            result_write.addr.eq(Cat(self.result.index[:bits], self.result.half)),
            result_write.data.rate.eq(self.result.rate),
            result_write.data.error.eq(self.result.error), result_write.en.eq(self.result.enable),
            probe.addr.eq(index), self.probe_address.eq(probe.data),
            probe_write.addr.eq(self.bus.offset), probe_write.data.eq(self.bus.data),
            probe_write.en.eq(self.bus.write & (self.bus.region == Region.PROBES)),
        ]
        return sent.data

    def elaborate(self, platform):
        m = Module()
        counted = range(max(self.config.outputs, self.config.probes) + 1)
        index, probed, half = Signal(counted), Signal(32), self.sent[0]
        sent = self._memories(m, index, half)
        # Known from a register: none of these moves while a result is sent.
        probing = Signal(reset_less=True)
        m.d.sync += probing.eq(
            self.probing & (self.probe_step == self.sent) & (self.probes != 0))

        left, last = Signal(counted), Signal()

        def begin(words):
            m.d.sync += [left.eq(words), last.eq(words == 1)]

        def count(following, words):
            """One more word sent; after the last of these go to ``following`` and its ``words``."""
            m.d.sync += [index.eq(index + 1), left.eq(left - 1), last.eq(left == 2)]
            with m.If(last):
                m.d.sync += index.eq(0)
                begin(words)
                m.next = following

        with m.FSM():
            with m.State("WAIT"):
                begin(self.outputs)
                with m.If(self.may_send):
                    m.next = "RATES"
            with m.State("RATES"):
                m.d.comb += [self.result_valid.eq(1), self.result_data.eq(sent.rate)]
                with m.If(self.result_ready):
                    count("ERRORS", self.outputs)
            with m.State("ERRORS"):
                m.d.comb += [self.result_valid.eq(1), self.result_data.eq(sent.error)]
                with m.If(self.result_ready):
                    count("SENT", self.probes)
                    with m.If(last & probing):
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
                    count("SENT", self.outputs)
            with m.State("SENT"):
                m.d.comb += self.sent_done.eq(1)
                m.next = "WAIT"
        return m
