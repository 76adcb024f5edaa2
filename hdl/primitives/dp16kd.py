"""ECP5's block RAM DP16KD as one write port (A) and one read port (B), output register in use.

Lattice FPGA-TN-02204, "ECP5 and ECP5-5G Memory Usage Guide": 18 Kbit as 512 × 36 (pseudo dual port
only), 1024 × 18, 2048 × 9, 4096 × 4, 8192 × 2 or 16384 × 1; addresses are aligned to the top of 14
bits, and the lowest ones of port A are byte enables where words have two or four bytes.
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Signal, Value

__all__ = ["SHAPES", "dp16kd"]

SHAPES = {36: 512, 18: 1024, 9: 2048, 4: 4096, 2: 8192, 1: 16384}
"""Words of a block by their width."""
ADDRESS_BITS = 14
BYTES = {36: 4, 18: 2}


def _ports(prefix: str, value, bits: int) -> dict:
    """One scalar port per bit, zero beyond the value's width."""
    value = Value.cast(value)
    return {f"{prefix}{k}": value[k] if k < len(value) else Const(0, 1) for k in range(bits)}


def _aligned(address, width: int, low) -> Value:
    """The address pins: ``low`` in the lowest bits, the word's number at the top."""
    skipped = ADDRESS_BITS - (SHAPES[width] - 1).bit_length()
    padded = Cat(low, Const(0, skipped))[:skipped]
    return Cat(padded, address, Const(0, ADDRESS_BITS))[:ADDRESS_BITS]


def dp16kd(*, width: int, read_address, read_data: Signal, write_address, write_data, write,
           output_register: bool) -> Instance:
    """A block of ``SHAPES[width]`` words; data come 1 clock after the address, or 2 with register.

    write   a bit, or, where a word has two bytes or four, as many: which of them

    What is read while the same word is written is undefined.
    """
    mode = "OUTREG" if output_register else "NOREG"
    parameters = {
        "p_DATA_WIDTH_A": width, "p_DATA_WIDTH_B": width, "p_REGMODE_A": mode, "p_REGMODE_B": mode,
        "p_RESETMODE": "SYNC", "p_ASYNC_RESET_RELEASE": "SYNC", "p_GSR": "DISABLED",
        "p_CSDECODE_A": "0b000", "p_CSDECODE_B": "0b000", "p_WRITEMODE_A": "NORMAL",
        "p_WRITEMODE_B": "NORMAL", "p_CLKAMUX": "CLKA", "p_CLKBMUX": "CLKB"}
    write = Value.cast(write)
    enables = write if len(write) > 1 else Cat(*[write] * BYTES.get(width, 0))
    ports = {
        # Words of 36 bits have no write enable but that of their bytes.
        "i_CLKA": ClockSignal(), "i_CEA": 1, "i_OCEA": 1, "i_RSTA": 0,
        "i_WEA": Const(1, 1) if width == 36 else write,
        "i_CLKB": ClockSignal(), "i_CEB": 1, "i_OCEB": 1, "i_RSTB": 0, "i_WEB": 0,
        **_ports("i_CSA", Const(0, 3), 3), **_ports("i_CSB", Const(0, 3), 3),
        **_ports("i_ADA", _aligned(write_address, width, enables), ADDRESS_BITS),
        **_ports("i_ADB", _aligned(read_address, width, Const(0, 0)), ADDRESS_BITS),
        **_ports("i_DIA", write_data[:18], 18), **_ports("i_DIB", write_data[18:], 18)}
    out = {}
    for bit in range(len(read_data)):
        half, pin = ("AB"[bit // 18], bit % 18) if width == 36 else ("B", bit)
        out[f"o_DO{half}{pin}"] = read_data[bit]
    return Instance("DP16KD", **parameters, **ports, **out)
