"""One lane: every clock, one synapse is read, used forward and backward, updated and written back.

Three products a synapse:

    Σ W r            forward, leaves the lane at stage 4
    Σ B e            backward, summed over the targets of a source (W e where B is tied)
    ê ψ              the update of W, and of B under Kolen-Pollack; the mirror rule is a sign flip

Stages (a stage is a clock; the target's words arrive from stage 9 on, for they take that long to
form, and the neurons wait for the forward product only):

    0  addresses of W, r       9  W and B, ψ, ξ; e, ê, shifts     13  new weights, not yet limited
    2  operands               11  products, decays; dither        14  limited
    4  forward product        12  changes aligned to 30 bits      15  written back
    7  addresses of B, ψ, ξ

What all lanes are told, each gets when it needs it, so that no lane delays it for itself.

Throughput: one synapse per clock, no stalls.  Cost: 3 multipliers, up to 5 where decays
are products (``hdl.decay``); memories of 18 bits for W and B.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.decay import decayed
from hdl.delay import delayed
from hdl.eligibility import EligibilityWord
from hdl.fixed import saturate
from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam
from hdl.primitives.local_copy import local_copy
from hdl.visit import LATE, READ, HostWrite, row_layout, visit_layouts
from model.formats import FACTOR_FRACS

__all__ = ["BACKWARD_STAGE", "Lane"]

BACKWARD_STAGE = LATE + Multiplier.latency
"""Clocks from a synapse's address to its backward product."""
PIECE = 8
"""Bits of a shifter that share the registers which choose its shift."""


class Lane(wiring.Component):
    """See the module; ``number`` is the lane's place in every row.

    access, late, written   a visit, told at ``STAGES``
    row                  what its target tells, ``LATE`` clocks after access, ``AFTER`` later still
    rate                 of its source, ``READ`` clocks after access; ψ and ξ, as long after late,
                         its random word a clock after these
    product, hits        the forward product 4 clocks after access, saturations with the write-back
    backward             the backward product ``BACKWARD_STAGE`` clocks after access
    weight               W as read ``READ`` clocks after access, or, if the host reads B, after late
    """

    def __init__(self, config: Config, number: int):
        self.config, self.number = config, number
        visits = visit_layouts(config)
        super().__init__({
            **{name: In(visits[name]) for name in ("access", "late", "written")},
            "row": In(row_layout(config)), "host": In(HostWrite(config)),
            "rate": In(signed(18)), "psi": In(signed(18)), "xi": In(signed(2)), "word": In(32),
            "product": Out(signed(36)), "backward": Out(signed(36)), "weight": Out(18),
            "hits": Out(4 if config.eligibility else 2),
        } | ({"e_data": Out(18), "m_data": Out(18)} if config.eligibility else {}))
        self._mine = Signal(name="mine")

    def _sources(self, m):
        """The sign ξ, and what makes products zero: whether the rate and the trace are to be."""
        access, late = self.access, self.late
        xi = Signal(signed(2))
        m.d.comb += xi.eq(Mux(delayed(m, late.reset_state, READ, "no_sign"), 0, self.xi))
        return (delayed(m, access.silent, READ, "silent"),
                delayed(m, late.reset_trace, READ, "no_trace"), xi)

    def _read_synapse(self, m):
        """W at stage 2, B at ``LATE``, and their memories."""
        stores = []
        for name, place in (("W", self.access.word), ("B", self.late.word)):
            m.submodules[name] = store = BlockRam(
                width=18, depth=max(2, self.config.words), output_register=True)
            m.d.comb += store.read_address.eq(place)
            stores.append(store)
        return *(store.read_data.as_signed() for store in stores), stores

    def _changes(self, m, platform, product, none, xi):
        """ê ψ (or ``none``) at 30 fractional bits and the bit below, which rounds it, a stage after
        the product: for W, and for B, which the mirror rule pulls by ± its change instead."""
        both = Signal(signed(37), name="aligned")
        shifted = [Signal.like(both, name=f"shifted_{frac}") for frac in FACTOR_FRACS]
        m.d.comb += [value.eq(product >> (frac - 16))
                     for value, frac in zip(shifted, FACTOR_FRACS, strict=True)]
        for low in range(0, len(both), PIECE):
            # Which of the shifts has many ends to reach.
            chosen = local_copy(m, self.row.change_frac, platform, name=f"change_frac_{low}")
            with m.Switch(chosen):
                for index, value in enumerate(shifted):
                    with m.Case(index):
                        m.d.comb += both[low:low + PIECE].eq(value[low:low + PIECE])
        aligned, below = both[1:].as_signed(), both[0]
        # Nor is there one register for the mirror rule's choice.
        pulls = local_copy(m, self.row.mirror, platform, name="pulls")
        flip = delayed(m, xi, 2, "flip")[1]
        changes = []
        for name, change, half, zero in (
                ("w", aligned, below, none),
                # The other sign is the complement, and one more.
                ("b", Mux(pulls, self.row.change ^ flip.replicate(32).as_signed(), aligned),
                 Mux(pulls, flip, below), none & ~pulls)):
            kept, rounds = (Signal(signed(36), name=f"{name}_change", reset_less=True),
                            Signal(name=f"{name}_half", reset_less=True))
            m.d.sync += [kept.eq(change), rounds.eq(half)]
            with m.If(zero):
                m.d.sync += [kept.eq(0), rounds.eq(0)]
            changes.append((kept, rounds))
        return changes

    def _write_back(self, m, store, total, enable, written):
        """The whole part of a new weight, saturated and written at the next stage; by the same
        wires the host's value, where the total is zero."""
        limited, hit = saturate(total >> 16, 18)
        value, limits = (Signal(width, name=name, reset_less=True)
                         for name, width in (("value", 18), ("limits", 1)))
        host = self.host
        m.d.sync += [value.eq(limited ^ host.value), limits.eq(hit)]
        # A clock for the way to the block.
        for port, chosen in (
                ("write_data", value),
                ("write_address", self.written.word),
                ("write", Mux(host.active, written & self._mine, enable))):
            m.d.comb += getattr(store, port).eq(delayed(m, chosen, 1, port))
        return limits & enable

    def _remember(self, m, psi, dither):
        """The third word, where the core has one: see ``hdl.eligibility``."""
        m.submodules.third = third = EligibilityWord(
            self.config, self.number, access=self.late.shape(), host=self.host.shape())
        m.d.comb += [
            third.late.eq(self.late), third.host.eq(self.host), third.told.eq(self.row.third),
            third.host_word.eq(self.written.word),
            third.psi.eq(psi), third.dither.eq(dither),
            self.e_data.eq(third.e_data), self.m_data.eq(third.m_data)]
        return third

    def elaborate(self, platform):
        m = Module()
        row = self.row
        m.d.comb += self._mine.eq(self.host.lane == self.number)
        silent, no_trace, xi = self._sources(m)
        rate, psi, word = self.rate, self.psi, self.word
        early_w, b, stores = self._read_synapse(m)
        w = delayed(m, early_w, LATE - READ, "w")
        # Dithers for W and for B, which have the same but under the mirror rule.
        low, other = (Signal(16, name=name, reset_less=True) for name in ("low", "other"))
        m.d.sync += [low.eq(row.w_random ^ word[16:]),
                     other.eq(row.b_random ^ Mux(row.mirror, word[:16], word[16:]))]

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
        # Products are made zero, not operands: it takes no tables, but the resets of registers.
        m.d.comb += self.product.eq(Mux(delayed(m, silent, 2, "no_product"), 0, products[0]))
        m.d.comb += [self.backward.eq(products[1]),
                     self.weight.eq(Mux(self.host.reads_b, b, early_w))]
        (change, half), (step, more) = self._changes(
            m, platform, products[2], delayed(m, no_trace, 2, "no_change"), xi)
        if third is not None:
            m.d.comb += [third.change.eq(change), third.half.eq(half)]
            # What mirrors pull by is not an eligibility's to push.
            pushes = third.pushes & ~delayed(m, row.mirror, 2, "mirrors")
            step, more = Mux(pushes, third.push, step), more & ~pushes
            change, half = Mux(third.pushes, third.push, change), half & ~third.pushes

        w_rest = decayed(m, w, row.w_decay, low, "w")
        b_rest = decayed(m, b, row.b_decay, other, "b")

        w_total, b_total = (Signal(signed(38), name=f"{name}_total", reset_less=True)
                            for name in "wb")
        m.d.sync += [w_total.eq(change + half + w_rest), b_total.eq(step + more + b_rest)]
        written, host = self.written, self.host
        with m.If(host.active):
            m.d.sync += [w_total.eq(0), b_total.eq(0)]
        noisy = delayed(m, xi != 0, 5, "noisy")
        hits = [self._write_back(m, store, total, enable, strobe)
                for store, total, enable, strobe in (
                    (stores[0], w_total, written.w, host.w),
                    (stores[1], b_total, written.b | (written.mirror & noisy), host.b))]
        m.d.comb += self.hits.eq(Cat(hits, *([] if third is None else [third.hits])))
        return m
