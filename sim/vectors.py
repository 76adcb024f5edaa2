"""A component driven from arrays, every clock: for primitives, whose pins cocotb labours at."""

import ctypes
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import wiring

from sim.build import TOP, library_of
from sim.verilog import convert

__all__ = ["drive", "run_vectors"]

HARNESS = Path(__file__).with_name("vectors.cpp")
WORD = 32
FEWEST_BITS = 96
_WORDS = np.ctypeslib.ndpointer(np.uint32, ndim=2, flags="C_CONTIGUOUS")


class _Packed(Elaboratable):
    """``component`` with all its inputs in one port and all its outputs in another."""

    def __init__(self, component: wiring.Component):
        self.component = component
        self._beat = Signal()
        self.ports = {wiring.In: [], wiring.Out: []}
        for path, member, value in component.signature.flatten(component):
            self.ports[member.flow].append(("_".join(map(str, path)), Value.cast(value)))
        self.i, self.o = (Signal(self._width(flow), name=name)
                          for name, flow in (("i", wiring.In), ("o", wiring.Out)))

    def _width(self, flow: wiring.Flow) -> int:
        """Whole words, and a bit to spare."""
        return max(FEWEST_BITS, (sum(len(v) for _, v in self.ports[flow]) // WORD + 1) * WORD)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.component = self.component
        m.d.comb += Cat(value for _, value in self.ports[wiring.In]).eq(self.i)
        m.d.comb += self.o.eq(Cat(value for _, value in self.ports[wiring.Out]))
        # So that there is a clock, even if the component needs none.
        m.d.sync += self._beat.eq(~self._beat)
        m.d.comb += self.o[-1].eq(self._beat)
        return m


def run_vectors(component: wiring.Component, inputs: dict[str, np.ndarray], *, platform=None,
                cells: Iterable[Path] = ()) -> dict[str, np.ndarray]:
    """Outputs of every clock, by port, int64 and not sign-extended, for inputs of every clock.

    inputs      (T,) integers by port; what is too wide is cut off, ports not named are 0
    platform    what the component is elaborated for
    cells       Verilog models of what it instantiates

    Ports have up to 62 bits.  An output of clock t is sampled before that clock's edge, with the
    inputs of clock t applied.
    """
    packed = _Packed(component)
    cycles = len(next(iter(inputs.values())))
    verilog = convert(packed, name=TOP, ports=[packed.i, packed.o], platform=platform)
    fields = [(len(value), inputs.get(name, np.zeros(cycles, np.int64)))
              for name, value in packed.ports[wiring.In]]
    given = _pack(fields, cycles, len(packed.i))
    taken = drive("\n".join([verilog, *(cell.read_text() for cell in cells)]), given,
                  words=len(packed.o) // WORD)
    bits = np.unpackbits(taken.view(np.uint8), axis=1, bitorder="little").astype(np.int64)
    results, low = {}, 0
    for name, value in packed.ports[wiring.Out]:
        results[name] = bits[:, low:low + len(value)] @ (1 << np.arange(len(value)))
        low += len(value)
    return results


def drive(verilog: str, given: np.ndarray, *, words: int) -> np.ndarray:
    """Rows of ``words`` words of port ``o`` for rows of port ``i``, uint32, of module ``core``.

    Both ports are at least 96 bits wide; the third is ``clk``, and there may be ``rst``.
    """
    taken = np.zeros((len(given), words), np.uint32)
    run = ctypes.CDLL(str(library_of(verilog, harness=HARNESS))).vectors_run
    run.restype, run.argtypes = None, [_WORDS, ctypes.c_size_t, _WORDS, ctypes.c_size_t,
                                       ctypes.c_size_t]
    run(given, given.shape[1], taken, words, len(given))
    return taken


def _pack(fields, cycles: int, width: int) -> np.ndarray:
    """Rows of 32-bit words, the first field in the lowest bits."""
    bits = np.zeros((cycles, width), np.uint8)
    low = 0
    for size, values in fields:
        bits[:, low:low + size] = np.asarray(values, np.int64)[:, None] >> np.arange(size) & 1
        low += size
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint32)
