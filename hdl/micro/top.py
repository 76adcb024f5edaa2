"""The small core: one accumulator, one adder, one shifter, one multiplier, and a microprogram.

            ┌───────────────┐        ┌──────── cells ────────┐
            │ state memory  │        │ constants, variables, │
            │ 32 k × 32     │        │ Σ B e;  48 bits       │
            └──▲─────────┬──┘        └──▲─────────────────┬──┘
     indices ──┘         └──────┬───────┼─────────────────┘
                                Q   ┌───┴─────────┐
              A × B ────────────┼──►│ accumulator │◄── adder, logic, shifter, limiter
                └───────────────┘   └─────────────┘

It runs the same Program as ``hdl.top.Core`` with the same bits, one operation after the other, and
answers to the same ports; docs/micro.md has its clocks.  All that the host can see is in the state
memory, so the bus needs nothing but a map of addresses.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.micro.indices import Indices
from hdl.micro.instruction import CELLS, Condition, Op, Register, Source
from hdl.micro.places import CAPACITY, HOST_WRITES, mapped
from hdl.micro.sequencer import Sequencer
from hdl.micro.shifter import ACC_WIDTH, Limiter, Shifter
from hdl.primitives.mac16 import SteppedMultiplier
from hdl.primitives.spram import SinglePortRam
from hdl.region import OFFSET_BITS, Region

__all__ = ["MicroCore"]


class MicroCore(wiring.Component):
    """The whole core, with the ports of ``hdl.top.Core``; ``microprogram`` is what it obeys.

    frame_*, result_*   streams of 32-bit words, transferred where valid and ready (hdl/frame.py)
    bus_*               held until ``bus_acknowledge``; served between frames, 3 clocks a word
    """

    def __init__(self, config: Config = CAPACITY, *, microprogram=None):
        if microprogram is None:
            from hdl.micro.program import MICROPROGRAM as microprogram
        self.config, self.microprogram = config, microprogram
        super().__init__({
            "frame_data": In(32), "frame_valid": In(1), "frame_ready": Out(1),
            "result_data": Out(32), "result_valid": Out(1), "result_ready": In(1),
            "bus_request": In(1), "bus_write": In(1), "bus_address": In(OFFSET_BITS + 5),
            "bus_write_data": In(32), "bus_acknowledge": Out(1), "bus_read_data": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = Sequencer(self.microprogram.words)
        m.submodules.indices = indices = Indices()
        m.submodules.state = state = SinglePortRam()
        now, acc, q = sequencer.executing, Signal(ACC_WIDTH), Signal(ACC_WIDTH)
        hits, cycles = Signal(4), Signal(32)
        cell = self._cells(m, sequencer, indices.j, acc)
        self._reach(m, sequencer, indices, state, acc)
        counted = self._compute(m, now, acc, q)
        product = self._set(m, now, q, sequencer, indices)

        with m.Switch(now.source):
            for source, value in (
                    (Source.CELL, cell), (Source.MEMORY, state.read_data.as_signed()),
                    (Source.UNSIGNED, state.read_data), (Source.PRODUCT, product),
                    (Source.FRAME, self.frame_data), (Source.CYCLES, cycles),
                    (Source.HITS, hits), (Source.ACCUMULATOR, acc[:18])):
                with m.Case(source):
                    m.d.comb += q.eq(value)
        loads = now.op == Op.LOAD
        m.d.sync += [
            hits.eq(Mux(loads & (now.source == Source.HITS), 0, hits + counted)),
            cycles.eq(Mux(loads & (now.source == Source.CYCLES), 0, cycles)
                      + ~sequencer.waiting)]

        sends = now.op == Op.SEND
        m.d.sync += self.result_valid.eq(sends | self.result_valid & ~self.result_ready)
        m.d.comb += [
            self.result_data.eq(acc),
            self.frame_ready.eq(loads & (now.source == Source.FRAME))]
        for condition, holds in (
                (Condition.ALWAYS, 1), (Condition.NEGATIVE, acc[-1]), (Condition.ZERO, acc == 0),
                (Condition.GO, self.frame_valid & ~self.bus_request),
                (Condition.FRAME, self.frame_valid), (Condition.PENDING, self.result_valid),
                (Condition.HITS, hits != 0)):
            m.d.comb += sequencer.conditions[condition].eq(holds)
        return m

    def _cells(self, m, sequencer, j, acc):
        """The scratchpad: named cells with their constants, and a cell for each neuron."""
        m.submodules.cells = store = memory.Memory(
            shape=ACC_WIDTH, depth=2 * CELLS, init=self.microprogram.constants)
        read, write = store.read_port(), store.write_port()
        operand, now = sequencer.reading.operand, sequencer.executing
        m.d.comb += [
            read.addr.eq(Mux(operand[-1], Cat(j, 1), operand[:8])),
            write.data.eq(acc), write.en.eq(now.op == Op.STORE)]
        m.d.sync += write.addr.eq(read.addr)
        return read.data

    def _reach(self, m, sequencer, indices, state, acc):
        """The state memory: for the instruction that reads or writes, or for the host."""
        reading, writes = sequencer.reading, sequencer.executing.op == Op.WRITE
        waiting, held = sequencer.waiting, Signal(state.address.shape())
        found, serving = Signal(), Signal()
        asked = Mux(waiting, self.bus_address, acc[:OFFSET_BITS + 5])
        place = Signal(state.address.shape())
        m.d.sync += place.eq(mapped(m, asked))
        region, offset = self.bus_address[OFFSET_BITS:], self.bus_address[:OFFSET_BITS]
        protected = (region == Region.REGISTERS) & ~(
            (offset >= min(HOST_WRITES)) & (offset <= max(HOST_WRITES)))
        m.d.comb += [
            serving.eq(found & self.bus_request & ~self.bus_acknowledge),
            state.address.eq(Mux(writes, held, Mux(waiting, place, indices.address))),
            state.write.eq(writes | serving & self.bus_write & ~protected),
            state.write_data.eq(Mux(waiting, self.bus_write_data, acc)),
            self.bus_read_data.eq(state.read_data),
            indices.page.eq(reading.operand[:7]), indices.index.eq(reading.operand[7:10]),
            indices.step.eq(reading.step & ~sequencer.dropped),
            indices.advance.eq((reading.op == Op.ADVANCE) & ~sequencer.dropped),
            indices.place.eq(place)]
        m.d.sync += [held.eq(indices.address), self.bus_acknowledge.eq(serving),
                     found.eq(waiting & self.bus_request & ~serving & ~self.bus_acknowledge)]

    def _compute(self, m, now, acc, q):
        """The accumulator's next value; returns a limit that was hit and counts."""
        m.submodules.shifter = shifter = Shifter()
        m.submodules.limiter = limiter = Limiter()
        half, shift = Signal(), Signal(7)
        fixed = now.op == Op.SHIFT
        with m.If((now.op == Op.SET) & (now.register == Register.SHIFT)):
            m.d.sync += shift.eq(Cat(Mux(q[6], -q[:6], q[:6])[:6], q[6]))
        m.d.comb += [
            Cat(shifter.amount, shifter.left).eq(Mux(fixed, now.operand[:7], shift)),
            shifter.value.eq(acc), limiter.value.eq(acc), limiter.choice.eq(now.operand)]

        less, reverse = now.op == Op.SUBTRACT, now.op == Op.SUBTRACT_FROM
        carry = less | reverse | (now.op == Op.ADD_ROUNDED) & half
        x, y = acc ^ reverse.replicate(ACC_WIDTH), q ^ less.replicate(ACC_WIDTH)
        total = (Cat(1, x) + Cat(carry, y))[1:]
        with m.Switch(now.op):
            for op, value in ((Op.LOAD, q), (Op.XOR, acc ^ q), (Op.AND, acc & q),
                              (Op.LIMIT, limiter.limited)):
                with m.Case(op):
                    m.d.sync += acc.eq(value)
            with m.Case(Op.ADD, Op.ADD_ROUNDED, Op.SUBTRACT, Op.SUBTRACT_FROM):
                m.d.sync += acc.eq(total)
            with m.Case(Op.SHIFT, Op.SHIFT_BY):
                m.d.sync += [acc.eq(shifter.shifted), half.eq(shifter.half)]
        return (now.op == Op.LIMIT) & limiter.hit & now.operand[3]

    def _set(self, m, now, q, sequencer, indices):
        """Registers that instructions set; returns the product of A and B."""
        m.submodules.multiplier = multiplier = SteppedMultiplier()
        sets = now.op == Op.SET
        for register in (Register.A, Register.B):
            operand = Signal(18, name=f"operand_{register.name.lower()}")
            with m.If(sets & (now.register == register)):
                m.d.sync += operand.eq(q)
            m.d.comb += getattr(multiplier, register.name.lower()).eq(operand)
        m.d.comb += [
            indices.set.eq(sets), indices.register.eq(now.register), indices.value.eq(q),
            sequencer.value.eq(q)]
        for name in ("mode", "inner", "outer"):
            m.d.comb += getattr(sequencer, f"set_{name}").eq(
                sets & (now.register == Register[name.upper()]))
        return multiplier.product
