"""32 k words of 32 bits: the four SB_SPRAM256KA of an iCE40 UltraPlus, 16 k × 16 bits each.

Lattice FPGA-TN-02022, "iCE40 SPRAM Usage Guide": one port, read or written each clock; contents are
undefined until they are written.
"""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.primitives.technology import Technology

__all__ = ["SinglePortRam"]

BLOCK_BITS = 14


class SinglePortRam(wiring.Component):
    """2¹⁵ words of 32 bits with one port.

    Latency: ``read_data`` one clock after ``address``; it is undefined after a clock that wrote.
    Throughput: one read or one write per clock.  Cost: 4 SB_SPRAM256KA.

    Members
    -------
    address : In(15); write : In(1); write_data : In(32); read_data : Out(32)
    """

    address: In(BLOCK_BITS + 1)
    write: In(1)
    write_data: In(32)
    read_data: Out(32)

    def elaborate(self, platform):
        m = Module()
        if Technology.of(platform) is Technology.ICE40:
            self._instantiate(m)
        else:
            self._infer(m)
        return m

    def _infer(self, m):
        m.submodules.memory = store = memory.Memory(
            shape=32, depth=2 << BLOCK_BITS, init=[])
        read, write = store.read_port(), store.write_port()
        m.d.comb += [
            read.addr.eq(self.address), read.en.eq(~self.write), self.read_data.eq(read.data),
            write.addr.eq(self.address), write.data.eq(self.write_data), write.en.eq(self.write)]

    def _instantiate(self, m):
        upper, words = Signal(), []
        m.d.sync += upper.eq(self.address[BLOCK_BITS])
        for bank in range(2):
            word = Signal(32, name=f"word_{bank}")
            words.append(word)
            mine = self.address[BLOCK_BITS] == bank
            for half in range(2):
                part = slice(16 * half, 16 * half + 16)
                m.submodules[f"block_{bank}_{half}"] = Instance(
                    "SB_SPRAM256KA",
                    i_ADDRESS=self.address[:BLOCK_BITS], i_DATAIN=self.write_data[part],
                    i_MASKWREN=Const(0b1111, 4), i_WREN=self.write, i_CHIPSELECT=mine,
                    i_CLOCK=ClockSignal(), i_STANDBY=0, i_SLEEP=0, i_POWEROFF=1,
                    o_DATAOUT=word[part])
        m.d.comb += self.read_data.eq(Mux(upper, words[1], words[0]))
