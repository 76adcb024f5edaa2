"""States of one address side by side in few block RAMs, shared with the host in an idle core.

A block RAM is 36 bits wide and 512 words deep; states are narrower, and often fewer.  Here they lie
byte by byte next to each other, and, where a core can wait a clock for some, on two pages.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.memory import HOST, StateMemory
from hdl.primitives.byte_ram import BYTE, ByteRam
from hdl.primitives.local_copy import local_copy

__all__ = ["StateBank", "state_memories"]


def _bytes(width: int) -> int:
    return -(-width // BYTE)


class StateBank(wiring.Component):
    """``depth`` words of each state; ``pages`` has the states' widths by name, page by page.

    read_address, read_page → read_<name>   3 clocks later, of the states of that page
    write, write_address, write_page        all states of the page, from ``write_<name>``
    host_<name>                             the host's access to one; ``host_page`` is its page
    half                                    where ``buffered``: ``read_half``, ``write_half`` and
                                            ``host_half`` choose one of two

    Throughput: a page read and a page written per clock; as with ``hdl.memory.StateMemory``, none
    may be read in the clock of a write to it.  Cost: a block RAM for 4 bytes of the larger page,
    for 512 words with all pages and halves.
    """

    def __init__(self, pages: list[dict[str, int]], *, depth: int, buffered: bool = False):
        self.pages, self.depth, self.buffered = pages, depth, buffered
        address = max(1, (depth - 1).bit_length())
        kinds = ("read", "write", "host")
        super().__init__(
            {"read_address": In(address), "write_address": In(address), "write": In(1)}
            | {f"{kind}_page": In(1) for kind in kinds if len(pages) > 1}
            | {f"{kind}_half": In(1) for kind in kinds if buffered}
            | {f"read_{name}": Out(width) for page in pages for name, width in page.items()}
            | {f"write_{name}": In(width) for page in pages for name, width in page.items()}
            | {f"host_{name}": In(HOST) for page in pages for name in page})

    def _place(self, kind, address):
        """Where in the memory: half, page, address, the latter lowest."""
        return Cat(address, *([getattr(self, f"{kind}_page")] if len(self.pages) > 1 else []),
                   *([getattr(self, f"{kind}_half")] if self.buffered else []))

    def elaborate(self, platform):
        m = Module()
        address = len(self.read_address)
        count = max(sum(map(_bytes, page.values())) for page in self.pages)
        m.submodules.ram = ram = ByteRam(
            count=count, depth=1 << len(self._place("read", self.read_address)))
        hosts, own, given, enables = [], [], [], [Const(0, 1)] * count
        for page in self.pages:
            words, told, low = [], [], 0
            for name, width in page.items():
                size, host = _bytes(width), getattr(self, f"host_{name}")
                words.append(Cat(getattr(self, f"write_{name}"), Const(0, BYTE * size - width)))
                told.append(Cat(host.data[:width], Const(0, BYTE * size - width)))
                for byte in range(low, low + size):
                    enables[byte] = enables[byte] | host.write
                m.d.comb += getattr(self, f"read_{name}").eq(ram.read_data[BYTE * low:])
                low, hosts = low + size, [*hosts, host]
            own.append(Cat(words, Const(0, BYTE * count))[:BYTE * count])
            given.append(Cat(told, Const(0, BYTE * count))[:BYTE * count])
        active, place = hosts[0].active, self._place("host", hosts[0].offset[:address])
        if len(self.pages) > 1:
            own = [Mux(self.write_page, own[1], own[0])]
            given = [Mux(self.host_page, given[1], given[0])]
        # The wires to the blocks have a whole clock, from registers of the bank's own.
        for port, from_host, value in (
                ("read_address", place, self._place("read", self.read_address)),
                ("write_address", place, self._place("write", self.write_address)),
                ("write", Cat(enables), self.write.replicate(count)),
                ("write_data", given[0], own[0])):
            m.d.comb += getattr(ram, port).eq(
                local_copy(m, Mux(active, from_host, value), platform, name=port))
        return m


def state_memories(m: Module, widths: dict[str, int], *, depth: int, packed: bool,
                   buffered: bool = False) -> dict:
    """Memories of states by name, with the ports of a late ``StateMemory``: one for each, or, if
    ``packed``, all in a bank, which is read and written for all of them at once."""
    if packed:
        m.submodules["_".join(widths)] = bank = StateBank([widths], depth=depth, buffered=buffered)
        common = {name: getattr(bank, name) for name in bank.signature.members
                  if name in ("read_address", "write_address", "write") or name.endswith("_half")}
        return {name: SimpleNamespace(
            **common, host=getattr(bank, f"host_{name}"), read_data=getattr(bank, f"read_{name}"),
            write_data=getattr(bank, f"write_{name}")) for name in widths}
    stores = {name: StateMemory(width=width, depth=depth, buffered=buffered, late=True)
              for name, width in widths.items()}
    for name, store in stores.items():
        m.submodules[name] = store
    return stores
