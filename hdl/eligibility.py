"""The third word of a synapse, E, and the momentum M of its updates; only in cores built with them.

    E ← ϑ E + f ψ        f = φ' or ξ: the fourth product of a lane
    W += η m a E         in place of ê ψ, by the same multiplier; or W += push sign(M)
    M += (η m a E − M) 2**−k

``model/eligibility.py`` has the same in integers.  All read what the step before left.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.fixed import saturate
from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam
from model.eligibility import FOREVER, SCALES
from model.formats import ERROR, SLOPE
from model.program import ELIGIBILITY_FIELDS

__all__ = ["EligibilityWord", "Told", "extended", "tell", "told_error"]

READ = 2
"""Clocks from an address to the words there."""

Told = data.StructLayout({
    "f": signed(18), "push": signed(34), "plastic": 1, "eligible": 1, "by_sign": 1,
    "scale_shift": 3, "retention_shift": 5, "momentum_shift": 4})
"""What a target tells its eligibilities: the factor that meets ψ, the step of updates by sign, and
the projection's settings."""


def extended(layout: data.StructLayout, config: Config, fields: dict) -> data.StructLayout:
    """``layout``, with these fields besides in a core with eligibilities."""
    return data.StructLayout({**layout.members, **fields}) if config.eligibility else layout


def told_error(settings, above, error):
    """The error that a projection learns from: where eligible a as it arrived, or 1."""
    return Mux(settings.eligible, Mux(settings.explores, ERROR.one, above), error)


def tell(m: Module, settings, modulator, *, slope, explored, clocks: int):
    """:data:`Told`, ``clocks`` (at least 2) after what it is made of."""
    told = Signal(Told)
    f = Signal(signed(18))
    m.d.comb += f.eq(Mux(settings.explores, explored << SLOPE.frac, slope))
    coarse, push = Signal(signed(34), name="push_1"), Signal(signed(34), name="push_2")
    m.d.sync += [
        coarse.eq(Cat(Const(0, 16), modulator).as_signed() >> (settings.step_shift & 0b11000)),
        push.eq(coarse >> delayed(m, settings.step_shift[:3], 1, "push_rest"))]
    m.d.comb += [told.f.eq(delayed(m, f, clocks, "f")),
                 told.push.eq(delayed(m, push, clocks - 2, "push"))]
    m.d.comb += [told[name].eq(delayed(m, settings[name], clocks, name))
                 for name in Told.members if name in ("plastic", *ELIGIBILITY_FIELDS)]
    return told


class EligibilityWord(wiring.Component):
    """E and M of one lane; ``access``, ``host`` are the layouts of the lane's ports.

    late              a visit, when the target's words are ``READ`` clocks away; with them come
    told, psi            (dither 2 clocks after them)
    eligibility       E of the visit, with them
    change, half      ê E at 30 fractional bits and the bit below, 3 clocks after them
    push, pushes      what W moves by in place of it, if so, at the same time
    hits              saturations of E and of M, some clocks later
    e_data, m_data    E and M as read, ``READ`` clocks after ``late``

    Latency: E is written 5 clocks after the target's words, M 8; a synapse is visited once in a
    step, and steps are longer.  Throughput: one synapse per clock.  Cost: 1 multiplier, two
    memories of 18 bits a synapse (M can not share E's: it outlives the sample that E belongs to).
    """

    def __init__(self, config: Config, number: int, *, access: data.StructLayout,
                 host: data.StructLayout):
        self.config, self.number = config, number
        super().__init__({
            "late": In(access), "host": In(host), "host_word": In(access["word"].shape),
            "told": In(Told),
            "psi": In(signed(18)), "dither": In(16), "change": In(signed(36)), "half": In(1),
            "eligibility": Out(signed(18)), "push": Out(signed(35)), "pushes": Out(1),
            "hits": Out(2), "e_data": Out(18), "m_data": Out(18)})

    def _memory(self, m, name):
        """A word per synapse, read at the late address."""
        m.submodules[name.upper()] = store = BlockRam(
            width=18, depth=max(2, self.config.words), output_register=True)
        m.d.comb += [store.read_address.eq(self.late.word),
                     getattr(self, f"{name}_data").eq(store.read_data)]
        return store, store.read_data.as_signed()

    def _write(self, m, store, name, old, total, enable, clocks):
        """Old value plus the whole part of its change, ``clocks`` after the old one was read."""
        host, hit_now = self.host, Signal(name=f"{name}_hit")
        value, place, write = (Signal(shape, name=f"{name}_{what}") for what, shape in (
            ("value", 18), ("place", len(store.write_address)), ("write", 1)))
        moved = delayed(m, old, clocks, f"{name}_old") + (total >> 16)
        limited, hit = saturate(moved, 18)
        enabled = delayed(m, enable, clocks, f"{name}_enable")
        address = delayed(m, self.late.word, READ + clocks, f"{name}_address")
        m.d.sync += [value.eq(limited), place.eq(address), write.eq(enabled),
                     hit_now.eq(hit & enabled)]
        m.d.comb += [
            store.write_data.eq(Mux(host.active, host.value, value)),
            store.write_address.eq(Mux(host.active, self.host_word, place)),
            store.write.eq(Mux(host.active, host[name] & (host.lane == self.number), write))]
        return hit_now

    def _gather(self, m, old, resets):
        """ϑ E + f ψ − E, and the dither, at 31 fractional bits: 4 clocks later; ψ is zero where the
        trace ``resets``."""
        told = self.told
        m.submodules.gathering = multiplier = Multiplier()
        m.d.comb += [multiplier.a.eq(self.psi), multiplier.b.eq(told.f)]
        product, step, half = multiplier.product, Signal(signed(36)), Signal()
        with m.Switch(delayed(m, told.scale_shift, multiplier.latency, "scale_shift")):
            for shift in SCALES.values():
                with m.Case(shift):
                    m.d.sync += [step.eq(product >> shift),
                                 half.eq(product[shift - 1] if shift else 0)]
        with m.If(delayed(m, resets, multiplier.latency, "resets")):
            m.d.sync += [step.eq(0), half.eq(0)]

        shift = told.retention_shift
        fades = delayed(m, shift != FOREVER, 2, "fades")
        coarse, fine = Signal(signed(34)), Signal(signed(34))
        m.d.sync += [
            coarse.eq(Cat(Const(0, 16), old).as_signed() >> (shift & 0b1100)),
            fine.eq(coarse >> delayed(m, shift[:2], 1, "fade_rest"))]
        rest, total = Signal(signed(36)), Signal(signed(38))
        m.d.sync += [rest.eq(self.dither - Mux(fades, fine, 0)),
                     total.eq(step + half + rest)]
        return total

    def _average(self, m, old):
        """(ê E − M) 2**−k and the dither at 30 fractional bits: 7 clocks later."""
        wide = Cat(Const(0, 16), delayed(m, old, 3, "momentum")).as_signed()
        shift = delayed(m, self.told.momentum_shift, 4, "momentum_shift")
        difference, coarse, fine, total = (Signal(signed(38), name=name) for name in (
            "difference", "coarse_difference", "part", "average"))
        m.d.sync += [
            difference.eq(self.change + self.half - wide),
            coarse.eq(difference >> (shift & 0b1100)),
            fine.eq(coarse >> delayed(m, shift[:2], 1, "part_rest")),
            total.eq(fine + delayed(m, self.dither, 4, "momentum_dither"))]
        return total

    def elaborate(self, platform):
        m = Module()
        told = self.told
        access = delayed(m, self.late, READ, "access")
        e_store, e = self._memory(m, "e")
        m_store, momentum = self._memory(m, "m")
        old, pushed = self.eligibility, Signal(signed(35))
        m.d.comb += old.eq(Mux(access.reset_trace, 0, e))
        m.d.sync += pushed.eq(Mux(momentum[-1], -told.push, Mux(momentum.any(), told.push, 0)))
        by_sign = told.eligible & told.by_sign
        m.d.comb += [self.push.eq(delayed(m, pushed, 2, "push")),
                     self.pushes.eq(delayed(m, by_sign, 3, "pushes"))]

        # After a reset E and ψ are zero, and so is what they become, whether it gathers or not.
        gathers = access.valid & told.eligible & (access.integrate | access.reset_trace)
        averages = access.valid & access.learn & told.plastic & by_sign
        m.d.comb += self.hits.eq(Cat(
            self._write(m, e_store, "e", old, self._gather(m, old, access.reset_trace), gathers, 4),
            self._write(m, m_store, "m", momentum, self._average(m, momentum), averages, 7)))
        return m
