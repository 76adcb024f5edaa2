"""The models of an FPGA's blocks, each against what its maker's document says of it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.sim.cells import CLOCKS, Cells, draw, lookup, simulate

REGISTERS = ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")


def test_multiplier_has_the_registers_that_it_is_told():
    widths = {"A": 18, "B": 18, "C": 18, "SIGNEDA": 1, "SIGNEDB": 1, "SOURCEA": 1, "SOURCEB": 1,
              "CE0": 1, "RST0": 1}
    used = [(), ("INPUTA", "INPUTB"), ("PIPELINE",), ("INPUTA", "OUTPUT"), REGISTERS]
    cells = [("MULT18X18D", {f"REG_{r}_CLK": "CLK0" if r in chosen else "NONE" for r in REGISTERS},
              {"P": 36}) for chosen in used]
    inputs = draw(widths, 1, CE0=0.8, RST0=0.05, SOURCEA=0, SOURCEB=0)
    found = simulate(Cells(widths, cells, clock=["CLK0"]), inputs)
    for k, chosen in enumerate(used):
        held = dict.fromkeys(REGISTERS, 0)
        for t in range(CLOCKS):
            now = {name: int(values[t]) for name, values in inputs.items()}
            a, b = (now[name] - (now[name] >> 17 & now[f"SIGNED{name}"]) * (1 << 18)
                    for name in "AB")
            values, through = {"INPUTA": a, "INPUTB": b}, dict(held)
            through |= {name: value for name, value in values.items() if name not in chosen}
            values["PIPELINE"] = through["INPUTA"] * through["INPUTB"]
            through["PIPELINE"] = held["PIPELINE"] if "PIPELINE" in chosen else values["PIPELINE"]
            values["OUTPUT"] = through["PIPELINE"]
            out = held["OUTPUT"] if "OUTPUT" in chosen else values["OUTPUT"]
            if t:
                assert found[f"o{k}_P"][t] == out & (1 << 36) - 1, (chosen, t)
            if now["RST0"]:
                held = dict.fromkeys(REGISTERS, 0)
            elif now["CE0"]:
                held = values


SKIPPED = {36: 5, 18: 4, 9: 3, 4: 2, 2: 1, 1: 0}


def test_block_ram_of_any_two_widths():
    widths = {"ADA": 14, "ADB": 14, "DIA": 18, "DIB": 18, "CEA": 1, "OCEA": 1, "WEA": 1, "RSTA": 1,
              "CSA": 3, "CEB": 1, "OCEB": 1, "WEB": 1, "RSTB": 1, "CSB": 3}
    reads = [(36, "OUTREG"), (36, "NOREG"), (18, "OUTREG"), (9, "NOREG"), (4, "OUTREG"),
             (2, "NOREG"), (1, "NOREG")]
    pairs = [(written, read, mode) for written in (36, 18, 9, 4, 1) for read, mode in reads]
    cells = [("DP16KD", {"DATA_WIDTH_A": written, "DATA_WIDTH_B": read, "REGMODE_A": mode,
                         "REGMODE_B": mode}, {"DOA": 18, "DOB": 18})
             for written, read, mode in pairs]
    inputs = draw(widths, 2, CEA=0.9, CEB=0.9, OCEB=0.9, WEA=0.7, RSTA=0, RSTB=0, WEB=0)
    source = np.random.default_rng(3)
    inputs |= {"CSA": np.zeros(CLOCKS, int), "CSB": np.zeros(CLOCKS, int)}
    # Few places, so that what was written is read; the lowest bits are byte enables.
    for name in ("ADA", "ADB"):
        inputs[name] = source.choice((0, 160, 16320), CLOCKS) + source.integers(0, 64, CLOCKS)
    found = simulate(Cells(widths, cells, clock=["CLKA", "CLKB"]), inputs)
    for k, (written, read, mode) in enumerate(pairs):
        compared = follow(inputs, written, read, mode == "OUTREG",
                          found[f"o{k}_DOA"], found[f"o{k}_DOB"])
        # Words of less than 9 bits never write the ninth.
        assert compared > (CLOCKS // 5 if written >= 9 or read < 9 else -1), (read, compared)


def follow(inputs, written, read, register, low, high):
    """Compare one memory with a table of its bits; returns how many words were known and equal."""
    bits, latch, out, compared = {}, None, None, 0
    latch_a, out_a = None, None
    for t in range(CLOCKS):
        now = {name: int(values[t]) for name, values in inputs.items()}
        told = out if register else latch
        told_a = out_a if register else latch_a
        if told_a is not None and read < 36 and written < 36:
            assert low[t] & (1 << written) - 1 == told_a, (written, t)
        if told is not None:
            data = high[t] << 18 | low[t] if read == 36 else high[t] & (1 << read) - 1
            assert data == told, (read, t)
            compared += 1
        here, there = now["ADB"] >> SKIPPED[read], now["ADA"] >> SKIPPED[written]
        places = positions(written, there)
        enables = (now["ADA"] if written >= 18 else 1)
        writes = {place: (now["DIB"] << 18 | now["DIA"]) >> bit & 1
                  for bit, place in enumerate(places) if enables >> bit // 9 & 1}
        writes = writes if now["CEA"] and now["WEA"] else {}
        out = latch if now["OCEB"] else out
        if now["CEB"]:
            wanted, shift = positions(read, here), max(SKIPPED[read], SKIPPED[written])
            clash = bool(writes) and now["ADA"] >> shift == now["ADB"] >> shift
            known = all(place in bits for place in wanted)
            latch = (sum((bits[place] ^ clash) << bit for bit, place in enumerate(wanted))
                     if known else None)
        out_a = latch_a if now["OCEA"] else out_a
        if now["CEA"] and not now["WEA"]:
            known = all(place in bits for place in places)
            latch_a = sum(bits[place] << bit for bit, place in enumerate(places)) if known else None
        bits |= writes
    return compared


def positions(width: int, word: int) -> list[int]:
    """Bits of a word among the 18432 of the block: widths below 9 leave every ninth bit out."""
    if width >= 9:
        return [word * width + bit for bit in range(width)]
    return [9 * (place // 8) + place % 8 for place in range(word * width, (word + 1) * width)]


CARRY = dict.fromkeys(("CIN", "A0", "B0", "C0", "D0", "A1", "B1", "C1", "D1"), 1)
SUM = {"S0": 1, "S1": 1, "COUT": 1}


def test_tables():
    source = np.random.default_rng(5)
    inits = [int(value) for value in source.integers(0, 1 << 16, 12)]
    inputs = draw(dict.fromkeys("ABCD", 1), 4)
    found = simulate(Cells(dict.fromkeys("ABCD", 1),
                           [("LUT4", {"INIT": init}, {"Z": 1}) for init in inits]), inputs)
    for k, init in enumerate(inits):
        assert np.array_equal(found[f"o{k}_Z"], lookup(init, inputs, *"ABCD"))


def test_carries():
    source = np.random.default_rng(11)
    cells = []
    for k in range(12):
        first, second = (int(value) for value in source.integers(0, 1 << 16, 2))
        cells.append(("CCU2C", {"INIT0": first, "INIT1": second,
                                "INJECT1_0": "YES" if k & 1 else "NO",
                                "INJECT1_1": "YES" if k & 2 else "NO"}, SUM))
    inputs = draw(CARRY, 12)
    found = simulate(Cells(CARRY, cells), inputs)
    for k, (_, how, _) in enumerate(cells):
        carry = inputs["CIN"]
        for bit in (0, 1):
            names, inject = [f"{name}{bit}" for name in "ABCD"], how[f"INJECT1_{bit}"] == "YES"
            out = lookup(how[f"INIT{bit}"], inputs, *names)
            quarter = 0 if inject else lookup(how[f"INIT{bit}"], inputs, *names[:2])
            assert np.array_equal(found[f"o{k}_S{bit}"], out ^ (0 if inject else carry))
            carry = np.where(out == 1, carry, quarter)
        assert np.array_equal(found[f"o{k}_COUT"], carry)


def test_carry_chain_adds():
    """The tables that make a sum: a xor b, with b as the lower quarter."""
    table = {"INIT0": 0x666A, "INIT1": 0x666A, "INJECT1_0": "NO", "INJECT1_1": "NO"}
    inputs = draw(CARRY, 6) | {name: np.ones(CLOCKS, int) for name in ("C0", "D0", "C1", "D1")}
    found = simulate(Cells(CARRY, [("CCU2C", table, SUM)]), inputs)
    total = (inputs["A0"] + inputs["B0"] + inputs["CIN"] + 2 * (inputs["A1"] + inputs["B1"]))
    assert np.array_equal(found["o0_S0"] + 2 * found["o0_S1"] + 4 * found["o0_COUT"], total)


def test_wide_multiplexers():
    widths = {"ALUT": 1, "BLUT": 1, "C0": 1}
    inputs = draw(widths, 7)
    found = simulate(Cells(widths, [("PFUMX", {}, {"Z": 1})]), inputs)["o0_Z"]
    assert np.array_equal(found, np.where(inputs["C0"], inputs["ALUT"], inputs["BLUT"]))
    widths = {"SD": 1, "D0": 1, "D1": 1}
    inputs = draw(widths, 8)
    found = simulate(Cells(widths, [("L6MUX21", {}, {"Z": 1})]), inputs)["o0_Z"]
    assert np.array_equal(found, np.where(inputs["SD"], inputs["D1"], inputs["D0"]))


FLIP_FLOPS = [
    {"CEMUX": "CE"}, {"CEMUX": "INV", "LSRMUX": "INV"}, {"CEMUX": "1", "REGSET": "SET"},
    {"CEMUX": "CE", "SRMODE": "CE_OVER_LSR"}, {"CEMUX": "CE", "SRMODE": "ASYNC", "REGSET": "SET"}]


def test_flip_flops_obey_enable_and_reset():
    widths = {"LSR": 1, "CE": 1, "DI": 1, "M": 1}
    inputs = draw(widths, 9)
    found = simulate(Cells(widths, [("TRELLIS_FF", how, {"Q": 1}) for how in FLIP_FLOPS],
                           clock=["CLK"]), inputs)
    for k, how in enumerate(FLIP_FLOPS):
        value = start = int(how.get("REGSET") == "SET")
        for t in range(CLOCKS):
            enable = {"CE": inputs["CE"][t], "INV": 1 - inputs["CE"][t], "1": 1}[how["CEMUX"]]
            reset = inputs["LSR"][t] ^ (how.get("LSRMUX") == "INV")
            mode = how.get("SRMODE", "LSR_OVER_CE")
            if mode == "ASYNC" and reset:
                value = start
            assert found[f"o{k}_Q"][t] == value, (how, t)
            if reset and (enable or mode != "CE_OVER_LSR"):
                value = start
            elif enable:
                value = inputs["DI"][t]


def test_distributed_memory_is_read_at_once():
    widths = {"DI": 4, "WAD": 4, "RAD": 4, "WRE": 1}
    inputs = draw(widths, 10)
    cell = ("TRELLIS_DPR16X4", {"INITVAL": 0xFEDCBA9876543210}, {"DO": 4})
    found = simulate(Cells(widths, [cell], clock=["WCK"], vectors=True), inputs)["o0_DO"]
    words = list(range(16))
    for t in range(CLOCKS):
        assert found[t] == words[inputs["RAD"][t]], t
        if inputs["WRE"][t]:
            words[inputs["WAD"][t]] = inputs["DI"][t]


@pytest.mark.parametrize(("cell", "pin", "parameters", "outputs", "said"), [
    ("DP16KD", "WEB", {"CLKBMUX": "INV"}, {"DOB": 18}, "DP16KD: inverted clocks are not modelled"),
    ("MULT18X18D", "CE0", {"REG_OUTPUT_CLK": "CLK1"}, {"P": 36},
     "MULT18X18D: only CLK0 is modelled"),
    ("TRELLIS_FF", "CE", {"LSRMODE": "PRLD"}, {"Q": 1}, "TRELLIS_FF: preloading is not modelled"),
])
def test_what_is_not_modelled_ends_the_simulation(cell, pin, parameters, outputs, said):
    """In a process of its own, which the simulation takes with it."""
    script = ("import sys, numpy as np; from tests.sim.cells import Cells, simulate; "
              f"simulate(Cells({{{pin!r}: 1}}, [({cell!r}, {parameters!r}, {outputs!r})]), "
              f"{{{pin!r}: np.zeros(1, int)}}); sys.exit('went on')")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          cwd=Path(__file__).parents[2])
    assert done.returncode != 0 and said in done.stdout + done.stderr, done.stderr
