"""ECP5's MULT18X18D with its own registers in use.

Lattice FPGA-TN-02205, "ECP5 and ECP5-5G sysDSP Usage Guide": the slice has input, pipeline and
output registers, each with a clock, an enable and a reset of four; NONE bypasses them.
"""

from amaranth.hdl import ClockSignal, Instance, Signal

__all__ = ["mult18x18d"]

WIDTH = 18


def mult18x18d(a: Signal, b: Signal, product: Signal, *, pipelined: bool) -> Instance:
    """``product`` = a × b, signed 18 × 18, 2 clocks later, or 3 where ``pipelined``."""
    ports = {"i_CLK0": ClockSignal(), "i_CE0": 1, "i_RST0": 0, "i_SIGNEDA": 1, "i_SIGNEDB": 1,
             "i_SOURCEA": 0, "i_SOURCEB": 0}
    for bit in range(WIDTH):
        ports |= {f"i_A{bit}": a[bit], f"i_B{bit}": b[bit], f"i_C{bit}": 0}
    ports |= {f"o_P{bit}": product[bit] for bit in range(2 * WIDTH)}
    parameters = {"p_SOURCEB_MODE": "B_SHIFT", "p_GSR": "DISABLED", "p_RESETMODE": "SYNC"}
    for stage, used in (("INPUTA", True), ("INPUTB", True), ("PIPELINE", pipelined),
                        ("OUTPUT", True)):
        parameters |= {f"p_REG_{stage}_CLK": "CLK0" if used else "NONE",
                       f"p_REG_{stage}_CE": "CE0", f"p_REG_{stage}_RST": "RST0"}
    return Instance("MULT18X18D", **parameters, **ports)
