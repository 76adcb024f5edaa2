"""The assembler: microinstructions by name, cells, labels, blocks, and the gaps the engine needs.

    m.multiply(drive, ratio)
    m.load(u)
    m.left(4)
    m.add(PRODUCT)
    with m.when(Bit.LEARN):
        …

The engine neither waits nor forwards.  What an instruction must not follow too closely is kept
apart here, with NOTHING where the text leaves no other instruction in between:

    a cell is read            2 instructions after it was stored
    state memory is read      2 after it was written (it has one port)
    an index is used          2 after it was set
    the product is read       4 after an operand was set
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

from hdl.micro.instruction import (
    CELLS,
    WIDTHS,
    Condition,
    Op,
    Register,
    encode,
)
from hdl.micro.operands import ACC, PRODUCT, Cell, Place, source
from hdl.micro.shifter import ACC_WIDTH

__all__ = ["Assembler", "MicroProgram"]

PRODUCT_GAP, GAP = 4, 2
INDEX_REGISTERS = (Register.N, Register.J, Register.T, Register.Y, Register.P, Register.STRIDE,
                   Register.MAPPED)


@dataclass
class MicroProgram:
    """What the engine's memories hold: instruction words, and the cells' initial values."""

    words: list[int]
    constants: list[int]
    labels: dict[str, int] = field(default_factory=dict)


class Assembler:
    """Collects instructions; see the module."""

    def __init__(self):
        self._words: list[int | tuple] = []
        self._labels: dict[object, int] = {}
        self._cells: dict[object, Cell] = {}
        self._free = {"stored": {}, "memory": 0, "index": 0, "product": 0}
        self._skipped = None

    # Cells

    def cell(self, name: str) -> Cell:
        """The variable of that name."""
        return self._cells.setdefault(name, Cell(len(self._cells)))

    def constant(self, value: int) -> Cell:
        """A cell that holds ``value``."""
        return self._cells.setdefault(value, Cell(len(self._cells)))

    # Instructions

    def _emit(self, op: Op, q=None, *, written=None, **fields) -> None:
        """One instruction: its operand ``q`` is read, or the cell or place ``written``."""
        ready = self._ready(q, written, op)
        while len(self._words) < ready:
            self._words.append(encode(Op.NOTHING))
        here, place = len(self._words), written if written is not None else q
        if isinstance(place, Cell | Place):
            fields["operand"] = place.operand
        if isinstance(place, Place):
            fields["step"] = place.steps
        if q is not None:
            fields["source"] = source(q)
        self._words.append(encode(op, **fields))
        if isinstance(written, Cell):
            self._free["stored"] = {written: here + GAP}
        elif isinstance(written, Place):
            self._free["memory"] = here + GAP

    def _ready(self, q, written, op) -> int:
        """The first place in the program where this operand may be used."""
        ready = [self._free["stored"].get(q, 0)]
        uses_index = op == Op.ADVANCE or any(
            isinstance(place, Place) or (isinstance(place, Cell) and place.of_neuron)
            for place in (q, written))
        if isinstance(q, Place):
            ready.append(self._free["memory"])
        if uses_index:
            ready.append(self._free["index"])
        if q is PRODUCT:
            ready.append(self._free["product"])
        return max(ready)

    def load(self, q) -> None:
        """acc ← Q"""
        self._emit(Op.LOAD, q)

    def add(self, q) -> None:
        """acc ← acc + Q"""
        self._emit(Op.ADD, q)

    def add_rounded(self, q) -> None:
        """acc ← acc + Q, acc rounded half up from what was shifted out last"""
        self._emit(Op.ADD_ROUNDED, q)

    def round(self) -> None:
        """acc rounded half up from what was shifted out last"""
        self.add_rounded(self.constant(0))

    def subtract(self, q) -> None:
        """acc ← acc − Q"""
        self._emit(Op.SUBTRACT, q)

    def subtract_from(self, q) -> None:
        """acc ← Q − acc"""
        self._emit(Op.SUBTRACT_FROM, q)

    def negate(self) -> None:
        """acc ← −acc"""
        self.subtract_from(self.constant(0))

    def exclusive_or(self, q) -> None:
        """acc ← acc ⊕ Q"""
        self._emit(Op.XOR, q)

    def low_bits(self, count: int) -> None:
        """Only the low bits of acc stay: a number without a sign."""
        self._emit(Op.AND, self.constant((1 << count) - 1))

    def right(self, count: int) -> None:
        """acc ← acc / 2**count, rounded down"""
        self._shift(count, left=False)

    def left(self, count: int) -> None:
        """acc ← acc × 2**count"""
        self._shift(count, left=True)

    def _shift(self, count: int, *, left: bool) -> None:
        if not 0 <= count < 64:
            raise ValueError(f"shift by {count}; the limit is 63")
        if count:
            self._emit(Op.SHIFT, operand=count | left << 6)

    def shift_by(self, q) -> None:
        """acc ← acc / 2**Q, rounded down; to the left if Q is negative"""
        self.set(Register.SHIFT, q)
        self._emit(Op.SHIFT_BY)

    def limit(self, width: int, *, counts: bool = True) -> None:
        """acc limited to ``width`` bits; a hit ``counts``"""
        self._emit(Op.LIMIT, operand=WIDTHS.index(width) | counts << 3)

    def store(self, cell: Cell) -> None:
        """cell ← acc"""
        self._emit(Op.STORE, written=cell)

    def write(self, place: Place) -> None:
        """state memory ← the low 32 bits of acc"""
        self._emit(Op.WRITE, written=place)

    def set(self, register: Register, q=ACC) -> None:
        """register ← Q"""
        self._emit(Op.SET, q, register=register)
        if register in INDEX_REGISTERS:
            self._free["index"] = len(self._words) - 1 + GAP
        elif register in (Register.A, Register.B):
            self._free["product"] = len(self._words) - 1 + PRODUCT_GAP

    def set_mapped(self) -> None:
        """P ← the place of the bus address in acc, which the map takes a clock to find"""
        self._emit(Op.NOTHING)
        self.set(Register.MAPPED)

    def multiply(self, a, b) -> None:
        """PRODUCT ← a × b, of their low 18 bits, in time"""
        self.set(Register.A, a)
        self.set(Register.B, b)

    def advance(self) -> None:
        """To the next source neuron, its trace and synapse."""
        self._emit(Op.ADVANCE)

    def send(self) -> None:
        """The low 32 bits of acc are a word of the result; waits until it is taken."""
        self._emit(Op.SEND)
        self.wait_while(Condition.PENDING)

    # Order

    def label(self, name) -> None:
        """Branches to ``name`` come here."""
        if name in self._labels:
            raise ValueError(f"label {name} is there twice")
        self._labels[name] = len(self._words)
        # Where a branch came from, operands may have been set just before.
        self._free["product"] = max(self._free["product"], len(self._words) + 1)
        self._skipped = None

    def branch(self, name, condition=Condition.ALWAYS, *, unless: bool = False,
               op: Op = Op.BRANCH) -> None:
        """Go to ``name`` if the condition holds, or ``unless`` it does."""
        number = condition if isinstance(condition, Condition) else Condition.MODE + condition
        self._words.append((op, name, number, unless))

    def call(self, name, condition=Condition.ALWAYS) -> None:
        """The same, to come back at the next ``leave``; calls are not nested."""
        self.branch(name, condition, op=Op.CALL)

    def leave(self) -> None:
        """Back to behind the call."""
        self._emit(Op.RETURN)

    def wait_while(self, condition: Condition, *, unless: bool = False) -> None:
        """Stay here as long as the condition holds, or ``unless`` it does."""
        here = object()
        self.label(here)
        self.branch(here, condition, unless=unless)

    @contextmanager
    def when(self, condition, *, unless: bool = False):
        """The block runs if the condition holds."""
        end = object()
        self.branch(end, condition, unless=not unless)
        yield
        self.label(end)
        self._skipped = end

    def unless(self, condition):
        """The block runs if the condition does not hold."""
        return self.when(condition, unless=True)

    @contextmanager
    def otherwise(self):
        """The block runs if the one right before it did not."""
        skipped, end = self._skipped, object()
        if skipped is None or self._labels[skipped] != len(self._words):
            raise ValueError("otherwise follows no block")
        self.branch(end)
        self._labels[skipped] = len(self._words)
        yield
        self.label(end)

    @contextmanager
    def loop(self, counter: Register):
        """The block runs as often as the counter, INNER or OUTER, was set to."""
        start = object()
        self.label(start)
        yield
        self.branch(start, Condition[counter.name])

    def finish(self) -> MicroProgram:
        """The program, with all labels known."""
        words = []
        for word in self._words:
            if isinstance(word, tuple):
                op, name, condition, unless = word
                word = encode(op, operand=self._labels[name], source=condition & 7,
                              register=condition >> 3 | unless << 3)
            words.append(word)
        constants = [0] * CELLS
        for key, cell in self._cells.items():
            if cell.number >= CELLS:
                raise ValueError(f"more than {CELLS} cells")
            if isinstance(key, int):
                constants[cell.number] = key & ((1 << ACC_WIDTH) - 1)
        names = {name: at for name, at in self._labels.items() if isinstance(name, str)}
        return MicroProgram(words, constants, names)
