"""The microinstruction: what the assembler writes and the engine obeys, 24 bits.

    op         5   what to do
    operand   11   a cell (8 bits, or the cell of neuron J), a place in memory (page 7, index 3),
                   a shift (6 bits and its direction), a width, or the target of a branch
    source     3   where the operand Q comes from      ┐ or, in a branch,
    register   4   which register is set               │ condition 5, negated 1
    step       1   the index behind the address goes on┘
"""

from enum import IntEnum

from amaranth.hdl import unsigned
from amaranth.lib import data

__all__ = ["ADDRESS_BITS", "CELLS", "Condition", "Index", "Instruction", "Op", "PROGRAM_BITS",
           "Register", "SYNAPSE_PAGES", "Source", "WIDTHS", "encode"]

PROGRAM_BITS = 11
"""Bits of a microprogram address."""
ADDRESS_BITS = 15
"""Bits of an address in the state memory: a page of 256 words, and the word."""
CELLS = 256
"""Cells of the scratchpad that have names; as many again belong to neurons."""
SYNAPSE_PAGES = 64
"""First page of the half that synapses fill."""
WIDTHS = (18, 20, 27, 30, 32)
"""Widths that a number can be limited to."""


class Op(IntEnum):
    """Operations; acc is the accumulator, Q the operand, h the last bit shifted out."""

    NOTHING = 0
    LOAD = 1           # acc ← Q
    ADD = 2            # acc ← acc + Q
    ADD_ROUNDED = 3    # acc ← acc + Q + h
    SUBTRACT = 4       # acc ← acc − Q
    SUBTRACT_FROM = 5  # acc ← Q − acc
    XOR = 6            # acc ← acc ⊕ Q
    AND = 7            # acc ← acc ∧ Q
    SHIFT = 8          # acc ← acc shifted by the operand
    SHIFT_BY = 9       # acc ← acc shifted by the register SHIFT
    LIMIT = 10         # acc ← acc limited to a width; hits are counted if told so
    STORE = 11         # cell ← acc
    WRITE = 12         # memory ← acc, its low 32 bits
    SET = 13           # register ← Q
    ADVANCE = 14       # J, T ← next;  Y ← Y + stride
    SEND = 15          # the low 32 bits of acc are a word of the result
    BRANCH = 16        # go to the target if the condition holds
    CALL = 17          # the same, and remember where from
    RETURN = 18


class Source(IntEnum):
    """Where Q comes from."""

    CELL = 0
    MEMORY = 1         # 32 bits, signed
    UNSIGNED = 2       # 32 bits, unsigned
    PRODUCT = 3        # of the operands set 4 instructions ago or earlier
    FRAME = 4          # takes a word of the frame
    CYCLES = 5         # clocks at work; reading clears
    HITS = 6           # numbers limited; reading clears
    ACCUMULATOR = 7    # its low 18 bits, to set registers


class Register(IntEnum):
    """What SET sets."""

    A = 0              # operands of the multiplier
    B = 1
    SHIFT = 2          # right by 0 … 63, or left if negative
    MODE = 3           # 16 bits that branches test
    INNER = 4          # counters of loops
    OUTER = 5
    N = 6              # indices
    J = 7
    T = 8
    Y = 9
    P = 10
    STRIDE = 11
    MAPPED = 12        # P, from a bus address


class Index(IntEnum):
    """Which index an address is made with."""

    NONE = 0
    N = 1              # target neuron
    J = 2              # source neuron
    T = 3              # trace
    Y = 4              # synapse
    P = 5              # anything


class Condition(IntEnum):
    """What branches test; 16 and up are the bits of MODE."""

    ALWAYS = 0
    NEGATIVE = 1
    ZERO = 2
    GO = 3             # a frame begins and the host does not ask for the bus
    FRAME = 4          # a word of the frame waits
    PENDING = 5        # a word of the result is not taken yet
    HITS = 6
    ABORTED = 7        # the frame will not be whole
    INNER = 8          # the counter is not at 1; counts down
    OUTER = 9
    MODE = 16


Instruction = data.StructLayout({
    "operand": unsigned(11), "source": unsigned(3), "register": unsigned(4), "step": 1,
    "op": unsigned(5)})
"""As the engine sees it; of a branch, ``source`` and ``register`` are one field."""


def encode(op: Op, *, operand: int = 0, source: Source = Source.CELL,
           register: Register = Register.A, step: bool = False) -> int:
    """The bits of one instruction."""
    word = 0
    for value, shift, width in ((operand, 0, 11), (source, 11, 3), (register, 14, 4),
                                (int(step), 18, 1), (op, 19, 5)):
        if not 0 <= value < 1 << width:
            raise ValueError(f"{op.name}: {value} does not fit {width} bits")
        word |= int(value) << shift
    return word
