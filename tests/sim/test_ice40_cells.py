"""The models of an iCE40's logic cells, each against what its maker's document says of it."""

import numpy as np
import pytest

from hdl.primitives.technology import Technology
from tests.sim.cells import CLOCKS, Cells, draw, lookup, simulate

REGISTERS = ["SR", "SS", "ESR", "ESS", "R", "S", "ER", "ES"]


def test_tables_and_carries():
    source = np.random.default_rng(1)
    inits = [int(value) for value in source.integers(0, 1 << 16, 8)]
    widths = {"I0": 1, "I1": 1, "I2": 1, "I3": 1}
    inputs = draw(widths, 2)
    found = simulate(Cells(widths, [("SB_LUT4", {"LUT_INIT": init}, {"O": 1}) for init in inits]),
                     inputs, Technology.ICE40)
    for k, init in enumerate(inits):
        assert np.array_equal(found[f"o{k}_O"], lookup(init, inputs, "I0", "I1", "I2", "I3"))
    widths = {"I0": 1, "I1": 1, "CI": 1}
    inputs = draw(widths, 3)
    found = simulate(Cells(widths, [("SB_CARRY", {}, {"CO": 1})]), inputs, Technology.ICE40)
    assert np.array_equal(found["o0_CO"], sum(inputs.values()) >= 2)


@pytest.mark.parametrize("pin", ["R", "S"])
def test_registers_obey_enable_reset_and_set(pin):
    for kind in (kind for kind in REGISTERS if kind.endswith(pin)):
        widths = {"D": 1, pin: 1} | ({"E": 1} if "E" in kind else {})
        inputs = draw(widths, 4)
        inputs[pin][0] = 0  # a pin that is high from the start has no edge to act on
        found = simulate(Cells(widths, [(f"SB_DFF{kind}", {}, {"Q": 1})], clock=["C"]), inputs,
                         Technology.ICE40)["o0_Q"]
        value, at_once, aim = 0, kind.removeprefix("E") in ("R", "S"), int(pin == "S")
        for t in range(CLOCKS):
            forced, enable = inputs[pin][t], inputs["E"][t] if "E" in kind else 1
            value = aim if at_once and forced else value
            assert found[t] == value, (kind, t)
            if enable and not (at_once and forced):
                value = aim if forced else inputs["D"][t]


@pytest.mark.parametrize("kind", ["", "E"])
def test_registers_without_reset(kind):
    widths = {"D": 1} | ({"E": 1} if kind else {})
    inputs = draw(widths, 5)
    found = simulate(Cells(widths, [(f"SB_DFF{kind}", {}, {"Q": 1})], clock=["C"]), inputs,
                     Technology.ICE40)["o0_Q"]
    value = 0
    for t in range(CLOCKS):
        assert found[t] == value
        value = inputs["D"][t] if inputs.get("E", np.ones(CLOCKS, int))[t] else value


PINS = {0: range(16), 1: range(0, 16, 2), 2: range(1, 16, 4), 3: range(3, 16, 8)}


def _places(address: int, mode: int) -> range:
    """Which of the 4096 bits a word is."""
    row = 16 * (address & 255)
    return range(row + (address >> 8 & (1 << mode) - 1), row + 16, 1 << mode)


def test_block_ram_of_any_two_widths():
    widths = {"RCLKE": 1, "RE": 1, "RADDR": 11, "WCLKE": 1, "WE": 1, "WADDR": 11, "MASK": 16,
              "WDATA": 16}
    modes = [(write, read) for write in range(4) for read in range(4)]
    inits = {f"INIT_{k:X}": int.from_bytes(np.random.default_rng(k).bytes(32)) for k in range(16)}
    cells = [("SB_RAM40_4K", {"WRITE_MODE": write, "READ_MODE": read, **inits}, {"RDATA": 16})
             for write, read in modes]
    inputs = draw(widths, 6, RCLKE=0.9, RE=0.9, WCLKE=0.9, WE=0.8)
    near = np.random.default_rng(7)
    for name in ("RADDR", "WADDR"):
        inputs[name] = near.choice((0, 250), CLOCKS) + near.integers(0, 4, CLOCKS) + (
            near.integers(0, 8, CLOCKS) << 8)
    found = simulate(Cells(widths, cells, clock=["RCLK", "WCLK"], vectors=True), inputs,
                     Technology.ICE40)
    start = np.array([int(inits[f"INIT_{k // 256:X}"]) >> k % 256 & 1 for k in range(4096)])
    collisions = 0
    for k, (write, read) in enumerate(modes):
        bits, latch = start.copy(), None
        for t in range(CLOCKS):
            now = {name: int(values[t]) for name, values in inputs.items()}
            if latch is not None:
                assert found[f"o{k}_RDATA"][t] == latch, (write, read, t)
            shown, changed = _places(now["RADDR"], read), _places(now["WADDR"], write)
            writes = now["WE"] and now["WCLKE"] and (write or now["MASK"] != 0xFFFF)
            if now["RE"] and now["RCLKE"]:
                # Unknown where bits of the word are written: inverted.
                collides = int(writes and not set(shown).isdisjoint(changed))
                collisions += collides
                latch = sum((int(bits[place]) ^ collides) << pin
                            for place, pin in zip(shown, PINS[read], strict=True))
            for place, pin in zip(changed, PINS[write], strict=True):
                if writes and (write or not now["MASK"] >> pin & 1):
                    bits[place] = now["WDATA"] >> pin & 1
        assert not np.array_equal(bits, start)
    assert collisions > CLOCKS // 2
