"""Primitives beside their portable twins, driven alike."""

from amaranth.hdl import Elaboratable, Fragment, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.multiplier import Multiplier
from hdl.primitives.block_ram import BlockRam
from hdl.primitives.byte_ram import BYTE, ByteRam
from hdl.primitives.local_copy import local_copy
from hdl.primitives.technology import Technology

__all__ = ["BYTE_RAMS", "LATENCIES", "RAMS", "ByteTwins", "MultiplierTwins", "RamTwins"]

LATENCIES = (2, 3)
RAMS = ((18, 1024, True), (18, 1024, False), (36, 400, True), (32, 100, False), (18, 2500, True),
        (40, 1024, False), (4, 5000, True), (2, 2048, True), (1, 12000, False),
        (33, 32, True))
"""(width, depth, output register): every width of a block, columns, banks, odd depths, no block."""


BYTE_RAMS = ((1, 40, 1), (4, 512, 1), (6, 512, 1), (3, 1300, 1), (3, 600, 2), (2, 64, 3))
"""(parts, depth, bytes of each): less than a block, a block, columns, banks."""


class For(Elaboratable):
    """A component elaborated for a technology of its own."""

    def __init__(self, component, technology: Technology):
        self.component, self.technology = component, technology

    def elaborate(self, platform):
        return Fragment.get(self.component, self.technology)


class MultiplierTwins(wiring.Component):
    """Multipliers of every latency, and a local copy of ``a``, portable and for ``technology``."""

    def __init__(self, technology: Technology):
        self.technology = technology
        super().__init__({"a": In(18), "b": In(18), "copy": Out(18)} | {
            f"{kind}_{latency}": Out(36) for kind in ("portable", "mapped")
            for latency in LATENCIES})

    def elaborate(self, platform):
        m = Module()
        for latency in LATENCIES:
            for kind, technology in (("portable", None), ("mapped", self.technology)):
                multiplier = Multiplier(latency=latency)
                m.submodules[f"{kind}_{latency}"] = For(multiplier, technology)
                m.d.comb += [multiplier.a.eq(self.a), multiplier.b.eq(self.b),
                             getattr(self, f"{kind}_{latency}").eq(multiplier.product)]
        m.d.comb += self.copy.eq(local_copy(m, self.a, self.technology))
        return m


def _attach(m, twins, name, ram, technology):
    """One twin of a memory, at the ports that all of these have in common."""
    m.submodules[name] = For(ram, technology)
    m.d.comb += [
        ram.read_address.eq(twins.read_address), ram.write.eq(twins.write),
        ram.write_address.eq(twins.write_address), ram.write_data.eq(twins.write_data),
        getattr(twins, name).eq(ram.read_data)]


class RamTwins(wiring.Component):
    """The memories of :data:`RAMS`, each as the two twins: low bits of addresses and data."""

    def __init__(self, technology: Technology):
        self.technology = technology
        super().__init__({
            "read_address": In(14), "write_address": In(14), "write_data": In(40), "write": In(1),
        } | {f"{kind}_{number}": Out(width) for kind in ("portable", "mapped")
             for number, (width, _, _) in enumerate(RAMS)})

    def elaborate(self, platform):
        m = Module()
        for number, (width, depth, register) in enumerate(RAMS):
            for kind, technology in (("portable", None), ("mapped", self.technology)):
                ram = BlockRam(width=width, depth=depth, output_register=register)
                _attach(m, self, f"{kind}_{number}", ram, technology)
        return m


class ByteTwins(wiring.Component):
    """The memories of :data:`BYTE_RAMS`, likewise."""

    def __init__(self, technology: Technology):
        self.technology, most = technology, max(count * size for count, _, size in BYTE_RAMS)
        super().__init__({
            "read_address": In(11), "write_address": In(11), "write_data": In(BYTE * most),
            "write": In(most),
        } | {f"{kind}_{number}": Out(BYTE * count * size) for kind in ("portable", "mapped")
             for number, (count, _, size) in enumerate(BYTE_RAMS)})

    def elaborate(self, platform):
        m = Module()
        for number, (count, depth, size) in enumerate(BYTE_RAMS):
            for kind, technology in (("portable", None), ("mapped", self.technology)):
                ram = ByteRam(count=count, depth=depth, size=size)
                _attach(m, self, f"{kind}_{number}", ram, technology)
        return m
