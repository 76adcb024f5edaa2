"""Registers: sizes of the loaded program, and counters that saturate instead of wrapping."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.memory import BUS
from hdl.region import IDENTITY, REGISTERS, Region
from hdl.select import select
from model.formats import COUNTERS

__all__ = ["Registers"]

COUNT_BITS = 8
"""Widest number of saturations that one clock can bring."""


class Registers(wiring.Component):
    """The register region.

    projections … learning_taus   sizes, written by the host
    parity                 current half of the double-buffered memories;  ``set_parity`` when the
                           host writes it, in ``written_parity``
    working                counted in ``cycles``; ``stepped`` in ``steps``
    hit_*                  saturations of this clock, by counter; counted two clocks later
    data                   the register at the bus's offset, some clocks later
    """

    SIZES = ("projections", "populations", "inputs", "outputs", "input_rows", "probes",
             "learning_taus")

    def __init__(self, config: Config):
        self.config = config
        super().__init__(
            {name: Out(16) for name in self.SIZES}
            | {f"hit_{name}": In(COUNT_BITS) for name in COUNTERS}
            | {"parity": In(1), "set_parity": Out(1), "written_parity": Out(1), "stepped": In(1),
               "working": In(1), "generator": In(32),
               "set_generator": Out(1), "bus": In(BUS), "data": Out(32)})

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        # Address and data are there before the strobe: what they mean is known by then.
        offset, written = bus.offset[:(len(REGISTERS) - 1).bit_length()], {}
        here = Signal(reset_less=True)
        m.d.sync += here.eq(bus.region == Region.REGISTERS)
        for name in (*self.SIZES, "generator", "parity"):
            mine = Signal(name=f"mine_{name}", reset_less=True)
            m.d.sync += mine.eq(here & (offset == REGISTERS[name]))
            written[name] = bus.write & mine
        steps, cycles = Signal(64), Signal(64)
        for counter, event, name in ((steps, self.stepped, "stepped"),
                                     (cycles, self.working, "worked")):
            # The upper half a clock later: nobody reads while something happens.
            counts, low = delayed(m, event, 1, name), Signal(33, name=f"{name}_low")
            m.d.comb += low.eq(counter[:32] + counts)
            m.d.sync += [counter[:32].eq(low),
                         counter[32:].eq(counter[32:] + delayed(m, low[32], 1, f"{name}_carry"))]
        values = {
            "identity": IDENTITY, "lanes": self.config.lanes, "parity": self.parity,
            "generator": self.generator, "steps_low": steps[:32], "steps_high": steps[32:],
            "cycles_low": cycles[:32], "cycles_high": cycles[32:],
        } | {name: getattr(self, name) for name in self.SIZES}
        for name in COUNTERS:
            count = Signal(32, name=f"saturation_{name}")
            hits, full = Signal(COUNT_BITS, name=f"hits_{name}"), Signal(name=f"full_{name}")
            total = count + hits
            m.d.sync += [hits.eq(getattr(self, f"hit_{name}")), count.eq(total),
                         full.eq(total[32])]
            with m.If(full):
                m.d.sync += count.eq(0xFFFFFFFF)
            values[f"saturation_{name}"] = count
        for name in self.SIZES:
            with m.If(written[name]):
                m.d.sync += getattr(self, name).eq(bus.data)
        m.d.comb += self.written_parity.eq(bus.data)
        m.d.sync += [self.set_generator.eq(written["generator"]),
                     self.set_parity.eq(written["parity"])]
        words = [Signal(32, name=f"word_{name}") for name in REGISTERS]
        m.d.comb += [word.eq(values[name]) for word, name in zip(words, REGISTERS, strict=True)]
        m.d.comb += self.data.eq(select(m, words, offset, platform, name="data",
                                        radix_bits=self.config.choice_bits))
        return m
