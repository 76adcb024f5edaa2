"""What is kept per population: learned time constants, mismatch energy and output cost.

Neurons leave their pipeline, one per clock at most; their parts are summed, exactly, and with a
population's last neuron

    α ← α + Σ η m e (I − u) / 2**16        between a smallest value and dt/τr (τm ≥ τr)
    energy = ½ Σ e²        cost = ½ β Σ (y − r)²

6 clocks later, energy and cost 8.  α has two halves, as everything that the next step reads while
this one writes.
Cost: 2 multipliers, unless the neurons' own form the squares; a distributed memory.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.descriptor import POPULATION_FIELDS, READ_DESCRIPTOR, layout
from hdl.fixed import down, exceeds, limit, round_half, shift_keep_half, shift_round
from hdl.memory import BUS
from hdl.multiplier import Multiplier
from hdl.neuron import SQUARES, SQUARES_LATE
from hdl.primitives.technology import Technology
from hdl.region import Region
from model.formats import ALPHA, ENERGY, RATIO
from model.program import LEAST_ALPHA

__all__ = ["Leaving", "Measures", "learned_ratio"]

Descriptor = layout({name: POPULATION_FIELDS[name]
                     for name in ("gain_shift", "learns_tau", "alpha_limit")})
"""What it is told of a population."""
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
    squares                      of neurons that share their multipliers, ``SQUARES_LATE`` clocks
                                 after them
    hits                         saturations of energy and cost
    """

    def __init__(self, config: Config):
        self.config = config
        number = range(config.populations)
        super().__init__({
            "leaving": In(Leaving), "descriptor": In(Descriptor),
            "host_half": In(1), "half_0": In(1), "half_1": In(1), "number_0": In(number),
            "alpha_0": Out(ALPHA.width), "number_1": In(number), "alpha_1": Out(ALPHA.width),
            "hits": Out(2), "bus": In(BUS), "alpha_data": Out(ALPHA.width),
            "energy_data": Out(ENERGY.width), "cost_data": Out(ENERGY.width),
        } | ({"squares": In(SQUARES)} if config.neuron_clocks > 1 else {}))

    def _sums(self, m):
        """Sums over a population with its last neuron, at stage 3, and whose they are."""
        leaving = self.leaving
        squares = [self._square(m, name) for name in SQUARES.members]
        now = delayed(m, leaving, SQUARES_LATE, "leaving")
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

    def _square(self, m, name):
        """The square of a part of what leaves, ``SQUARES_LATE`` clocks later."""
        if self.config.neuron_clocks > 1:
            return self.squares[name]
        m.submodules[f"{name}_square"] = square = Multiplier()
        m.d.comb += [square.a.eq(self.leaving[name]), square.b.eq(self.leaving[name])]
        return square.product

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

        # The host is served from a register of these memories' own.
        bus, serving = self.bus, delayed(m, self.bus.active, 1, "serving")
        host_half = delayed(m, self.host_half, 1, "host_half")
        m.d.sync += self.alpha_0.eq(read(Mux(serving, bus.offset, self.number_0),
                                         Mux(serving, host_half, self.half_0)))
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
            write.addr[:bits].eq(Mux(serving, bus.offset, delayed(m, number, 3, "written"))),
            write.addr[bits:].eq(Mux(serving, host_half, delayed(m, ~half, 3, "other"))),
            write.data.eq(Mux(serving, bus.data, limited)),
            write.en.eq((mine & bus.write) | delayed(m, complete, 3, "moved"))]

    def _mine(self, m, region):
        """The host is at this region: it was before it writes."""
        mine = Signal(name=f"mine_{region.name.lower()}", reset_less=True)
        m.d.sync += mine.eq(self.bus.active & (self.bus.region == region))
        return mine

    def _record(self, m, region, value, hit, complete, number):
        """A measure's memory, written at stage 8 and by the host; returns its hit and read-out."""
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

        # A shift by 7 − gain, where the gain is four bits in two's complement: by 4, then by 1.
        least = SQUARE_FRAC - ENERGY.frac + 1 - 7
        shift = descriptor.gain_shift.as_unsigned() ^ 7
        coarse, fine, rest = Signal(signed(58)), Signal(signed(58)), Signal(2)
        m.d.sync += [coarse.eq(shift_keep_half(cost, shift & 0b1100, least=least)),
                     rest.eq(shift[:2]), fine.eq(coarse >> rest)]
        values = []
        # Both rounded at stage 6, then compared, then limited.
        for name, value in (("energy_now", delayed(m, down(energy, ENERGY_SHIFT), 3, "energy_6")),
                            ("cost_now", delayed(m, round_half(fine), 1, "cost_6"))):
            beyond, kept = Signal(name=f"{name}_beyond"), Signal(signed(ENERGY.width), name=name)
            m.d.sync += [beyond.eq(exceeds(value, ENERGY.width)),
                         kept.eq(limit(delayed(m, value, 1, f"{name}_wide"), ENERGY.width, beyond))]
            values.append((kept, delayed(m, beyond, 1, f"{name}_hit")))
        late, where = delayed(m, complete, 5, "late"), delayed(m, number, 5, "where")
        energy_hit, energy_data = self._record(m, Region.ENERGY, *values[0], late, where)
        cost_hit, cost_data = self._record(m, Region.COST, *values[1], late, where)
        m.d.comb += [self.hits.eq(energy_hit + cost_hit), self.energy_data.eq(energy_data),
                     self.cost_data.eq(cost_data)]
        return m
