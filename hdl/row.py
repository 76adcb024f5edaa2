"""What a target neuron tells all lanes, formed once per visit: its error, learning factor, pull.

    ê = η m ē            (η m e where the projection learns prospectively), to the projection's
                         binary point; one product
    ΔI ηB/ε 2**−2n       the mirror rule's pull, n from the running mean of |ΔI|; shifts only

Stages: 0 slot, 2 what the target left, 4 product, 5 and 6 barrel shifters, 7 rounded and limited.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.fixed import bit_length, round_half, saturate, shift_keep_half
from hdl.lane import Row
from hdl.memory import BUS, StateMemory, attach
from hdl.multiplier import Multiplier
from hdl.region import Region
from hdl.sequencer import Issue
from model.program import Feedback

__all__ = ["POST_WRITE", "ROW_STAGE", "RowFetch"]

ROW_STAGE = 7
"""Clocks from an issue to the row's words."""

LENGTH_BITS = 5
POST = {"error": 18, "e": 18, "change": 27, "change_mean": 30, "word": 32}
"""What the neurons leave for the next step's rows."""
POST_WRITE = wiring.Signature({"enable": Out(1), "slot": Out(18), "half": Out(1)}
                              | {name: Out(width) for name, width in POST.items()})
REGIONS = {"error": Region.ERROR, "e": Region.E, "change": Region.CHANGE,
           "change_mean": Region.CHANGE_MEAN, "word": Region.WORD}


class RowFetch(wiring.Component):
    """Issues in, rows out ``ROW_STAGE`` clocks later, one per clock.

    post      what a neuron leaves: written to the half that the next step reads
    hits      saturations of ê and of the pull, counted once per target and projection
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "issue": In(Issue), "row": Out(Row), "host_half": In(1), "post": In(POST_WRITE),
            "factor_hit": Out(1), "mirror_hit": Out(1), "bus": In(BUS), "word_data": Out(32),
        })

    def _read(self, m):
        """The words that the target left in the last step, at stage 2; silent while resetting."""
        values, silent = {}, delayed(m, self.issue.reset_state, 2, "silent")
        for name, width in POST.items():
            # Of the running mean only its magnitude matters here.
            width = LENGTH_BITS if name == "change_mean" else width
            store = StateMemory(width=width, depth=self.config.slots, buffered=True)
            m.submodules[name] = store
            attach(m, self.bus, store.host, REGIONS[name])
            written = getattr(self.post, name)
            if name == "change_mean":
                written = bit_length(written)
                m.d.comb += store.host.data.eq(bit_length(self.bus.data[:30]))
            m.d.comb += [
                store.read_address.eq(self.issue.target_slot),
                store.read_half.eq(self.issue.parity), store.host_half.eq(self.host_half),
                store.write_address.eq(self.post.slot), store.write_half.eq(self.post.half),
                store.write_data.eq(written), store.write.eq(self.post.enable)]
            values[name] = store.read_data
            if name in ("error", "e", "change"):
                values[name] = Signal(signed(width), name=f"{name}_2")
                m.d.comb += values[name].eq(Mux(silent, 0, store.read_data))
            if name == "word":
                m.d.comb += self.word_data.eq(store.read_data)
        return values

    def _barrel(self, m, value, shift, width, name):
        """``shift_round`` and limit of a stage-4 value by a stage-4 shift, at stage 7."""
        coarse = Signal(signed(len(value) + 1), name=f"{name}_coarse")
        fine = Signal(signed(len(value) + 1), name=f"{name}_fine")
        rest = Signal(3, name=f"{name}_rest")
        m.d.sync += [
            # The bit behind the point must survive the coarse shift, so both work on 2 × value.
            coarse.eq(shift_keep_half(value, shift & 0b111000)), rest.eq(shift[:3]),
            fine.eq(coarse >> rest)]
        limited, hit = saturate(round_half(fine), width)
        out, out_hit = Signal(signed(width), name=name), Signal(name=f"{name}_limited")
        m.d.sync += [out.eq(limited), out_hit.eq(hit)]
        return out, out_hit

    def _pull(self, m, change_mean, settings):
        """Shifts of the mirror rule at stage 4: of ΔI, and of B."""
        excess = Signal(signed(8))
        exponent, shift, pull = Signal(6), Signal(6), Signal(6)
        m.d.comb += excess.eq(change_mean + settings.noise_shift - 27)
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
        m.d.comb += [
            factor.a.eq(Mux(settings.prospective, values["e"], values["error"])),
            factor.b.eq(settings.rate)]
        settings_4 = delayed(m, settings, 2, "settings_4")
        learning_factor, factor_hit = self._barrel(
            m, factor.product, settings_4.factor_shift, 18, "factor_7")

        shift, pull = self._pull(m, values["change_mean"], settings)
        wide = Signal(signed(38))
        m.d.comb += wide.eq(delayed(m, values["change"], 2, "change_4") << 11)
        change, change_hit = self._barrel(m, wide, shift, 32, "change_7")

        counts = delayed(m, self.issue.valid & self.issue.first_row & self.issue.learn, ROW_STAGE,
                         "counts")
        now = delayed(m, settings_4, 3, "settings_7")
        row = self.row
        m.d.comb += [
            row.e.eq(delayed(m, values["e"], 5, "e_7")), row.factor.eq(learning_factor),
            row.change.eq(change), row.pull.eq(delayed(m, pull, 3, "pull_7")),
            row.word.eq(delayed(m, values["word"], 5, "word_7")),
            row.change_shift.eq(now.change_shift), row.decay_shift.eq(now.decay_shift),
            row.feedback.eq(now.feedback), row.plastic.eq(now.plastic),
            self.factor_hit.eq(factor_hit & counts),
            self.mirror_hit.eq(change_hit & counts & (now.feedback == Feedback.MIRROR)),
        ]
        return m
