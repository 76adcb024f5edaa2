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

from hdl.config import MICRO, Config
from hdl.micro.assembler import MicroProgram
from hdl.micro.indices import Indices
from hdl.micro.instruction import CELLS, Condition, Op, Register, Source
from hdl.micro.places import HOST_REGISTERS, mapped
from hdl.micro.program import MICROPROGRAM
from hdl.micro.sequencer import Sequencer
from hdl.micro.shifter import ACC_WIDTH, Limiter, Shifter
from hdl.primitives.mac16 import SteppedMultiplier
from hdl.primitives.spram import SinglePortRam
from hdl.region import OFFSET_BITS, Region

__all__ = ["MicroCore"]


class MicroCore(wiring.Component):
    """The whole core, with the ports of ``hdl.top.Core``; ``microprogram`` is what it obeys.

    frame_*, result_*   streams of 32-bit words, transferred where valid and ready (hdl/frame.py);
                        ``frame_abort`` drops a frame that is not whole yet
    bus_*               held until ``bus_acknowledge``; served between frames, 3 clocks a word
    """

    def __init__(self, config: Config = MICRO, *, microprogram: MicroProgram = MICROPROGRAM):
        self.config, self.microprogram = config, microprogram
        super().__init__({
            "frame_data": In(32), "frame_valid": In(1), "frame_ready": Out(1),
            "frame_abort": In(1),
            "result_data": Out(32), "result_valid": Out(1), "result_ready": In(1),
            "bus_request": In(1), "bus_write": In(1), "bus_address": In(OFFSET_BITS + 5),
            "bus_write_data": In(32), "bus_acknowledge": Out(1), "bus_read_data": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = Sequencer(self.microprogram.words)
        m.submodules.indices = indices = Indices()
        m.submodules.state = state = SinglePortRam()
        now, obeyed = sequencer.executing, sequencer.obeyed
        acc, q = Signal(ACC_WIDTH), Signal(ACC_WIDTH)
        hits, cycles = Signal(4), Signal(32)
        cell = self._cells(m, sequencer, indices.j, acc)
        self._reach(m, sequencer, indices, state, acc)
        counted = self._compute(m, now, obeyed, acc, q)
        product = self._set(m, q, sequencer, indices)

        # What is there a clock ahead is chosen a clock ahead.
        outside = Signal(32)
        with m.Switch(sequencer.reading.source):
            for source, value in ((Source.FRAME, self.frame_data), (Source.CYCLES, cycles),
                                  (Source.HITS, hits)):
                with m.Case(source):
                    m.d.sync += outside.eq(value)
        with m.Switch(now.source):
            for sources, value in (
                    ((Source.CELL,), cell), ((Source.MEMORY,), state.read_data.as_signed()),
                    ((Source.UNSIGNED,), state.read_data), ((Source.PRODUCT,), product),
                    ((Source.ACCUMULATOR,), acc[:18]),
                    ((Source.FRAME, Source.CYCLES, Source.HITS), outside)):
                with m.Case(*sources):
                    m.d.comb += q.eq(value)
        loads = obeyed[Op.LOAD]
        m.d.sync += [
            hits.eq(Mux(loads & (now.source == Source.HITS), 0, hits + counted)),
            # Read in the clock before.
            cycles.eq(Mux(loads & (now.source == Source.CYCLES), 1, cycles)
                      + ~sequencer.waiting)]

        sends = obeyed[Op.SEND]
        m.d.sync += self.result_valid.eq(sends | self.result_valid & ~self.result_ready)
        m.d.comb += [
            self.result_data.eq(acc),
            self.frame_ready.eq(loads & (now.source == Source.FRAME))]
        # Remembered until the microprogram looks, which is between two words or frames.
        aborted = Signal()
        m.d.sync += aborted.eq((aborted | self.frame_abort) & ~sequencer.looking)
        # What comes from outside is looked at a clock late: what drives it may be slow.
        asked, offered = Signal(), Signal()
        m.d.sync += [asked.eq(self.bus_request), offered.eq(self.frame_valid & ~self.frame_ready)]
        for condition, holds in (
                (Condition.ALWAYS, 1), (Condition.NEGATIVE, acc[-1]), (Condition.ZERO, acc == 0),
                (Condition.GO, offered & ~asked),
                (Condition.FRAME, offered & ~aborted & ~self.frame_abort),
                (Condition.ABORTED, aborted), (Condition.PENDING, self.result_valid),
                (Condition.HITS, hits != 0)):
            m.d.comb += sequencer.conditions[condition].eq(holds)
        return m

    def _cells(self, m, sequencer, j, acc):
        """The scratchpad: named cells with their constants, and a cell for each neuron."""
        m.submodules.cells = store = memory.Memory(
            shape=ACC_WIDTH, depth=2 * CELLS, init=self.microprogram.constants)
        read, write = store.read_port(), store.write_port()
        operand = sequencer.reading.operand
        m.d.comb += [
            read.addr.eq(Mux(operand[-1], Cat(j, 1), operand[:8])),
            write.data.eq(acc), write.en.eq(sequencer.obeyed[Op.STORE])]
        m.d.sync += write.addr.eq(read.addr)
        return read.data

    def _reach(self, m, sequencer, indices, state, acc):
        """The state memory: for the instruction that reads or writes, or for the host."""
        reading, writes = sequencer.reading, sequencer.obeyed[Op.WRITE]
        waiting, held = sequencer.waiting, Signal(state.address.shape())
        found, serving = Signal(), Signal()
        asked = Mux(waiting, self.bus_address, acc[:OFFSET_BITS + 5])
        place = Signal(state.address.shape())
        m.d.sync += place.eq(mapped(m, asked))
        region, offset = self.bus_address[OFFSET_BITS:], self.bus_address[:OFFSET_BITS]
        protected = (region == Region.REGISTERS) & (
            (offset < HOST_REGISTERS.start) | (offset >= HOST_REGISTERS.stop))
        m.d.comb += [
            serving.eq(found & waiting & self.bus_request & ~self.bus_acknowledge),
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

    def _compute(self, m, now, obeyed, acc, q):
        """The accumulator's next value; returns a limit that was hit and counts."""
        m.submodules.shifter = shifter = Shifter()
        m.submodules.limiter = limiter = Limiter()
        half, shift = Signal(), Signal(7)
        with m.If(obeyed[Op.SET] & (now.register == Register.SHIFT)):
            m.d.sync += shift.eq(Cat(Mux(q[6], -q[:6], q[:6])[:6], q[6]))
        m.d.comb += [
            Cat(shifter.amount, shifter.left).eq(
                Mux(obeyed[Op.SHIFT], now.operand[:7], shift)),
            shifter.value.eq(acc), limiter.value.eq(acc), limiter.choice.eq(now.operand)]

        less, reverse = obeyed[Op.SUBTRACT], obeyed[Op.SUBTRACT_FROM]
        carry = less | reverse | obeyed[Op.ADD_ROUNDED] & half
        x, y = acc ^ reverse.replicate(ACC_WIDTH), q ^ less.replicate(ACC_WIDTH)
        total = (Cat(1, x) + Cat(carry, y))[1:]
        adds = Cat(obeyed[op] for op in (
            Op.ADD, Op.ADD_ROUNDED, Op.SUBTRACT, Op.SUBTRACT_FROM)).any()
        logic = Mux(obeyed[Op.LOAD], q, Mux(obeyed[Op.XOR], acc ^ q, acc & q))
        shifts = obeyed[Op.SHIFT] | obeyed[Op.SHIFT_BY]
        with m.If(adds | shifts | Cat(
                obeyed[op] for op in (Op.LOAD, Op.XOR, Op.AND, Op.LIMIT)).any()):
            m.d.sync += acc.eq(Mux(shifts, shifter.shifted, Mux(adds, total, Mux(
                obeyed[Op.LIMIT], limiter.limited, logic))))
        with m.If(shifts):
            m.d.sync += half.eq(shifter.half)
        return obeyed[Op.LIMIT] & limiter.hit & now.operand[3]

    def _set(self, m, q, sequencer, indices):
        """Registers that instructions set; returns the product of A and B."""
        m.submodules.multiplier = multiplier = SteppedMultiplier()
        now, sets = sequencer.executing, sequencer.obeyed[Op.SET]
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
