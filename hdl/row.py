"""What a target neuron tells all lanes, formed once per visit: its error, learning factor, pull.

    ê = η m ē            (η m e where the projection learns prospectively), to the projection's
                         binary point; one product
    ΔI ηB/ε 2**−2n       the mirror rule's pull, n from the running mean of |ΔI|; shifts only

Stages: 0 slot, 3 what the target left, 5 product, 6 and 7 barrel shifters, 8 rounded and compared,
9 limited.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bank import state_memories
from hdl.config import Config
from hdl.decay import tell_decay
from hdl.delay import delayed
from hdl.eligibility import tell, told_error
from hdl.fixed import BIT_LENGTH_STAGES, exceeds_rounded, limit, round_half, shift_keep_half
from hdl.memory import BUS, attach
from hdl.multiplier import Multiplier
from hdl.neuron import CHANGE_LENGTH_BITS
from hdl.region import BEHIND, Region
from hdl.sequencer import issue_layout
from hdl.settings import settings_layout
from hdl.visit import row_layout
from model.formats import FACTOR_FRACS
from model.program import Feedback

__all__ = ["POST_ELIGIBLE", "ROW_STAGE", "RowFetch", "post_fields", "post_write"]

READ = 3
"""Clocks from an issue to what its target left: one for the way, two to read."""
ROW_STAGE = READ + 6
"""… to the row's words, and to the hits."""

POST = {"error": 18, "e": 18, "change": 27, "change_length": CHANGE_LENGTH_BITS, "word": 32}
"""What the neurons leave for the next step's rows; of the mean of |ΔI| its number of bits."""
POST_ELIGIBLE = {"above": 18, "slope": 18, "explored": 2}
"""… and for their eligibilities."""
REGIONS = {"error": Region.ERROR, "e": Region.E, "change": Region.CHANGE,
           "change_length": Region.CHANGE_MEAN, "word": Region.WORD}


def post_fields(config: Config) -> dict[str, int]:
    """What a neuron of this core leaves, and how wide it is."""
    return POST | (POST_ELIGIBLE if config.eligibility else {})


def post_write(config: Config) -> wiring.Signature:
    """How it leaves it."""
    return wiring.Signature({"enable": Out(1), "slot": Out(config.slot_bits), "half": Out(1)}
                            | {name: Out(width) for name, width in post_fields(config).items()})


class RowFetch(wiring.Component):
    """Issues in, rows out ``ROW_STAGE`` clocks later, one per clock.

    settings  of the issue of the clock before
    post      what a neuron leaves: written to the half that the next step reads
    hits      saturations of ê and of the pull, once per target and projection

    With eligibilities ``write_upper`` is the bus's write strobe for the upper halves of regions.
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "issue": In(issue_layout(config)), "settings": In(settings_layout(config)),
            "row": Out(row_layout(config)), "host_half": In(1),
            "post": In(post_write(config)),
            "factor_hit": Out(1), "mirror_hit": Out(1), "bus": In(BUS), "word_data": Out(32),
        } | ({"write_upper": In(1), "above_data": Out(18), "slope_data": Out(18)}
             if config.eligibility else {}))

    def _read(self, m):
        """The words that the target left in the last step, at stage 3; silent while resetting."""
        values, silent = {}, delayed(m, self.issue.reset_state, READ, "silent")
        widths = post_fields(self.config)
        stores = state_memories(m, widths, depth=self.config.slots, buffered=True,
                                packed=self.config.compact)
        for name, store in stores.items():
            if name in BEHIND:
                attach(m, self.bus, store.host, BEHIND[name], write=self.write_upper)
            else:
                attach(m, self.bus, store.host, REGIONS[name])
            if name == "change_length":
                # The host's data are there three clocks before its strobe.
                parts = self.bus.data[:30],
                for stage in BIT_LENGTH_STAGES:
                    parts = [delayed(m, part, 1, "length_of") for part in stage(*parts)]
                m.d.comb += store.host.data.eq(*parts)
            m.d.comb += [
                store.read_address.eq(self.issue.target_slot),
                store.read_half.eq(self.issue.parity), store.host_half.eq(self.host_half),
                store.write_address.eq(self.post.slot), store.write_half.eq(self.post.half),
                store.write_data.eq(getattr(self.post, name)), store.write.eq(self.post.enable)]
            values[name] = store.read_data
            if name in ("error", "e", "change", *POST_ELIGIBLE):
                values[name] = Signal(signed(widths[name]), name=f"{name}_read")
                m.d.comb += values[name].eq(Mux(silent, 0, store.read_data))
            if f"{name}_data" in self.signature.members:
                m.d.comb += getattr(self, f"{name}_data").eq(store.read_data)
        return values

    def _barrel(self, m, value, shift, width, name):
        """``shift_round`` and limit of a stage-5 value by a stage-5 shift, at stage 9."""
        coarse = Signal(signed(len(value) + 1), name=f"{name}_coarse")
        fine = Signal(signed(len(value) + 1), name=f"{name}_fine")
        rest = Signal(3, name=f"{name}_rest")
        m.d.sync += [
            # The bit behind the point must survive the coarse shift, so both work on 2 × value.
            coarse.eq(shift_keep_half(value, shift & 0b111000)), rest.eq(shift[:3]),
            fine.eq(coarse >> rest)]
        rounded = round_half(fine)
        # Of the whole part, what :func:`limit` looks at.
        whole, beyond = (delayed(m, result, 1, f"{name}_{what}") for what, result in (
            ("whole", Cat(rounded[:width], rounded[-1]).as_signed()),
            ("beyond", exceeds_rounded(fine, width))))
        out = Signal(signed(width), name=name)
        m.d.sync += out.eq(limit(whole, width, beyond))
        return out, delayed(m, beyond, 1, f"{name}_limited")

    def _pull(self, m, change_length, settings):
        """Shifts of the mirror rule at stage 5: of ΔI, and of B."""
        excess, offset = Signal(signed(8)), Signal(signed(6), reset_less=True)
        exponent, shift, pull = Signal(6), Signal(6), Signal(6)
        m.d.sync += offset.eq(
            delayed(m, self.settings.noise_shift, READ - 2, "noise_shift") - 27)
        m.d.comb += excess.eq(change_length + offset)
        m.d.sync += exponent.eq(Mux((excess > 0) & settings.self_scaling, excess << 1, 0))
        later = delayed(m, settings, 1, "settings_4")
        m.d.sync += [pull.eq(later.mirror_shift + exponent),
                     shift.eq(later.mirror_shift + exponent - later.noise_shift + 4)]
        return shift, pull

    def elaborate(self, platform):
        m = Module()
        values = self._read(m)
        settings = delayed(m, self.settings, READ - 1, "settings_3")

        m.submodules.factor = factor = Multiplier()
        taught_by = Mux(settings.prospective, values["e"], values["error"])
        if self.config.eligibility:
            taught_by = told_error(settings, values["above"], taught_by)
        m.d.comb += [factor.a.eq(taught_by), factor.b.eq(settings.rate)]
        settings_5 = delayed(m, settings, 2, "settings_5")
        learning_factor, factor_hit = self._barrel(
            m, factor.product, settings_5.factor_shift, 18, "factor")

        shift, pull = self._pull(m, values["change_length"], settings)
        wide = Signal(signed(38))
        m.d.comb += wide.eq(delayed(m, values["change"], 2, "change_5") << 11)
        change, change_hit = self._barrel(m, wide, shift, 32, "change")

        counts = delayed(m, self.issue.valid & self.issue.first_row & self.issue.learn,
                         ROW_STAGE, "counts")
        before = delayed(m, settings_5, ROW_STAGE - READ - 3, "settings_before")
        now = delayed(m, before, 1, "settings_last")
        is_mirror, is_decaying = before.feedback == Feedback.MIRROR, before.decay_shift != 0
        mirror, tied = (delayed(m, value, 1, name) for name, value in (
            ("mirror", is_mirror), ("tied", before.feedback == Feedback.TIED)))
        pull = delayed(m, pull, ROW_STAGE - READ - 3, "pull_before")
        row, random = self.row, delayed(m, values["word"], ROW_STAGE - READ, "word_last")
        m.d.comb += [
            row.e.eq(delayed(m, values["e"], ROW_STAGE - READ, "e_last")),
            row.factor.eq(learning_factor), row.change.eq(change),
            row.w_random.eq(random[:16]), row.b_random.eq(Mux(mirror, random[16:], random[:16])),
            row.mirror.eq(mirror), row.tied.eq(tied),
            row.w_decay.eq(tell_decay(
                m, row.w_decay.shape(), is_decaying, before.decay_shift, "w")),
            row.b_decay.eq(tell_decay(
                m, row.b_decay.shape(), is_decaying | is_mirror,
                Mux(is_mirror, pull, before.decay_shift), "b")),
            self.factor_hit.eq(factor_hit & counts),
            self.mirror_hit.eq(change_hit & counts & mirror),
        ]
        with m.Switch(now.change_shift):
            for index, frac in enumerate(FACTOR_FRACS):
                with m.Case(frac - 15):
                    m.d.comb += row.change_frac.eq(index)
        if self.config.eligibility:
            modulator = delayed(m, self.issue.modulator, READ, "modulator_3")
            m.d.comb += row.third.eq(tell(
                m, settings, modulator, slope=values["slope"], explored=values["explored"],
                clocks=ROW_STAGE - READ))
        return m
