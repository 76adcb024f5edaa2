"""What a projection's rows need to know of it: held here, so that words need not carry it along.

A word says ``place``; its settings follow a clock after it is issued.
"""

from amaranth.hdl import Module, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delayed
from hdl.eligibility import extended
from model.program import ELIGIBILITY_FIELDS, Feedback

__all__ = ["PLACE_BITS", "Settings", "SettingsStore", "settings_layout"]

Settings = data.StructLayout({
    "rate": signed(18), "prospective": 1, "factor_shift": 6, "mirror_shift": 6, "noise_shift": 4,
    "self_scaling": 1, "change_shift": 4, "decay_shift": 5, "feedback": Feedback, "plastic": 1})
"""Settings of a projection; ``rate`` is η m."""

PLACE_BITS = 2
"""Four places: at most three words are on their way to be issued, each of another projection."""


def settings_layout(config: Config) -> data.StructLayout:
    """:data:`Settings`, with those of eligibilities."""
    return extended(Settings, config, ELIGIBILITY_FIELDS)


class SettingsStore(wiring.Component):
    """Settings of the last projections.

    written_place, written   settings come to a place in every clock until another is named;
                             ``written`` is there at the next clock
    place → settings         a clock later, if written two clocks before

    Cost: distributed memory of a word per place, and a register.
    """

    def __init__(self, config: Config):
        shape = settings_layout(config)
        super().__init__({
            "written_place": In(PLACE_BITS), "written": In(shape),
            "place": In(PLACE_BITS), "settings": Out(shape)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.store = store = memory.Memory(
            shape=self.written.shape(), depth=1 << PLACE_BITS, init=[])
        port, read = store.write_port(), store.read_port(domain="comb")
        m.d.comb += [
            port.en.eq(1), port.addr.eq(delayed(m, self.written_place, 1, "where")),
            port.data.eq(self.written),
            read.addr.eq(self.place), self.settings.eq(delayed(m, read.data, 1, "read"))]
        return m
