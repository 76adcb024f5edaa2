"""Descriptors of populations and projections as the core holds them.

A descriptor is a row of 32-bit words; the fields come from ``model.program`` with neuron numbers
replaced by places in this core's memories.  Host and hardware share this one description.
"""

from enum import IntEnum

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.memory import BUS
from hdl.primitives.block_ram import BlockRam
from hdl.primitives.local_copy import local_copy
from hdl.region import Region
from model.program import ELIGIBILITY_FIELDS, POPULATION, PROJECTION

__all__ = ["DescriptorTable", "POPULATION_FIELDS", "PROJECTION_FIELDS", "READ_DESCRIPTOR",
           "Release", "WORDS", "held_layout", "layout", "pack", "population_fields",
           "projection_fields"]

WORDS = 16
"""Words reserved for a descriptor in the address map."""
READ_DESCRIPTOR = 2
"""Clocks from a number to its descriptor."""
FEW = 32
"""Up to so many descriptors distributed memory is smaller than block RAM."""

POPULATION_FIELDS = {"slot": 18} | {k: w for k, w in POPULATION.items() if k != "first"}
"""``slot`` is the population's first slot."""

PROJECTION_FIELDS = {
    "source_row": 12, "source_rows": 12, "source_lane": 6, "source_span": 18,
    "target_slot": 18, "target_size": 16, "word": 13, "trace_row": 12, "source_last": 18,
    "fresh": 1, "single": 1, "release": 2, "release_cap": 18, "released": 18,
} | {k: w for k, w in PROJECTION.items() if k not in (
    "source_first", "source_size", "target_first", "target_size", "synapse_first", "trace_first")}
"""``source_last``: slot of the last source; ``fresh``: the first projection to its target;
``single``: its target is one neuron;
``released``: all slots below have complete sums once this projection has been visited, and
``release`` says which of them, up to ``release_cap``, have them before its end."""


def population_fields(config: Config) -> dict[str, int]:
    """Fields of a population's descriptor; where there are eligibilities it says besides whether
    held errors meet the sum of slopes (``gathers``)."""
    return POPULATION_FIELDS | ({"gathers": 1} if config.eligibility else {})


def projection_fields(config: Config) -> dict[str, int]:
    """Fields of a projection's descriptor, those of its eligibilities last."""
    return PROJECTION_FIELDS | (ELIGIBILITY_FIELDS if config.eligibility else {})


class Release(IntEnum):
    """How the slots that a projection completes become complete while it is being visited."""

    END = 0
    """Only with the last word."""
    TARGETS = 1
    """In the last row of sources, every target with its visit."""
    SOURCES = 2
    """Every row of sources with its last target."""


def layout(fields: dict[str, int]) -> data.StructLayout:
    """The hardware's view of a descriptor."""
    return data.StructLayout({
        name: unsigned(width) if width > 0 else signed(-width) for name, width in fields.items()})


def held_layout(fields: dict[str, int], config: Config) -> data.StructLayout:
    """... as this core holds it: places and numbers as wide as what it has room for."""
    slot, row, lane = config.slot_bits, config.row_bits, max(1, config.lane_bits)
    room = dict.fromkeys(("slot", "size", "source_span", "target_slot", "target_size",
                          "source_last", "release_cap", "released"), slot)
    room |= {"source_row": row, "source_rows": row, "source_lane": lane,
             "word": config.words.bit_length(), "trace_row": config.trace_rows.bit_length(),
             "output_first": config.outputs.bit_length(),
             "target": config.populations.bit_length()}
    return layout({name: min(width, room.get(name, width)) for name, width in fields.items()})


def pack(fields: dict[str, int], values: dict[str, int]) -> list[int]:
    """The 32-bit words of one descriptor."""
    bits, position = 0, 0
    for name, width in fields.items():
        value = int(values[name])
        low, high = (0, 1 << width) if width > 0 else (-(1 << (-width - 1)), 1 << (-width - 1))
        if not low <= value < high:
            raise ValueError(f"descriptor field {name} = {value} is outside {low} … {high - 1}")
        bits |= (value & ((1 << abs(width)) - 1)) << position
        position += abs(width)
    return [bits >> (32 * k) & 0xFFFFFFFF for k in range((position + 31) // 32)]


class DescriptorTable(wiring.Component):
    """``depth`` descriptors of these ``fields``; per read port, a descriptor per clock.

    readers   per port the fields that it gives: their low bits, where it has fewer

    ``data_k`` is valid ``READ_DESCRIPTOR`` clocks after ``number_k``.  The host writes single
    words.  Cost: a :class:`BlockRam` of 32 bits per word and reader that has a field in it.
    """

    def __init__(self, fields: dict[str, int], *, depth: int, region: Region,
                 readers: list[data.StructLayout]):
        self.fields, self.depth, self.region, self.readers = layout(fields), depth, region, readers
        number = unsigned(max(1, (depth - 1).bit_length()))
        ports = {"bus": In(BUS)}
        for k, held in enumerate(readers):
            ports |= {f"number_{k}": In(number), f"data_{k}": Out(held)}
        super().__init__(ports)

    def _holds(self, held, low, high):
        """Whether some of these fields are at these bits."""
        return any(low < self.fields[name].offset + field.width and self.fields[name].offset < high
                   for name, field in held)

    def elaborate(self, platform):
        m = Module()
        bus, here = self.bus, Signal(reset_less=True)
        found = [Signal(self.fields, name=f"found_{k}") for k in range(len(self.readers))]
        bits = self.fields.size
        for k, held in enumerate(self.readers):
            m.d.comb += [getattr(self, f"data_{k}")[name].eq(found[k][name])
                         for name in held.members]
        entry = bus.offset[4:4 + len(self.number_0)]
        # Address and data are there before the strobe: whose it is, is known by then.
        m.d.sync += here.eq(bus.active & (bus.region == self.region))
        for word in range(-(-bits // 32)):
            mine = Signal(name=f"mine_{word}", reset_less=True)
            m.d.sync += mine.eq(here & (bus.offset[:4] == word))
            low, high = 32 * word, min(32 * word + 32, bits)
            data, place = (
                local_copy(m, value, platform, name=f"{name}_{word}")
                for name, value in (("written", bus.data), ("place", entry)))
            for k, held in enumerate(self.readers):
                if not self._holds(held, low, high):
                    continue
                m.submodules[f"word_{word}_{k}"] = store = BlockRam(
                    width=high - low, depth=max(2, self.depth), output_register=True,
                    block=self.depth > FEW)
                m.d.comb += [
                    store.write.eq(bus.write & mine), store.write_address.eq(place),
                    store.write_data.eq(data),
                    store.read_address.eq(getattr(self, f"number_{k}")),
                    found[k].as_value()[low:high].eq(store.read_data)]
        return m
