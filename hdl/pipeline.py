"""Datapaths that read as prose: values know the clock at which they are valid and wait for others.

A stage is a number of clocks after the operands entered.  Operands of a function meet at the latest
of their stages; whoever comes early is delayed.  Short or narrow delays are flip-flops, long and
wide ones circulate in a small memory with an output register (distributed RAM on an FPGA that has
it, and one word moved per clock, instead of all, in a simulator).
"""

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib.memory import Memory

from hdl.fixed import saturate, shift_keep_half
from hdl.multiplier import OPERAND_WIDTH, Multiplier

__all__ = ["Pipeline", "Staged", "settle", "shift_in_two"]

DEPTH = 16
"""Words of a delay memory."""
SHORTEST_MEMORY = 4
"""Delays below this many clocks are flip-flops, however wide."""
FEWEST_BITS = 32
"""Delays that hold fewer bits than this are flip-flops, however long."""


class Staged:
    """A value and the stage at which it is valid, with its delayed copies."""

    def __init__(self, value: Value, stage: int):
        self.value = value
        self.stage = stage
        self.copies = {}

    def at(self, stage: int) -> Value:
        """The value as of a ``stage`` at or after its own."""
        if stage < self.stage:
            raise ValueError(f"value of stage {self.stage} is not there yet at stage {stage}")
        if stage == self.stage:
            return self.value
        if stage not in self.copies:
            self.copies[stage] = Signal(self.value.shape(), reset_less=True,
                                        name=f"held_{self.stage}_{stage}")
        return self.copies[stage]


class Pipeline:
    """A datapath under construction in module ``m``; ``finish`` adds all the delays."""

    def __init__(self, m: Module):
        self._m = m
        self._values = []

    def enter(self, value, stage: int = 0) -> Staged:
        """``value`` as it is valid at ``stage``."""
        staged = Staged(Value.cast(value), stage)
        self._values.append(staged)
        return staged

    def now(self, function, *operands: Staged, stage: int = 0):
        """``function`` of the operands' values, without a register; one Staged per result.

        ``stage`` is the earliest at which they meet.
        """
        stage = max(stage, *(operand.stage for operand in operands))
        results = function(*(operand.at(stage) for operand in operands))
        if isinstance(results, tuple):
            return tuple(self.enter(result, stage) for result in results)
        return self.enter(results, stage)

    def then(self, function, *operands: Staged, stage: int = 0):
        """``function`` of the operands' values, in registers: valid one clock later."""
        results = self.now(function, *operands, stage=stage)
        if isinstance(results, tuple):
            return tuple(map(self.hold, results))
        return self.hold(results)

    def hold(self, operand: Staged) -> Staged:
        """The same value in a register, one clock later."""
        return self.enter(operand.at(operand.stage + 1), operand.stage + 1)

    def product(self, a: Staged, b: Staged) -> Staged:
        """``a × b`` by a :class:`Multiplier`, whose input registers may follow ``now``."""
        for shape in (a.value.shape(), b.value.shape()):
            if shape.width + (not shape.signed) > OPERAND_WIDTH:
                raise ValueError(f"operand of {shape} is wider than signed({OPERAND_WIDTH})")
        stage = max(a.stage, b.stage)
        multiplier = Multiplier()
        self._m.submodules += multiplier
        self._m.d.comb += [multiplier.a.eq(a.at(stage)), multiplier.b.eq(b.at(stage))]
        return self.enter(multiplier.product, stage + multiplier.latency)

    def finish(self) -> None:
        """Build the delays that were asked for; each value has one chain with a tap per stage."""
        for staged in self._values:
            value, here = staged.value, staged.stage
            for stage in sorted(staged.copies):
                self._delay(value, stage - here, staged.copies[stage])
                value, here = staged.copies[stage], stage

    def _delay(self, value: Value, clocks: int, result: Signal) -> None:
        if clocks > DEPTH + 1:
            between = Signal(value.shape(), reset_less=True)
            self._delay(value, DEPTH + 1, between)
            self._delay(between, clocks - DEPTH - 1, result)
        elif clocks < SHORTEST_MEMORY or clocks * len(value) < FEWEST_BITS:
            for _ in range(clocks - 1):
                following = Signal(value.shape(), reset_less=True)
                self._m.d.sync += following.eq(value)
                value = following
            self._m.d.sync += result.eq(value)
        else:
            self._circulate(value, clocks, result)

    def _circulate(self, value: Value, clocks: int, result: Signal) -> None:
        memory = Memory(shape=Shape.cast(value.shape()), depth=DEPTH, init=[])
        self._m.submodules += memory
        write, read = memory.write_port(), memory.read_port(domain="comb")
        self._m.d.comb += [
            write.en.eq(1), write.addr.eq(self._pointer(0)), write.data.eq(value),
            read.addr.eq(self._pointer(clocks - 1)),
        ]
        self._m.d.sync += result.eq(read.data)

    def _pointer(self, behind: int) -> Signal:
        """A counter that trails the one from zero by so many words; each memory has its own two,
        for it would take long to reach them all from one."""
        pointer = Signal(range(DEPTH), init=-behind % DEPTH, name=f"behind_{behind % DEPTH}")
        self._m.d.sync += pointer.eq(pointer + 1)
        return pointer


def shift_in_two(pipe: Pipeline, value: Staged, shift: Staged, *, least: int = 0) -> Staged:
    """``shift_keep_half`` in two clocks: by multiples of 8, then by less."""
    coarse = pipe.then(
        lambda value, shift: shift_keep_half(value, Cat(Const(0, 3), shift[3:]), least=least),
        value, shift)
    return pipe.then(lambda coarse, shift: coarse >> shift[:3], coarse, shift)


def settle(width: int, *, always_counted: bool = False):
    """How a state moves: a function (moved, moves, old) → (state in ``width`` bits, saturated).

    always_counted   a limit counts even if the state holds
    """
    def settled(moved, moves, old):
        limited, hit = saturate(moved, width)
        return Mux(moves, limited, old), hit & (moves | always_counted)
    return settled
