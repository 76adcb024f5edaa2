"""What is kept per population: learned time constants, mismatch energy and output cost.

Neurons leave their pipeline one per clock; their parts are summed, exactly, and with a population's
last neuron

    α ← α + Σ η m e (I − u) / 2**16        between a smallest value and dt/τr (τm ≥ τr)
    energy = ½ Σ e²        cost = ½ β Σ (y − r)²

6 clocks later.  α has two halves, as everything that the next step reads while this one writes.
Cost: 2 multipliers, a distributed memory.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import POPULATION_FIELDS, READ_DESCRIPTOR, layout
from hdl.fixed import down, round_half, saturate, shift_keep_half, shift_round
from hdl.memory import BUS
from hdl.multiplier import Multiplier
from hdl.primitives.technology import Technology
from hdl.region import Region
from model.formats import ALPHA, ENERGY, RATIO
from model.program import LEAST_ALPHA

__all__ = ["Leaving", "Measures", "learned_ratio"]

Descriptor = layout(POPULATION_FIELDS)
Leaving = data.StructLayout({
    "valid": 1, "last": 1, "number": 8, "parity": 1, "learn": 1,
    "e": signed(18), "told": signed(18), "pull": signed(36)})
"""A neuron that leaves the pipeline, and whether it is its population's last."""

SQUARE_FRAC = 30
PULL_SHIFT = 16
ENERGY_SHIFT = SQUARE_FRAC - ENERGY.frac + 1
"""From the sum of squares to half of it, as energy."""


def learned_ratio(product):
    """τr/τm from the product of α's operand and the record's ``ratio_scale``; at most 1."""
    ratio = shift_round(product, 16)
    return Mux(ratio > RATIO.one, RATIO.one, ratio)


class Measures(wiring.Component):
    """See the module.

    leaving                      neurons, with ``descriptor`` of their population
                                 ``READ_DESCRIPTOR`` clocks later
    number_*, half_* → alpha_*   α of two populations: 0 a clock later, 1 combinational
    hits                         saturations of energy and cost
    """

    def __init__(self, config: Config):
        self.config = config
        number = range(config.populations)
        super().__init__({
            "leaving": In(Leaving), "descriptor": In(Descriptor), "host_half": In(1),
            "half_0": In(1), "half_1": In(1), "number_0": In(number), "alpha_0": Out(ALPHA.width),
            "number_1": In(number), "alpha_1": Out(ALPHA.width),
            "hits": Out(2), "bus": In(BUS), "alpha_data": Out(ALPHA.width),
            "energy_data": Out(ENERGY.width), "cost_data": Out(ENERGY.width),
        })

    def _sums(self, m):
        """Sums over a population with its last neuron, at stage 3, and whose they are."""
        leaving = self.leaving
        squares = []
        for name in ("e", "told"):
            m.submodules[f"{name}_square"] = square = Multiplier()
            m.d.comb += [square.a.eq(leaving[name]), square.b.eq(leaving[name])]
            squares.append(square.product)
        now = delayed(m, leaving, 2, "leaving")
        totals = []
        # Sums that are shifted by a constant begin with the half that rounds them.
        for name, value, half in (("pull", now.pull, 1 << (PULL_SHIFT - 1)),
                                  ("energy", squares[0], 1 << (ENERGY_SHIFT - 1)),
                                  ("cost", squares[1], 0)):
            running = Signal(signed(48), name=f"{name}_sum", init=half)
            total = Signal(signed(48), name=name)
            with m.If(now.valid):
                m.d.sync += [running.eq(Mux(now.last, half, running + value)),
                             total.eq(running + value)]
            totals.append(total)
        complete = delayed(m, now.valid & now.last, 1, "complete")
        return *totals, complete, delayed(m, now.number, 1, "number")

    def _alpha(self, m, platform, pull, complete, number, descriptor):
        """The store of α: moved and limited from stage 3 to stage 6."""
        half = delayed(m, self.leaving.parity, 3, "half")
        # A block RAM without its output register would answer too late.
        ecp5 = Technology.of(platform) is Technology.ECP5
        attributes = {"ram_style": "distributed"} if ecp5 else {}
        m.submodules.alphas = store = memory.Memory(
            shape=ALPHA.width, depth=2 * max(2, self.config.populations), init=[], attrs=attributes)
        bits = len(self.number_0)
        write = store.write_port()

        def read(index, chosen_half):
            port = store.read_port(domain="comb")
            m.d.comb += [port.addr[:bits].eq(index), port.addr[bits:].eq(chosen_half)]
            return port.data

        bus = self.bus
        m.d.sync += self.alpha_0.eq(read(Mux(bus.active, bus.offset, self.number_0),
                                         Mux(bus.active, self.host_half, self.half_0)))
        m.d.sync += self.alpha_1.eq(read(self.number_1, self.half_1))
        m.d.comb += self.alpha_data.eq(self.alpha_0)
        moves = delayed(m, self.leaving.learn, 3, "learn") & descriptor.learns_tau
        moved, limited = Signal(signed(34)), Signal(ALPHA.width, name="limited")
        above, below = Signal(), Signal()
        limit, held = (delayed(m, value, 1, name) for value, name in (
            (descriptor.alpha_limit, "limit"), (~moves, "held")))
        # Read a clock before its sum is there.
        old = Signal(ALPHA.width)
        m.d.sync += [
            old.eq(read(*(delayed(m, part, 2, "whose") for part in (
                self.leaving.number, self.leaving.parity)))),
            moved.eq(old + Mux(moves, down(pull, PULL_SHIFT), 0)),
            above.eq(~held & (moved > limit)), below.eq(~held & (moved < LEAST_ALPHA)),
            limited.eq(Mux(above, delayed(m, limit, 1, "limit_after"), Mux(
                below, LEAST_ALPHA, delayed(m, moved, 1, "moved_after"))))]
        mine = self._mine(m, Region.ALPHA)
        m.d.comb += [
            write.addr[:bits].eq(Mux(bus.active, bus.offset, delayed(m, number, 3, "written"))),
            write.addr[bits:].eq(Mux(bus.active, self.host_half, delayed(m, ~half, 3, "other"))),
            write.data.eq(Mux(bus.active, bus.data, limited)),
            write.en.eq((mine & bus.write) | delayed(m, complete, 3, "moved"))]

    def _mine(self, m, region):
        """The host is at this region: it was before it writes."""
        mine = Signal(name=f"mine_{region.name.lower()}", reset_less=True)
        m.d.sync += mine.eq(self.bus.active & (self.bus.region == region))
        return mine

    def _record(self, m, region, value, hit, complete, number):
        """A measure's memory, written at stage 6 and by the host; returns its hit and read-out."""
        store = memory.Memory(shape=ENERGY.width, depth=max(2, self.config.populations), init=[])
        m.submodules[region.name.lower()] = store
        read, write, bus = store.read_port(domain="comb"), store.write_port(), self.bus
        mine = self._mine(m, region)
        m.d.comb += [
            read.addr.eq(bus.offset), write.addr.eq(Mux(mine, bus.offset, number)),
            write.data.eq(Mux(mine, bus.data, value)),
            write.en.eq((mine & bus.write) | complete)]
        return hit & complete, delayed(m, read.data, 1, "read")

    def elaborate(self, platform):
        m = Module()
        pull, energy, cost, complete, number = self._sums(m)
        descriptor = delayed(m, self.descriptor, 3 - READ_DESCRIPTOR, "descriptor")
        self._alpha(m, platform, pull, complete, number, descriptor)

        shifted, barrel = Signal(signed(48)), Signal(signed(58))
        least = SQUARE_FRAC - ENERGY.frac + 1 - 7
        m.d.sync += [
            shifted.eq(down(energy, ENERGY_SHIFT)),
            # A shift by 7 − gain, where the gain is four bits in two's complement.
            barrel.eq(shift_keep_half(cost, descriptor.gain_shift.as_unsigned() ^ 7, least=least))]
        values = []
        # Both rounded, then limited.
        for name, value in (("energy_now", delayed(m, shifted, 1, "energy_shifted")),
                            ("cost_now", delayed(m, round_half(barrel), 1, "cost_shifted"))):
            limited, hit = saturate(value, ENERGY.width)
            kept, kept_hit = Signal(signed(ENERGY.width), name=name), Signal(name=f"{name}_hit")
            m.d.sync += [kept.eq(limited), kept_hit.eq(hit)]
            values.append((kept, kept_hit))
        late, where = delayed(m, complete, 3, "late"), delayed(m, number, 3, "where")
        energy_hit, energy_data = self._record(m, Region.ENERGY, *values[0], late, where)
        cost_hit, cost_data = self._record(m, Region.COST, *values[1], late, where)
        m.d.comb += [self.hits.eq(energy_hit + cost_hit), self.energy_data.eq(energy_data),
                     self.cost_data.eq(cost_data)]
        return m
