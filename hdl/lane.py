"""One lane: every clock, one synapse is read, used forward and backward, updated and written back.

Three products a synapse:

    Σ W r            forward, leaves the lane at stage 4
    Σ B e            backward, summed here over the targets of a source (W e where B is tied)
    ê ψ              the update of W, and of B under Kolen-Pollack; the mirror rule is a sign flip

Stages (a stage is a clock; the target's words arrive at stage 7, for they take that long to form,
and the neurons wait for the forward product only):

    0  addresses of W, B, r    7  W and B again, ψ, ξ, words      11  new weights, not yet limited
    2  operands                9  products, W and B decays        12  written back
    4  forward product        10  changes aligned to 30 bits

Throughput: one synapse per clock, no stalls.  Cost: 3 multipliers; memories of 18 bits for W, B, r
and ψ, 32 for random words, 2 for ξ; distributed memory for the sums.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.backward import BackwardSums
from hdl.config import Config
from hdl.delay import delayed
from hdl.eligibility import EligibilityWord, Told, extended
from hdl.fixed import saturate
from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam
from model.formats import FACTOR_FRACS, SUM
from model.program import Feedback

__all__ = ["LATE", "LATE_ACCESS", "WRITE_STAGE", "HostWrite", "Lane", "Row", "SourceWrites",
           "access_layout", "row_layout"]

LATE = 7
"""Clocks from a synapse's address to the words of its target."""
LATE_ACCESS = LATE - 2
"""… and to the addresses of what is read for them."""
WRITE_STAGE = LATE + 5
"""Clocks from a synapse's address to its write-back."""

Row = data.StructLayout({
    "e": signed(18), "factor": signed(18), "change": signed(32), "pull": 6, "word": 32,
    "change_shift": 4, "decay_shift": 5, "feedback": Feedback, "plastic": 1})
"""What a target neuron tells all lanes: its error e, learning factor ê, the mirror rule's pull and
its shift, its random word; and the projection's settings."""


def row_layout(config: Config) -> data.StructLayout:
    """:data:`Row`, with what it tells eligibilities."""
    return extended(Row, config, {"third": Told})


def _bits(depth: int) -> int:
    return max(1, (depth - 1).bit_length())


def access_layout(config: Config) -> data.StructLayout:
    """Where a lane looks: synapse word, row of sources, row of traces, half of the memories;
    whether the target is the first or the last of a run of visits to this row of sources."""
    return extended(data.StructLayout({
        "word": _bits(config.words), "source_row": _bits(config.rows),
        "trace_row": _bits(config.trace_rows), "valid": 1, "parity": 1, "is_input": 1, "first": 1,
        "last": 1, "learn": 1, "reset_state": 1, "reset_trace": 1}), config, {"integrate": 1})


class SourceWrites(data.StructLayout):
    """New rates, random words, traces and their ξ for the lanes' banks, each with its place."""

    def __init__(self, config: Config):
        lane = max(1, config.lane_bits)
        super().__init__({
            name: data.StructLayout({
                **values, "lane": lane, "row": _bits(depth), "half": 1,
                **{f"{value}_enable": 1 for value in values}})
            for name, values, depth in (
                ("rate", {"r": 18}, config.rows), ("word", {"word": 32}, config.rows),
                ("trace", {"psi": 18, "xi": 2}, config.trace_rows))})


class HostWrite(data.StructLayout):
    """The host's write of a weight, or its clearing of a sum, while the core is idle."""

    def __init__(self, config: Config):
        super().__init__({"active": 1, "w": 1, "b": 1, "sum": 1, "lane": max(1, config.lane_bits),
                          "row": max(_bits(config.words), _bits(config.rows)), "value": 18}
                         | ({"e": 1, "m": 1} if config.eligibility else {}))


class Lane(wiring.Component):
    """See the module; ``number`` is the lane's place in every row.

    access → product, hits, w_data, b_data   a visit; the forward product 4 clocks later,
                         saturations with the write-back; W and B as read, 2 clocks later
    late                 the same access ``LATE_ACCESS`` clocks later
    row                  what its target tells, ``LATE`` clocks later
    sum_row → sum        a backward sum, one clock later
    """

    def __init__(self, config: Config, number: int):
        self.config, self.number = config, number
        super().__init__({
            "access": In(access_layout(config)), "late": In(access_layout(config)),
            "row": In(row_layout(config)),
            "writes": In(SourceWrites(config)), "host": In(HostWrite(config)),
            "product": Out(signed(36)), "hits": Out(4 if config.eligibility else 2),
            "sum_row": In(_bits(config.rows)), "sum": Out(signed(SUM.width)),
            "w_data": Out(18), "b_data": Out(18),
        } | ({"e_data": Out(18), "m_data": Out(18)} if config.eligibility else {}))

    def _bank(self, m, name, write, row, half):
        """A double-buffered memory of this lane's sources, read at a row and half."""
        m.submodules[name] = bank = BlockRam(
            width=len(write[name]), depth=2 << len(write.row), output_register=True)
        m.d.comb += [
            bank.read_address.eq(Cat(row, half)), bank.write_address.eq(Cat(write.row, write.half)),
            bank.write_data.eq(write[name]),
            bank.write.eq(write[f"{name}_enable"] & (write.lane == self.number))]
        return bank.read_data

    def _read_sources(self, m, late):
        """Rate at stage 2; trace, its ξ and random word of this lane's source at ``LATE``."""
        access, writes = self.access, self.writes
        rate = self._bank(m, "r", writes.rate, access.source_row, access.parity)
        word = self._bank(m, "word", writes.word, late.source_row, late.parity)
        psi, xi = (self._bank(m, name, writes.trace, late.trace_row, late.parity)
                   for name in ("psi", "xi"))
        silent = delayed(m, access.reset_state & ~access.is_input, 2, "silent")
        r, p, sign = Signal(signed(18)), Signal(signed(18)), Signal(signed(2))
        m.d.comb += [
            r.eq(Mux(silent, 0, rate)),
            p.eq(Mux(delayed(m, late.reset_trace, 2, "no_trace"), 0, psi)),
            sign.eq(Mux(delayed(m, late.reset_state, 2, "no_sign"), 0, xi))]
        return r, p, sign, word

    def _read_synapse(self, m):
        """W and B at stage 2, and their memories."""
        stores, values = [], []
        for name in ("w", "b"):
            m.submodules[name.upper()] = store = BlockRam(
                width=18, depth=max(2, self.config.words), output_register=True)
            m.d.comb += [store.read_address.eq(self.access.word),
                         getattr(self, f"{name}_data").eq(store.read_data)]
            stores.append(store)
            values.append(store.read_data.as_signed())
        return *values, stores

    def _sum_backward(self, m, product, access):
        """B e over the targets of this source; ``access`` as of the clock before the product."""
        m.submodules.sums = sums = BackwardSums(depth=self.config.rows)
        host = self.host
        m.d.comb += [
            sums.valid.eq(access.valid), sums.row.eq(access.source_row),
            sums.parity.eq(access.parity), sums.first.eq(access.first),
            sums.last.eq(access.last), sums.product.eq(product),
            sums.clear.eq(host.sum & (host.lane == self.number)), sums.clear_row.eq(host.row),
            sums.read_row.eq(self.sum_row), self.sum.eq(sums.sum)]

    @staticmethod
    def _decayed(m, weight, shift, active, dither, name):
        """dither − (weight << 16 >> shift), three stages after ``LATE``."""
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
        """ê ψ at 30 fractional bits and the bit below, which rounds it: a stage after it."""
        change, half = Signal(signed(36)), Signal()
        with m.Switch(shift):
            for frac in FACTOR_FRACS:
                with m.Case(frac - 15):
                    m.d.sync += [change.eq(product >> (frac - 15)), half.eq(product[frac - 16])]
        return change, half

    def _write_back(self, m, store, weight, total, enable, address, written):
        """Weight plus the whole part of its change, saturated, written at the next stage."""
        limited, hit = saturate(weight + (total >> 16), 18)
        hits, host = Signal(name="hit"), self.host
        value, place, write = Signal(18), Signal.like(store.write_address), Signal()
        m.d.sync += [value.eq(limited), write.eq(enable), hits.eq(hit & enable), place.eq(address)]
        m.d.comb += [
            store.write_data.eq(Mux(host.active, host.value, value)),
            store.write_address.eq(Mux(host.active, host.row, place)),
            store.write.eq(Mux(host.active, written & (host.lane == self.number), write))]
        return hits

    def _remember(self, m, psi, word):
        """The third word, where the core has one: see ``hdl.eligibility``."""
        m.submodules.third = third = EligibilityWord(
            self.config, self.number, access=self.late.shape(), host=self.host.shape())
        m.d.comb += [
            third.late.eq(self.late), third.host.eq(self.host), third.told.eq(self.row.third),
            third.plastic.eq(self.row.plastic), third.psi.eq(psi),
            third.dither.eq(self.row.word[:16] ^ word[16:]),
            self.e_data.eq(third.e_data), self.m_data.eq(third.m_data)]
        return third

    def elaborate(self, platform):
        m = Module()
        row, mirror = self.row, self.row.feedback == Feedback.MIRROR
        copies = row.feedback == Feedback.KOLEN_POLLACK
        late = self.late
        rate, psi, xi, word = self._read_sources(m, late)
        early_w, early_b, stores = self._read_synapse(m)
        w, b = (delayed(m, value, LATE_ACCESS, name)
                for name, value in (("w", early_w), ("b", early_b)))

        third = self._remember(m, psi, word) if self.config.eligibility else None
        learned = psi if third is None else Mux(row.third.eligible, third.eligibility, psi)
        products = []
        for name, left, right in (
                ("forward", early_w, rate),
                ("backward", Mux(row.feedback == Feedback.TIED, w, b), row.e),
                ("update", learned, row.factor)):
            m.submodules[name] = multiplier = Multiplier()
            m.d.comb += [multiplier.a.eq(left), multiplier.b.eq(right)]
            products.append(multiplier.product)
        m.d.comb += self.product.eq(products[0])
        access = delayed(m, late, 2, "access")
        self._sum_backward(m, products[1], delayed(m, access, 1, "summed"))
        change, half = self._change(m, products[2], delayed(m, row.change_shift, 2, "change_shift"))

        low, high = Signal(16), Signal(16)
        m.d.comb += [low.eq(row.word[:16] ^ word[16:]), high.eq(row.word[16:] ^ word[:16])]
        if third is not None:
            m.d.comb += [third.change.eq(change), third.half.eq(half)]
            change, half = Mux(third.pushes, third.push, change), half & ~third.pushes
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
        address = delayed(m, access.word, 4, "word_address")
        live = access.valid & access.learn
        w_enable = delayed(m, live & row.plastic, 4, "w_enable")
        b_enable = delayed(m, live & ((mirror & (xi != 0)) | (copies & row.plastic)), 4, "b_enable")
        host = self.host
        hits = [self._write_back(m, store, delayed(m, weight, 4, "weight"), total, enable, address,
                                 written)
                for store, weight, total, enable, written in (
                    (stores[0], w, w_total, w_enable, host.w),
                    (stores[1], b, b_total, b_enable, host.b))]
        m.d.comb += self.hits.eq(Cat(hits, *([] if third is None else [third.hits])))
        return m
