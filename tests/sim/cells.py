"""Instances of an FPGA's cells side by side, on random inputs."""

import numpy as np
from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.primitives.technology import Technology
from sim.cells import CELLS
from sim.vectors import run_vectors

__all__ = ["CLOCKS", "Cells", "draw", "lookup", "simulate"]

CLOCKS = 4000


class Cells(wiring.Component):
    """Instances of cells that share their inputs, each with outputs of its own.

    inputs     widths by name; ports wider than a bit are one per bit, unless ``vectors``
    cells      (cell, parameters, {output: width}) each; output k_name
    """

    def __init__(self, inputs, cells, *, clock=(), vectors=False):
        self.cells, self.clock, self.vectors = cells, clock, vectors
        super().__init__({name: In(width) for name, width in inputs.items()} | {
            f"o{k}_{name}": Out(width) for k, (_, _, outputs) in enumerate(cells)
            for name, width in outputs.items()})

    def elaborate(self, platform):
        m = Module()
        for k, (cell, parameters, outputs) in enumerate(self.cells):
            ports = {f"i_{name}": ClockSignal() for name in self.clock}
            for name, member in self.signature.members.items():
                if member.flow is wiring.In:
                    ports |= self._ports(f"i_{name}", getattr(self, name))
            for name in outputs:
                ports |= self._ports(f"o_{name}", getattr(self, f"o{k}_{name}"))
            m.submodules[f"cell_{k}"] = Instance(
                cell, **{f"p_{name}": value for name, value in parameters.items()}, **ports)
        return m

    def _ports(self, name, value):
        if self.vectors or len(value) == 1:
            return {name: value}
        return {f"{name}{bit}": value[bit] for bit in range(len(value))}


def simulate(component, inputs, technology=Technology.ECP5):
    """Outputs by name, as :func:`sim.vectors.run_vectors` gives them."""
    return run_vectors(component, inputs, cells=CELLS[technology])


def draw(widths, seed, **shares):
    """Random inputs; a share is how often a bit of one bit's width is set."""
    source = np.random.default_rng(seed)
    return {name: (source.random(CLOCKS) < shares[name] if name in shares else
                   source.integers(0, 1 << width, CLOCKS)).astype(np.int64)
            for name, width in widths.items()}


def lookup(init: int, inputs, *names):
    """The bit of a table at the inputs, the first of which is the lowest."""
    return init >> sum(inputs[name] << k for k, name in enumerate(names)) & 1
