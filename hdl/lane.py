"""One lane: every clock, one synapse is read, used forward and backward, updated and written back.

Three products a synapse:

    Σ W r            forward, leaves the lane at stage 4
    Σ B e            backward, summed here over the targets of a source (W e where B is tied)
    ê ψ              the update of W, and of B under Kolen-Pollack; the mirror rule is a sign flip

Stages (a stage is a clock; the target's words arrive from stage 9 on, for they take that long to
form, and the neurons wait for the forward product only):

    0  addresses of W, r       9  W and B, ψ, ξ; e, ê, shifts     13  new weights, not yet limited
    2  operands               11  products, decays; dither        14  limited
    4  forward product        12  changes aligned to 30 bits      15  written back
    7  addresses of B, ψ, ξ

What all lanes are told, each gets when it needs it, so that no lane delays it for itself.

Throughput: one synapse per clock, no stalls.  Cost: 3 multipliers; memories of 18 bits for W, B
and r, 32 for random words, 20 for ψ and ξ; distributed memory for the sums.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.backward import READ_SUM, UNREAD, BackwardSums
from hdl.config import Config
from hdl.delay import delayed
from hdl.eligibility import EligibilityWord, Told, extended
from hdl.fixed import saturate
from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam
from model.formats import FACTOR_FRACS, SUM

__all__ = ["AFTER", "HOST_LOW", "LATE", "STAGES", "SUM_STAGES", "HostWrite", "Lane",
           "SourceWrites", "row_layout", "visit_layouts"]

LATE = 9
"""Clocks from a synapse's address to the words of its target."""
READ = 2
"""Clocks from an address to the word there."""
STAGES = {"access": 0, "late": LATE - READ, "summed": LATE - 2, "written": LATE + 5}
"""When a lane is told of a visit: where to read first, where else, what to sum, what to write."""
HOST_LOW = UNREAD
"""Where in a sum the host finds a weight: above the bits that nobody reads."""
SUM_STAGES = READ_SUM + 1
"""Clocks from a row to its backward sum."""
AFTER = {"change_frac": 2, "word": 1, "mirror": 1, "change": 3}
"""Clocks that some of the target's words come after the others."""

Row = data.StructLayout({
    "e": signed(18), "factor": signed(18), "change": signed(32), "word": 32, "change_frac": 2,
    "w_decays": 1, "w_shift": 5, "b_decays": 1, "b_shift": 6, "tied": 1, "mirror": 1})
"""What a target neuron tells all lanes: its error e, learning factor ê, the change that the mirror
rule asks for, its random word; which of ``FACTOR_FRACS`` ê has; how much W and B decay; where B
comes from."""


def row_layout(config: Config) -> data.StructLayout:
    """:data:`Row`, with what it tells eligibilities."""
    return extended(Row, config, {"third": Told})


def _bits(depth: int) -> int:
    return max(1, (depth - 1).bit_length())


def visit_layouts(config: Config) -> dict[str, data.StructLayout]:
    """What a lane is told of a visit, at each of :data:`STAGES`.

    access     synapse word, row of sources, half of the memories, whether rates are silent
    late       the same word, row of traces, half, what is reset
    summed     row of sources and half; whether the target is the first or the last of a run of
               visits to this row
    written    the word; whether W moves, and B: always, or where there is noise
    """
    word, row = _bits(config.words), _bits(config.rows)
    return {
        "access": data.StructLayout({"word": word, "source_row": row, "parity": 1, "silent": 1}),
        "late": extended(data.StructLayout({
            "word": word, "trace_row": _bits(config.trace_rows), "parity": 1, "reset_state": 1,
            "reset_trace": 1}), config, {"valid": 1, "learn": 1, "integrate": 1}),
        "summed": data.StructLayout({
            "source_row": row, "parity": 1, "valid": 1, "first": 1, "last": 1}),
        "written": data.StructLayout({"word": word, "w": 1, "b": 1, "mirror": 1})}


class SourceWrites(data.StructLayout):
    """New rates, random words, traces with their ξ for the lanes' banks, each with its place."""

    def __init__(self, config: Config):
        lane = max(1, config.lane_bits)
        super().__init__({
            name: data.StructLayout({
                "value": data.StructLayout(values), "lane": lane, "row": _bits(depth), "half": 1,
                "enable": 1})
            for name, values, depth in (
                ("rate", {"r": signed(18)}, config.rows), ("word", {"word": 32}, config.rows),
                ("trace", {"psi": signed(18), "xi": signed(2)}, config.trace_rows))})


class HostWrite(data.StructLayout):
    """The host's write of a weight, or its clearing of a sum, while the core is idle; whether it
    reads B or W.

    The place is ``written.word`` or ``summed.source_row``, the value lies in ``row.word``: all
    three are held from 4 clocks before.
    """

    def __init__(self, config: Config):
        super().__init__({"active": 1, "reads_b": 1, "w": 1, "b": 1, "sum": 1,
                          "lane": max(1, config.lane_bits)}
                         | ({"e": 1, "m": 1} if config.eligibility else {}))


class Lane(wiring.Component):
    """See the module; ``number`` is the lane's place in every row.

    access, late, summed, written   a visit, told at ``STAGES``
    row                  what its target tells, ``LATE`` clocks after access, ``AFTER`` later still
    product, hits        the forward product 4 clocks after access, saturations with the write-back
    sum_row → sum        a backward sum, ``SUM_STAGES`` clocks later; while the host is active, from
                         bit ``HOST_LOW`` on, W as read 3 clocks after access, or B, 3 after late
    """

    def __init__(self, config: Config, number: int):
        self.config, self.number = config, number
        super().__init__({
            **{name: In(layout) for name, layout in visit_layouts(config).items()},
            "row": In(row_layout(config)), "writes": In(SourceWrites(config)),
            "host": In(HostWrite(config)), "product": Out(signed(36)),
            "hits": Out(4 if config.eligibility else 2),
            "sum_row": In(_bits(config.rows)), "sum": Out(signed(SUM.width)),
        } | ({"e_data": Out(18), "m_data": Out(18)} if config.eligibility else {}))

    def _bank(self, m, name, write, row, half):
        """A double-buffered memory of this lane's sources, read at a row and half."""
        m.submodules[name] = bank = BlockRam(
            width=write.value.shape().size, depth=2 << len(write.row), output_register=True)
        m.d.comb += [
            bank.read_address.eq(Cat(row, half)), bank.write_address.eq(Cat(write.row, write.half)),
            bank.write_data.eq(write.value),
            bank.write.eq(write.enable & (write.lane == self.number))]
        value = Signal(write.value.shape(), name=f"{name}_read")
        m.d.comb += value.eq(bank.read_data)
        return value

    def _read_sources(self, m):
        """Rate at stage 2; trace and its ξ at ``LATE``; random word a clock after."""
        access, late, summed, writes = self.access, self.late, self.summed, self.writes
        rate = self._bank(m, "rate", writes.rate, access.source_row, access.parity).r
        source, half = (delayed(m, value, 1, name) for value, name in (
            (summed.source_row, "word_row"), (summed.parity, "word_half")))
        word = self._bank(m, "word", writes.word, source, half).word
        trace = self._bank(m, "trace", writes.trace, late.trace_row, late.parity)
        r, p, sign = Signal(signed(18)), Signal(signed(18)), Signal(signed(2))
        m.d.comb += [
            r.eq(Mux(delayed(m, access.silent, READ, "silent"), 0, rate)),
            p.eq(Mux(delayed(m, late.reset_trace, READ, "no_trace"), 0, trace.psi)),
            sign.eq(Mux(delayed(m, late.reset_state, READ, "no_sign"), 0, trace.xi))]
        return r, p, sign, word

    def _read_synapse(self, m):
        """W at stage 2, B at ``LATE``, and their memories."""
        stores = []
        for name, place in (("W", self.access.word), ("B", self.late.word)):
            m.submodules[name] = store = BlockRam(
                width=18, depth=max(2, self.config.words), output_register=True)
            m.d.comb += store.read_address.eq(place)
            stores.append(store)
        return *(store.read_data.as_signed() for store in stores), stores

    def _sum_backward(self, m, product, words):
        """B e over the targets of this source; the host reads its ``words`` by the same wires."""
        m.submodules.sums = sums = BackwardSums(depth=self.config.rows)
        summed, host = delayed(m, self.summed, 2, "summed"), self.host
        m.d.comb += [
            sums.valid.eq(summed.valid), sums.row.eq(summed.source_row),
            sums.parity.eq(summed.parity), sums.first.eq(summed.first),
            sums.last.eq(summed.last), sums.product.eq(product),
            sums.clear.eq(host.sum & (host.lane == self.number)),
            sums.read_row.eq(self.sum_row)]
        read = Signal(self.sum.shape(), name="sum_read", reset_less=True)
        m.d.comb += self.sum.eq(read)
        m.d.sync += read.eq(
            Mux(host.active, Mux(host.reads_b, *reversed(words)) << HOST_LOW, sums.sum))

    @staticmethod
    def _decayed(m, weight, shift, active, dither, name):
        """Weight at 30 fractional bits, less its decay, with the dither that is there 2 stages
        after ``LATE`` below it: at the third."""
        coarse = Signal(signed(34), name=f"{name}_coarse", reset_less=True)
        fine = Signal(signed(34), name=f"{name}_fine", reset_less=True)
        rest = Signal(3, name=f"{name}_rest", reset_less=True)
        wide = Cat(Const(0, 16), weight).as_signed()
        m.d.sync += [coarse.eq(Mux(active, wide >> (shift & 0b111000), 0)), rest.eq(shift[:3]),
                     fine.eq(coarse >> rest)]
        result = Signal(signed(35), name=f"{name}_decayed", reset_less=True)
        kept = delayed(m, weight, 2, f"{name}_kept")
        m.d.sync += result.eq(Cat(dither, kept).as_signed() - fine)
        return result

    def _change(self, m, product):
        """ê ψ at 30 fractional bits and the bit below, which rounds it: a stage after it."""
        change = Signal(signed(36), reset_less=True)
        half = Signal(reset_less=True)
        with m.Switch(self.row.change_frac):
            for index, frac in enumerate(FACTOR_FRACS):
                with m.Case(index):
                    m.d.sync += [change.eq(product >> (frac - 15)), half.eq(product[frac - 16])]
        return change, half

    def _write_back(self, m, store, total, enable, written):
        """The whole part of a new weight, saturated and written at the next stage."""
        limited, hit = saturate(total >> 16, 18)
        value, limits = (Signal(width, name=name, reset_less=True)
                         for name, width in (("value", 18), ("limits", 1)))
        host = self.host
        m.d.sync += [value.eq(limited), limits.eq(hit)]
        # A clock for the way to the block.
        for port, chosen in (
                ("write_data", Mux(host.active, self.row.word[:18], value)),
                ("write_address", self.written.word),
                ("write", Mux(host.active, written & (host.lane == self.number), enable))):
            m.d.comb += getattr(store, port).eq(delayed(m, chosen, 1, port))
        return limits & enable

    def _remember(self, m, psi, dither):
        """The third word, where the core has one: see ``hdl.eligibility``."""
        m.submodules.third = third = EligibilityWord(
            self.config, self.number, access=self.late.shape(), host=self.host.shape())
        m.d.comb += [
            third.late.eq(self.late), third.host.eq(self.host), third.told.eq(self.row.third),
            third.host_word.eq(self.written.word), third.host_value.eq(self.row.word[:18]),
            third.psi.eq(psi), third.dither.eq(dither),
            self.e_data.eq(third.e_data), self.m_data.eq(third.m_data)]
        return third

    def elaborate(self, platform):
        m = Module()
        row = self.row
        rate, psi, xi, word = self._read_sources(m)
        early_w, b, stores = self._read_synapse(m)
        w = delayed(m, early_w, LATE - READ, "w")
        # Dithers for W and for B, which have the same but under the mirror rule.
        low, other = (Signal(16, name=name, reset_less=True) for name in ("low", "other"))
        m.d.sync += [low.eq(row.word[:16] ^ word[16:]),
                     other.eq(Mux(row.mirror, row.word[16:] ^ word[:16],
                                  row.word[:16] ^ word[16:]))]

        third = self._remember(m, psi, low) if self.config.eligibility else None
        learned = psi if third is None else Mux(row.third.eligible, third.eligibility, psi)
        products = []
        for name, left, right in (
                ("forward", early_w, rate),
                ("backward", Mux(row.tied, w, b), row.e),
                ("update", learned, row.factor)):
            m.submodules[name] = multiplier = Multiplier()
            m.d.comb += [multiplier.a.eq(left), multiplier.b.eq(right)]
            products.append(multiplier.product)
        m.d.comb += self.product.eq(products[0])
        self._sum_backward(m, products[1], [early_w, b])
        change, half = self._change(m, products[2])
        if third is not None:
            m.d.comb += [third.change.eq(change), third.half.eq(half)]
            change, half = Mux(third.pushes, third.push, change), half & ~third.pushes

        w_rest = self._decayed(m, w, row.w_shift, row.w_decays, low, "w")
        b_rest = self._decayed(m, b, row.b_shift, row.b_decays, other, "b")

        # ± change: the other sign is the complement, and one more.
        pulls, xi = delayed(m, row.mirror, 2, "pulls"), delayed(m, xi, 3, "xi")
        flip = xi[1]
        step, more = Signal(signed(36)), Signal()
        m.d.comb += [step.eq(Mux(pulls, row.change ^ flip.replicate(32).as_signed(), change)),
                     more.eq(Mux(pulls, flip, half))]
        w_total, b_total = (Signal(signed(38), name=f"{name}_total", reset_less=True)
                            for name in "wb")
        m.d.sync += [w_total.eq(change + half + w_rest), b_total.eq(step + more + b_rest)]

        written, host = self.written, self.host
        noisy = delayed(m, xi != 0, 2, "noisy")
        hits = [self._write_back(m, store, total, enable, strobe)
                for store, total, enable, strobe in (
                    (stores[0], w_total, written.w, host.w),
                    (stores[1], b_total, written.b | (written.mirror & noisy), host.b))]
        m.d.comb += self.hits.eq(Cat(hits, *([] if third is None else [third.hits])))
        return m
