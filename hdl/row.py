"""What a target neuron tells all lanes, formed once per visit: its error, learning factor, pull.

    ê = η m ē            (η m e where the projection learns prospectively), to the projection's
                         binary point; one product
    ΔI ηB/ε 2**−2n       the mirror rule's pull, n from the running mean of |ΔI|; shifts only

Stages: 0 slot, 2 what the target left, 4 product, 5 and 6 barrel shifters, 7 rounded, 8 limited.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.eligibility import tell, told_error
from hdl.fixed import BIT_LENGTH_STAGES, round_half, saturate, shift_keep_half
from hdl.lane import row_layout
from hdl.memory import BUS, StateMemory, attach
from hdl.multiplier import Multiplier
from hdl.neuron import CHANGE_LENGTH_BITS
from hdl.region import BEHIND, Region
from hdl.sequencer import issue_layout
from model.program import Feedback

__all__ = ["POST_ELIGIBLE", "ROW_STAGE", "RowFetch", "post_fields", "post_write"]

ROW_STAGE = 8
"""Clocks from an issue to the row's words, and to the hits."""

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
    return wiring.Signature({"enable": Out(1), "slot": Out(18), "half": Out(1)}
                            | {name: Out(width) for name, width in post_fields(config).items()})


class RowFetch(wiring.Component):
    """Issues in, rows out ``ROW_STAGE`` clocks later, one per clock.

    post      what a neuron leaves: written to the half that the next step reads
    hits      saturations of ê and of the pull, once per target and projection

    With eligibilities ``write_upper`` is the bus's write strobe for the upper halves of regions.
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "issue": In(issue_layout(config)), "row": Out(row_layout(config)), "host_half": In(1),
            "post": In(post_write(config)),
            "factor_hit": Out(1), "mirror_hit": Out(1), "bus": In(BUS), "word_data": Out(32),
        } | ({"write_upper": In(1), "above_data": Out(18), "slope_data": Out(18)}
             if config.eligibility else {}))

    def _read(self, m):
        """The words that the target left in the last step, at stage 2; silent while resetting."""
        values, silent = {}, delayed(m, self.issue.reset_state, 2, "silent")
        for name, width in post_fields(self.config).items():
            store = StateMemory(width=width, depth=self.config.slots, buffered=True)
            m.submodules[name] = store
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
                values[name] = Signal(signed(width), name=f"{name}_2")
                m.d.comb += values[name].eq(Mux(silent, 0, store.read_data))
            if f"{name}_data" in self.signature.members:
                m.d.comb += getattr(self, f"{name}_data").eq(store.read_data)
        return values

    def _barrel(self, m, value, shift, width, name):
        """``shift_round`` and limit of a stage-4 value by a stage-4 shift, at stage 8."""
        coarse = Signal(signed(len(value) + 1), name=f"{name}_coarse")
        fine = Signal(signed(len(value) + 1), name=f"{name}_fine")
        rest = Signal(3, name=f"{name}_rest")
        m.d.sync += [
            # The bit behind the point must survive the coarse shift, so both work on 2 × value.
            coarse.eq(shift_keep_half(value, shift & 0b111000)), rest.eq(shift[:3]),
            fine.eq(coarse >> rest)]
        limited, hit = saturate(delayed(m, round_half(fine), 1, f"{name}_whole"), width)
        out, out_hit = Signal(signed(width), name=name), Signal(name=f"{name}_limited")
        m.d.sync += [out.eq(limited), out_hit.eq(hit)]
        return out, out_hit

    def _pull(self, m, change_length, settings):
        """Shifts of the mirror rule at stage 4: of ΔI, and of B."""
        excess, offset = Signal(signed(8)), Signal(signed(6), reset_less=True)
        exponent, shift, pull = Signal(6), Signal(6), Signal(6)
        m.d.sync += offset.eq(
            delayed(m, self.issue.settings.noise_shift, 1, "noise_shift") - 27)
        m.d.comb += excess.eq(change_length + offset)
        m.d.sync += exponent.eq(Mux((excess > 0) & settings.self_scaling, excess << 1, 0))
        later = delayed(m, settings, 1, "settings_3")
        m.d.sync += [pull.eq(later.mirror_shift + exponent),
                     shift.eq(later.mirror_shift + exponent - later.noise_shift + 4)]
        return shift, pull

    def elaborate(self, platform):
        m = Module()
        values = self._read(m)
        settings = delayed(m, self.issue.settings, 2, "settings_2")

        m.submodules.factor = factor = Multiplier()
        taught_by = Mux(settings.prospective, values["e"], values["error"])
        if self.config.eligibility:
            taught_by = told_error(settings, values["above"], taught_by)
        m.d.comb += [factor.a.eq(taught_by), factor.b.eq(settings.rate)]
        settings_4 = delayed(m, settings, 2, "settings_4")
        learning_factor, factor_hit = self._barrel(
            m, factor.product, settings_4.factor_shift, 18, "factor")

        shift, pull = self._pull(m, values["change_length"], settings)
        wide = Signal(signed(38))
        m.d.comb += wide.eq(delayed(m, values["change"], 2, "change_4") << 11)
        change, change_hit = self._barrel(m, wide, shift, 32, "change")

        counts = delayed(m, self.issue.valid & self.issue.first_row & self.issue.learn,
                         ROW_STAGE, "counts")
        now = delayed(m, settings_4, ROW_STAGE - 4, "settings_last")
        mirror, decays = now.feedback == Feedback.MIRROR, now.decay_shift != 0
        row = self.row
        m.d.comb += [
            row.e.eq(delayed(m, values["e"], ROW_STAGE - 2, "e_last")),
            row.factor.eq(learning_factor), row.change.eq(change),
            row.word.eq(delayed(m, values["word"], ROW_STAGE - 2, "word_last")),
            row.change_shift.eq(now.change_shift), row.w_shift.eq(now.decay_shift),
            row.w_decays.eq(decays), row.b_decays.eq(decays | mirror), row.mirror.eq(mirror),
            row.b_shift.eq(
                Mux(mirror, delayed(m, pull, ROW_STAGE - 4, "pull_last"), now.decay_shift)),
            row.tied.eq(now.feedback == Feedback.TIED),
            self.factor_hit.eq(factor_hit & counts),
            self.mirror_hit.eq(change_hit & counts & mirror),
        ]
        if self.config.eligibility:
            modulator = delayed(m, self.issue.modulator, 2, "modulator_2")
            m.d.comb += row.third.eq(tell(
                m, settings, modulator, slope=values["slope"], explored=values["explored"],
                clocks=ROW_STAGE - 2))
        return m
