"""Datapaths that read as prose: values know the clock at which they are valid and wait for others.

A stage is a number of clocks after the operands entered.  Operands of a function meet at the latest
of their stages; whoever comes early is delayed.  Short or narrow delays are flip-flops, long and
wide ones circulate in a small memory with an output register (distributed RAM on an FPGA that has
it, and one word moved per clock, instead of all, in a simulator).

Where operands enter only every ``interval`` clocks, the same hardware serves several stages (modulo
scheduling): products whose stages differ modulo the interval share a multiplier, long shifts a
shifter, and a register that is loaded once per interval is valid for all of it, so that most delays
cost nothing.
"""

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib.memory import Memory

from hdl.fixed import exceeds, limit, narrow, saturate, shift_keep_half
from hdl.multiplier import OPERAND_WIDTH, Multiplier
from hdl.primitives.local_copy import local_copy
from hdl.shifter import Shifter

__all__ = ["Pipeline", "Staged", "limit_in_two", "settle", "shift_in_two"]

DEPTH = 16
"""Words of a delay memory."""
SHORTEST_MEMORY = 4
"""Delays below this many clocks are flip-flops, however wide."""
FEWEST_BITS = 32
"""Delays that hold fewer bits than this are flip-flops, however long."""


ENDS = 100
"""Bits that one register lets load."""
SHARED = {Multiplier: ("a", "b", "product"), Shifter: ("value", "shift", "shifted")}
"""Components that several stages may share: the names of their operands, and of their result."""


class Staged:
    """A value and the stages at which it is valid, with its delayed copies.

    stage, last   the first and the last of them; a copy is valid at ``interval`` stages
    """

    def __init__(self, value: Value, stage: int, *, last: int, interval: int):
        self.value = value
        self.stage, self.last, self._interval = stage, last, interval
        self.copies = {}

    def at(self, stage: int) -> Value:
        """The value as of a ``stage`` at or after its own."""
        if stage < self.stage:
            raise ValueError(f"value of stage {self.stage} is not there yet at stage {stage}")
        begin = self._begin(stage)
        if begin == self.stage:
            return self.value
        if begin not in self.copies:
            self.copies[begin] = Signal(self.value.shape(), reset_less=True,
                                        name=f"held_{self.stage}_{begin}")
        return self.copies[begin]

    def until(self, stage: int) -> int:
        """The last stage at which what is returned for ``stage`` is valid."""
        begin = self._begin(stage)
        return self.last if begin == self.stage else begin + self._interval - 1

    def _begin(self, stage: int) -> int:
        """The first stage of the value itself, or of the copy that is valid at ``stage``."""
        if stage <= self.last:
            return self.stage
        return stage - (stage - self.last - 1) % self._interval


class Pipeline:
    """A datapath under construction in module ``m``; ``finish`` adds all the delays.

    interval     clocks from one set of operands to the next, at least
    phase        where that is more than one: a counter modulo the interval, zero when they enter;
                 ``platform`` is that of the module
    """

    def __init__(self, m: Module, *, interval: int = 1, phase: Value | None = None,
                 platform=None):
        self._m = m
        self._values = []
        self.interval, self._phase, self._platform = interval, phase, platform
        self._enables, self._phases, self._copies = {}, {}, 0
        self._uses = {unit: [[] for _ in range(interval)] for unit in SHARED}

    def units(self, unit) -> int:
        """So many of a shared unit the pipeline has, by what was asked for until now."""
        return max(map(len, self._uses[unit]))

    def enter(self, value, stage: int = 0, *, clocks: int = 1) -> Staged:
        """``value`` as it is valid at ``stage``, and for so many ``clocks``."""
        staged = Staged(Value.cast(value), stage, last=stage + clocks - 1, interval=self.interval)
        self._values.append(staged)
        return staged

    def now(self, function, *operands: Staged, stage: int = 0):
        """``function`` of the operands' values, without a register; one Staged per result.

        ``stage`` is the earliest at which they meet.
        """
        stage = max(stage, *(operand.stage for operand in operands))
        results = function(*(operand.at(stage) for operand in operands))
        clocks = min(operand.until(stage) for operand in operands) - stage + 1
        if isinstance(results, tuple):
            return tuple(self.enter(result, stage, clocks=clocks) for result in results)
        return self.enter(results, stage, clocks=clocks)

    def then(self, function, *operands: Staged, stage: int = 0):
        """``function`` of the operands' values, in registers: valid one clock later."""
        results = self.now(function, *operands, stage=stage)
        if isinstance(results, tuple):
            return tuple(map(self.hold, results))
        return self.hold(results)

    def hold(self, operand: Staged) -> Staged:
        """The same value in a register, one clock later."""
        stage, interval = operand.stage + 1, self.interval
        if interval == 1:
            return self.enter(operand.at(stage), stage)
        register = Signal(operand.value.shape(), reset_less=True, name=f"then_{stage}")
        # What stays for the whole interval need not be caught.
        stays = operand.last - operand.stage >= interval - 1
        self._load(register, operand.value,
                   None if stays else self._enable(operand.stage, len(register)))
        return self.enter(register, stage, clocks=interval)

    def product(self, a: Staged, b: Staged, *, slack: int = 0) -> Staged:
        """``a × b`` by a :class:`Multiplier`, whose input registers may follow ``now``.

        slack   stages that it may wait for a multiplier, where they are shared
        """
        for shape in (a.value.shape(), b.value.shape()):
            if shape.width + (not shape.signed) > OPERAND_WIDTH:
                raise ValueError(f"operand of {shape} is wider than signed({OPERAND_WIDTH})")
        if self.interval > 1:
            return self.share(Multiplier, a, b, slack=slack)
        stage = max(a.stage, b.stage)
        multiplier = Multiplier()
        self._m.submodules += multiplier
        self._m.d.comb += [multiplier.a.eq(a.at(stage)), multiplier.b.eq(b.at(stage))]
        return self.enter(multiplier.product, stage + multiplier.latency)

    def share(self, unit, *operands: Staged, slack: int = 0) -> Staged:
        """What a ``unit`` of :data:`SHARED` makes of the operands, in the phase, of those that
        ``slack`` allows, in which the fewest others use one; for intervals above 1."""
        interval, first = self.interval, max(operand.stage for operand in operands)
        stage = min(range(first, first + min(slack + 1, interval)),
                    key=lambda stage: len(self._uses[unit][stage % interval]))
        result = Signal(unit.__annotations__[SHARED[unit][-1]].shape, name=f"result_{stage}")
        self._uses[unit][stage % interval].append(
            ([operand.at(stage) for operand in operands], result))
        return self.enter(result, stage + unit.latency)

    def finish(self) -> None:
        """Build the delays that were asked for; each value has one chain with a tap per stage."""
        interval = self.interval
        for staged in self._values:
            value, here = staged.value, staged.last
            for begin in sorted(staged.copies):
                words = (begin - 1 - here) // interval + 1
                catch = None if interval == 1 else self._enable(staged.last, words * len(value))
                self._delay(value, words, staged.copies[begin], catch)
                value, here = staged.copies[begin], begin + interval - 1
        for unit in self._uses:
            for number in range(self.units(unit)):
                self._serve(unit, number)

    def _serve(self, kind, number: int) -> None:
        """A shared unit: the n-th of a kind does the n-th work of every phase."""
        m, (*names, made) = self._m, SHARED[kind]
        m.submodules[f"{kind.__name__.lower()}_{number}"] = unit = kind()
        mine = {phase: uses[number] for phase, uses in enumerate(self._uses[kind])
                if number < len(uses)}
        following = Mux(self._phase == self.interval - 1, 0, self._phase + 1)
        chosen = local_copy(m, following[:len(self._phase)], self._platform,
                            name=f"{kind.__name__.lower()}_{number}_phase")
        with m.Switch(chosen):
            for phase, (operands, result) in mine.items():
                # The last one whatever the phase, then: what nobody asks for is no choice.
                with m.Default() if phase == max(mine) else m.Case(phase):
                    m.d.comb += [getattr(unit, name).eq(operand)
                                 for name, operand in zip(names, operands, strict=True)]
                m.d.comb += result.eq(getattr(unit, made))

    def _enable(self, stage: int, bits: int) -> Signal:
        """Whether something is at ``stage`` in this clock, or may be, for so many ``bits``: from
        one of several registers, for thousands would hang on a single one."""
        m, phase = self._m, stage % self.interval
        if phase not in self._phases:
            self._phases[phase] = comes = Signal(name=f"phase_{phase}_comes")
            m.d.comb += comes.eq(self._phase == (phase - 1) % self.interval)
        enable, ends = self._enables.get(phase, (None, ENDS))
        if ends + bits > ENDS:
            self._copies += 1
            enable, ends = local_copy(m, self._phases[phase], self._platform,
                                      name=f"phase_{phase}_{self._copies}"), 0
        self._enables[phase] = enable, ends + bits
        return enable

    def _load(self, register: Signal, value: Value, catch: Signal | None) -> None:
        """``value`` into a register, every clock or on a ``catch``."""
        if catch is None:
            self._m.d.sync += register.eq(value)
        else:
            with self._m.If(catch):
                self._m.d.sync += register.eq(value)

    def _delay(self, value: Value, words: int, result: Signal, catch: Signal | None) -> None:
        """``result`` is the value before so many loads, which happen every clock or on a catch."""
        if words > DEPTH + 1:
            between = Signal(value.shape(), reset_less=True)
            self._delay(value, DEPTH + 1, between, catch)
            self._delay(between, words - DEPTH - 1, result, catch)
        elif words < SHORTEST_MEMORY or words * len(value) < FEWEST_BITS:
            for _ in range(words - 1):
                following = Signal(value.shape(), reset_less=True)
                self._load(following, value, catch)
                value = following
            self._load(result, value, catch)
        else:
            self._circulate(value, words, result, catch)

    def _circulate(self, value: Value, words: int, result: Signal, catch: Signal | None) -> None:
        memory = Memory(shape=Shape.cast(value.shape()), depth=DEPTH, init=[])
        self._m.submodules += memory
        write, read = memory.write_port(), memory.read_port(domain="comb")
        self._m.d.comb += [
            write.en.eq(1 if catch is None else catch), write.addr.eq(self._pointer(0, catch)),
            write.data.eq(value), read.addr.eq(self._pointer(words - 1, catch)),
        ]
        self._load(result, read.data, catch)

    def _pointer(self, behind: int, catch: Signal | None) -> Signal:
        """A counter that trails the one from zero by so many words; each memory has its own two,
        for it would take long to reach them all from one."""
        pointer = Signal(range(DEPTH), init=-behind % DEPTH, name=f"behind_{behind % DEPTH}")
        self._load(pointer, pointer + 1, catch)
        return pointer


def shift_in_two(pipe: Pipeline, value: Staged, shift: Staged, *, least: int = 0,
                 slack: int = 0) -> Staged:
    """``shift_keep_half`` in two clocks: by multiples of 8, then by less.

    slack   stages that it may wait for a shifter, where they are shared
    """
    if pipe.interval > 1:
        # Shifted by what is known; the rest of the way leaves the width as it is.
        known = pipe.now(lambda value: shift_keep_half(value, 0, least=least), value)
        return pipe.now(lambda shifted: narrow(shifted, len(known.value)),
                        pipe.share(Shifter, known, shift, slack=slack))
    coarse = pipe.then(
        lambda value, shift: shift_keep_half(value, Cat(Const(0, 3), shift[3:]), least=least),
        value, shift)
    return pipe.then(lambda coarse, shift: coarse >> shift[:3], coarse, shift)


def limit_in_two(pipe: Pipeline, value: Staged, width: int) -> tuple[Staged, Staged]:
    """``saturate`` in two clocks, for values much wider than ``width``: compared, then limited."""
    beyond = pipe.then(lambda value: exceeds(value, width), value)
    return (pipe.then(lambda value, beyond: limit(value, width, beyond), value, beyond),
            pipe.hold(beyond))


def settle(width: int, *, always_counted: bool = False):
    """How a state moves: a function (moved, moves, old) → (state in ``width`` bits, saturated).

    always_counted   a limit counts even if the state holds
    """
    def settled(moved, moves, old):
        limited, hit = saturate(moved, width)
        return Mux(moves, limited, old), hit & (moves | always_counted)
    return settled
