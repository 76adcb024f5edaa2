"""The sequencer: which instruction now.  An instruction takes three clocks, one enters each clock.

    fetch     its address goes to the program memory
    read      it is there: its operand's address goes to cells or state memory, indices step
    execute   its operand is there: accumulator, registers, memories change; branches are decided

A branch that is taken drops the one instruction behind it.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.micro.instruction import PROGRAM_BITS, Condition, Instruction, Op

__all__ = ["Sequencer"]

COUNT_BITS = 10


class Sequencer(wiring.Component):
    """Program memory, program counter, conditions and loop counters.

    reading       the instruction in its read stage, ``dropped`` if a branch is being taken
    executing     the instruction in its execute stage
    obeyed        what it does, one bit per Op; none where one was dropped
    conditions    what branches test, by number; counters and MODE are the sequencer's own
    set_*         the counters and MODE take ``value``
    looking       the condition GO is being tested
    waiting       it failed last time: the core is idle
    """

    def __init__(self, program: list[int]):
        if len(program) > 1 << PROGRAM_BITS:
            raise ValueError(f"microprogram of {len(program)} instructions; the limit is "
                             f"{1 << PROGRAM_BITS}")
        self.program = program
        super().__init__({
            "reading": Out(Instruction), "dropped": Out(1), "executing": Out(Instruction),
            "obeyed": Out(max(Op) + 1),
            "conditions": In(Condition.INNER), "waiting": Out(1),
            "looking": Out(1),
            "set_inner": In(1), "set_outer": In(1), "set_mode": In(1), "value": In(16),
        })

    def _holds(self, m, now):
        """Whether the condition of the instruction ``now`` holds; counters count."""
        negated, condition = now.register[3], Cat(now.source, now.register[:2])
        counts, mode = [], Signal(16)
        for name, write in (("inner", self.set_inner), ("outer", self.set_outer)):
            count, number = Signal(COUNT_BITS, name=name), Condition[name.upper()]
            counts.append(count != 1)
            with m.If(write):
                m.d.sync += count.eq(self.value)
            with m.Elif(self.obeyed[Op.BRANCH] & (condition == number)):
                m.d.sync += count.eq(count - 1)
        with m.If(self.set_mode):
            m.d.sync += mode.eq(self.value)
        tested = Array([*self.conditions, *counts, *[0] * (16 - Condition.OUTER - 1), *mode])
        return tested[condition] ^ negated, condition

    def elaborate(self, platform):
        m = Module()
        m.submodules.program = store = memory.Memory(
            shape=Instruction, depth=len(self.program), init=[
                data.Const(Instruction, word) for word in self.program])
        fetched = store.read_port()
        now = self.executing
        holds, condition = self._holds(m, now)
        counter, taken, behind, back = (Signal(PROGRAM_BITS, name="counter"), Signal(),
                                        Signal(PROGRAM_BITS), Signal(PROGRAM_BITS))
        # The first instruction takes a clock to arrive.
        arrived = Signal()
        obeyed, returns = self.obeyed, self.obeyed[Op.RETURN]
        branches = obeyed[Op.BRANCH] | obeyed[Op.CALL]
        m.d.comb += [
            taken.eq(branches & holds | returns),
            fetched.addr.eq(Mux(taken, Mux(returns, back, now.operand), counter)),
            self.reading.eq(fetched.data), self.dropped.eq(taken | ~arrived)]
        m.d.sync += [
            arrived.eq(1), counter.eq(fetched.addr + 1), behind.eq(fetched.addr),
            now.eq(fetched.data), obeyed.eq(Mux(self.dropped, 0, 1 << fetched.data.op))]
        with m.If(obeyed[Op.CALL] & taken):
            m.d.sync += back.eq(behind)
        m.d.comb += self.looking.eq(branches & (condition == Condition.GO))
        with m.If(self.looking):
            m.d.sync += self.waiting.eq(~self.conditions[Condition.GO])
        return m
