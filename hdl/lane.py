"""One lane: every clock, one synapse is read, used forward and backward, updated and written back.

Three products a synapse:

    Σ W r            forward, leaves the lane at stage 4
    Σ B e            backward, summed here over the targets of a source (W e where B is tied)
    ê ψ              the update of W, and of B under Kolen-Pollack; the mirror rule is a sign flip

Stages (a stage is a clock; the row's words must arrive at stage 2):

    0  addresses         4  products, W and B decays       6  new weights before saturation
    1  memories          5  changes aligned to 30 bits     7  written back
    2  operands

Throughput: one synapse per clock, no stalls.  Cost: 3 multipliers; memories of 18 bits for W, B, r
and ψ, 32 for random words, 2 for ξ; distributed memory for the sums.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.accumulator import Accumulator
from hdl.config import Config
from hdl.delay import delayed
from hdl.fixed import saturate
from hdl.memory import BUS, StateMemory, attach
from hdl.multiplier import Multiplier
from hdl.region import LANE_BITS, Region
from model.formats import FACTOR_FRACS, SUM
from model.program import Feedback

__all__ = ["WRITE_STAGE", "Access", "Lane", "Row", "bank_write"]

WRITE_STAGE = 7
"""Clocks from a synapse's address to its write-back."""

Access = data.StructLayout({
    "valid": 1, "word": 13, "source_row": 12, "trace_row": 12, "is_input": 1, "first": 1,
    "last": 1})
"""Where a lane looks: synapse word, row of sources, row of traces; whether the target is the first
or the last of this row of sources."""

Row = data.StructLayout({
    "e": signed(18), "factor": signed(18), "change": signed(32), "pull": 6, "word": 32,
    "change_shift": 4, "decay_shift": 5, "feedback": Feedback, "plastic": 1})
"""What a target neuron tells all lanes: its error e, learning factor ê, the mirror rule's pull and
its shift, its random word; and the projection's settings."""


def bank_write(**fields) -> wiring.Signature:
    """A write of one row of a bank."""
    return wiring.Signature({"enable": Out(1), "row": Out(12), "half": Out(1)}
                            | {name: Out(shape) for name, shape in fields.items()})


class Lane(wiring.Component):
    """See the module; ``number`` is the lane's place in every row."""

    def __init__(self, config: Config, number: int):
        self.config, self.number = config, number
        super().__init__({
            "access": In(Access), "row": In(Row), "learn": In(1), "parity": In(1),
            "reset_state": In(1), "reset_trace": In(1), "bus": In(BUS),
            "rate_write": In(bank_write(rate=18)), "word_write": In(bank_write(word=32)),
            "trace_write": In(bank_write(psi=18, xi=2)), "rate_half": In(1),
            "product": Out(signed(36)), "hits": Out(2),
            "sum_row": In(12), "sum": Out(signed(SUM.width)),
            "w_data": Out(18), "b_data": Out(18),
        })

    def _bank(self, m, name, region, *, width, depth, buffered=True, lane_bits=None):
        store = StateMemory(width=width, depth=depth, buffered=buffered)
        m.submodules[name] = store
        attach(m, self.bus, store.host, region, lane=self.number,
               lane_bits=self.config.lane_bits if lane_bits is None else lane_bits)
        return store

    def _read_sources(self, m):
        """Rates, traces and random words of this lane's source, at stage 2."""
        config, access = self.config, self.access
        rate = self._bank(m, "rate", Region.R, width=18, depth=config.rows)
        word = self._bank(m, "word", Region.WORD, width=32, depth=config.rows)
        psi = self._bank(m, "psi", Region.PSI, width=18, depth=config.trace_rows)
        psi_xi = self._bank(m, "psi_xi", Region.PSI_XI, width=2, depth=config.trace_rows)
        m.d.comb += [rate.host_half.eq(self.rate_half), rate.read_half.eq(
            self.parity & ~access.is_input)]
        for bank in (word, psi, psi_xi):
            m.d.comb += [bank.host_half.eq(self.parity), bank.read_half.eq(self.parity)]
        for bank, field, port in (
                (rate, "rate", self.rate_write), (word, "word", self.word_write),
                (psi, "psi", self.trace_write), (psi_xi, "xi", self.trace_write)):
            row = access.trace_row if port is self.trace_write else access.source_row
            m.d.comb += [
                bank.read_address.eq(row), bank.write_address.eq(port.row),
                bank.write_half.eq(port.half), bank.write.eq(port.enable),
                bank.write_data.eq(getattr(port, field))]
        silent = Signal()
        m.d.sync += silent.eq(self.reset_state & ~access.is_input)
        r, p, j = Signal(signed(18)), Signal(signed(18)), Signal(32)
        sign = Signal(signed(2))
        m.d.sync += [
            r.eq(Mux(silent, 0, rate.read_data)),
            p.eq(Mux(self.reset_trace, 0, psi.read_data)),
            sign.eq(Mux(self.reset_state, 0, psi_xi.read_data)), j.eq(word.read_data),
        ]
        return r, p, sign, j

    def _read_synapse(self, m):
        """W and B at stage 2, and their memories."""
        stores = []
        for name, region in (("W", Region.W), ("B", Region.B)):
            store = self._bank(m, name, region, width=18, depth=self.config.words, buffered=False,
                               lane_bits=LANE_BITS)
            m.d.comb += store.read_address.eq(self.access.word)
            stores.append(store)
        w, b = Signal(signed(18)), Signal(signed(18))
        m.d.sync += [w.eq(stores[0].read_data), b.eq(stores[1].read_data)]
        m.d.comb += [self.w_data.eq(stores[0].read_data), self.b_data.eq(stores[1].read_data)]
        return w, b, stores

    def _sum_backward(self, m, product):
        """B e over the targets of this source (stage 4), then into the accumulator (stage 5)."""
        m.submodules.sums = sums = Accumulator(depth=self.config.rows)
        attach(m, self.bus, sums.host, Region.SUMS, lane=self.number,
               lane_bits=self.config.lane_bits)
        access = delayed(m, self.access, 4, "access")
        running = Signal(signed(SUM.width))
        with m.If(access.valid):
            m.d.sync += running.eq(product + Mux(access.first, 0, running))
        m.d.sync += [sums.add.eq(access.valid & access.last),
                     sums.add_address.eq(access.source_row)]
        m.d.comb += [sums.addend.eq(running), sums.parity.eq(self.parity),
                     sums.read_address.eq(self.sum_row), self.sum.eq(sums.total)]

    @staticmethod
    def _decayed(m, weight, shift, active, dither, name):
        """dither − (weight << 16 >> shift), from stage 2 to stage 5."""
        coarse = Signal(signed(34), name=f"{name}_coarse")
        fine = Signal(signed(34), name=f"{name}_fine")
        rest, on = Signal(3, name=f"{name}_rest"), delayed(m, active, 2, f"{name}_on")
        wide = Cat(Const(0, 16), weight).as_signed()
        m.d.sync += [coarse.eq(wide >> (shift & 0b111000)), rest.eq(shift[:3]),
                     fine.eq(coarse >> rest)]
        result = Signal(signed(36), name=f"{name}_decayed")
        m.d.sync += result.eq(delayed(m, dither, 2, f"{name}_dither") - Mux(on, fine, 0))
        return result

    def _change(self, m, product, shift):
        """ê ψ at 30 fractional bits and the bit below, which rounds it: stage 4 to stage 5."""
        change, half = Signal(signed(36)), Signal()
        with m.Switch(shift):
            for frac in FACTOR_FRACS:
                with m.Case(frac - 15):
                    m.d.sync += [change.eq(product >> (frac - 15)), half.eq(product[frac - 16])]
        return change, half

    def _write_back(self, m, store, weight, total, enable, address):
        """Weight (stage 2) plus the whole part of its change (stage 6), saturated, written (7)."""
        limited, hit = saturate(delayed(m, weight, 4, "weight") + (total >> 16), 18)
        hits = Signal(name="hit")
        m.d.sync += [
            store.write_data.eq(limited), store.write.eq(enable), hits.eq(hit & enable),
            store.write_address.eq(address)]
        return hits

    def elaborate(self, platform):
        m = Module()
        row, mirror = self.row, self.row.feedback == Feedback.MIRROR
        copies = row.feedback == Feedback.KOLEN_POLLACK
        rate, psi, xi, word = self._read_sources(m)
        w, b, stores = self._read_synapse(m)

        products = []
        for name, left, right in (
                ("forward", w, rate),
                ("backward", Mux(row.feedback == Feedback.TIED, w, b), row.e),
                ("update", psi, row.factor)):
            m.submodules[name] = multiplier = Multiplier()
            m.d.comb += [multiplier.a.eq(left), multiplier.b.eq(right)]
            products.append(multiplier.product)
        m.d.comb += self.product.eq(products[0])
        self._sum_backward(m, products[1])
        change, half = self._change(m, products[2], delayed(m, row.change_shift, 2, "change_shift"))

        low, high = Signal(16), Signal(16)
        m.d.comb += [low.eq(row.word[:16] ^ word[16:]), high.eq(row.word[16:] ^ word[:16])]
        decays = row.decay_shift != 0
        w_rest = self._decayed(m, w, row.decay_shift, decays, low, "w")
        b_rest = self._decayed(m, b, Mux(mirror, row.pull, row.decay_shift), mirror | decays,
                               Mux(mirror, high, low), "b")
        pull = Signal(signed(33))
        m.d.sync += pull.eq(Mux(xi[1], -row.change, row.change))
        pull, use_pull = delayed(m, pull, 2, "pull"), delayed(m, mirror, 3, "mirror")

        w_total, b_total = Signal(signed(37)), Signal(signed(37))
        m.d.sync += [
            w_total.eq(change + half + w_rest),
            b_total.eq(Mux(use_pull, pull, change) + (half & ~use_pull) + b_rest)]
        address = delayed(m, self.access.word, 6, "word_address")
        live = delayed(m, self.access.valid, 2, "live") & self.learn
        w_enable = delayed(m, live & row.plastic, 4, "w_enable")
        b_enable = delayed(m, live & ((mirror & (xi != 0)) | (copies & row.plastic)), 4, "b_enable")
        m.d.comb += self.hits.eq(Cat(
            self._write_back(m, stores[0], w, w_total, w_enable, address),
            self._write_back(m, stores[1], b, b_total, b_enable, address)))
        return m

