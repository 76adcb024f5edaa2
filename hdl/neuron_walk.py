"""Whose turn it is: the walk over a step's populations, neuron by neuron, as sums are complete."""

from amaranth.hdl import Const, Mux, Signal, signed
from amaranth.lib import data

from hdl.config import Config
from hdl.fetch import DescriptorFetch
from hdl.measures import learned_ratio
from hdl.primitives.local_copy import local_copy
from hdl.sequencer import Header, next_slot
from hdl.steps import STEP_BITS
from model.formats import ALPHA
from model.program import ALPHA_BITS, Flag

__all__ = ["tag_layout", "turns", "walk"]

PIECE = 40
"""Bits of a descriptor that are told together to be taken."""


def tag_layout(config: Config) -> data.StructLayout:
    """What goes through the pipeline with a neuron."""
    return data.StructLayout({
        "slot": config.slot_bits, "is_input": 1, "is_output": 1,
        "output": config.outputs.bit_length(), "number": config.populations.bit_length(),
        "last": 1, "final": 1, "parity": 1, "learn": 1})


def turns(m, clocks):
    """Where a neuron has a turn of several ``clocks``: the number of each, and whether it is the
    first, the last."""
    if clocks == 1:
        return None, Const(1, 1), Const(1, 1)
    turn = Signal(range(clocks))
    first, last = Signal(name="turn_begins"), Signal(name="turn_ends")
    m.d.sync += [turn.eq(Mux(last, 0, turn + 1)), first.eq(last),
                 last.eq(turn == (clocks - 2))]
    return turn, first, last


def walk(m, platform, unit, begins, ends):
    """A neuron a turn: (active, tag at stage 0, record a clock later, header of its step).

    The tag, and all that is read by it, stays for the turn, which ``begins`` and ``ends``.

    unit   the :class:`hdl.neurons.NeuronUnit` that walks
    """
    config = unit.config
    fetch, record = _fetch(m, unit)
    # The pipeline's part of a descriptor is taken a clock later: many registers wait for it.
    part, current = (Signal(unit.fields.record, name=name, reset_less=True)
                     for name in ("part", "current"))
    product = Signal(signed(36), name="ratio_product", reset_less=True)
    m.d.comb += [part[name].eq(record[name]) for name in unit.fields.record.members]
    with m.If(local_copy(m, fetch.take, platform, name="taken_product")):
        m.d.sync += product.eq(fetch.product)
    for low in range(0, len(part.as_value()), PIECE):
        with m.If(local_copy(m, fetch.take, platform, name=f"taken_{low}")):
            m.d.sync += current.as_value()[low:low + PIECE].eq(part.as_value()[low:low + PIECE])
    is_input, is_output = (Signal(name=name) for name in ("is_input", "is_output"))
    slot, after, left = (Signal(config.slot_bits, name=name) for name in ("slot", "after", "left"))
    number, waiting = Signal(range(config.populations + 1)), Signal()
    output, last, final = Signal(range(config.outputs + 1)), Signal(), Signal()
    step, following, active, loaded = Signal(STEP_BITS), Signal(STEP_BITS), Signal(), Signal()
    header, summed = Signal(Header), Signal()
    # Of the neuron that waits, if one does: it has all that it needs; it goes, for it is done.
    ready, goes, done, ended = (Signal(name=name) for name in ("ready", "goes", "done", "ended"))
    m.d.comb += [ready.eq(loaded & summed & begins), goes.eq(ready), done.eq(waiting & goes),
                 ended.eq(done & final)]
    if config.neuron_clocks > 1:
        going = Signal()
        m.d.comb += goes.eq(going & ends)
        m.d.sync += going.eq(active | (going & ~ends))
    # Whether a population is the step's last one is known when it is taken.
    only, latest = Signal(), Signal()
    m.d.sync += only.eq(unit.count == 1)
    m.d.comb += [
        header.eq(Mux(step[0], unit.header_1, unit.header_0)),
        active.eq(waiting & ready), final.eq(last & latest),
        fetch.take.eq(fetch.valid & (~waiting | (done & last)))]
    # Either moves the walk on; said so that few registers tell.
    with m.If(Mux(waiting, goes, fetch.valid)):
        m.d.sync += [slot.eq(after), after.eq(next_slot(after, config)), output.eq(output + 1),
                     left.eq(left - 1), last.eq(left == 2), waiting.eq(~last)]
    with m.If(fetch.take):
        m.d.sync += [is_input.eq(record.is_input), is_output.eq(record.is_output),
                     number.eq(Mux(ended, 1, number + 1)),
                     latest.eq(Mux(ended, only, number + 1 == unit.count)),
                     slot.eq(record.slot), after.eq(next_slot(record.slot, config)),
                     output.eq(record.output_first),
                     left.eq(record.size), last.eq(record.size == 1), waiting.eq(1)]
    with m.Elif(ended):
        m.d.sync += number.eq(0)
    m.d.comb += following.eq(step + 1)
    m.d.sync += loaded.eq(Mux(ended, _may_begin(unit, following), _may_begin(unit, step)))
    with m.If(ended):
        m.d.sync += step.eq(following)
    with m.If(unit.set):
        m.d.sync += step.eq(unit.parity)
    # Whether the sums of the slot that comes are complete is known a clock ahead.
    landed, below = (unit.landed + unit.lands)[:STEP_BITS], unit.complete
    # Each comparison by itself: one for a choice of slots would wait for the choice.
    moves = done & ~fetch.take
    m.d.sync += summed.eq(
        Mux(ended, following != landed, step != landed)
        | (fetch.take & (record.slot < below)) | (moves & (after < below))
        | (~fetch.take & ~done & (slot < below)))
    tag = Signal(tag_layout(config))
    m.d.comb += [
        tag.slot.eq(slot), tag.output.eq(output), tag.is_input.eq(is_input),
        tag.is_output.eq(is_output), tag.number.eq(number - 1), tag.last.eq(last),
        tag.final.eq(final), tag.parity.eq(step[0]),
        tag.learn.eq((header.flags & Flag.LEARN).any())]
    # The product is rounded on the way: it would take long before the register.
    told = Signal(unit.fields.record, name="told")
    m.d.comb += told.eq(current)
    with m.If(current.learns_tau):
        m.d.comb += told.ratio.eq(learned_ratio(product))
    return active, tag, told, header


def _fetch(m, unit):
    """The next population and, where τm is learned, its time constants as of this step."""
    m.submodules.fetch = fetch = DescriptorFetch(
        unit.descriptor, depth=unit.config.populations, side=ALPHA.width)
    mantissa = unit.alpha[ALPHA_BITS:]
    m.d.comb += [
        fetch.start.eq(unit.may_record & fetch.ready), unit.recorded_done.eq(fetch.start),
        fetch.count.eq(unit.count), unit.number.eq(fetch.number), fetch.arrived.eq(unit.data),
        unit.alpha_number.eq(fetch.arriving),
        fetch.a.eq(mantissa), fetch.b.eq(unit.data.ratio_scale), fetch.side.eq(unit.alpha)]
    record = Signal(unit.descriptor)
    m.d.comb += record.eq(fetch.descriptor)
    with m.If(fetch.descriptor.learns_tau):
        learned = fetch.held[ALPHA_BITS:]
        m.d.comb += [record.membrane_mantissa.eq(learned), record.error_mantissa.eq(learned)]
    return fetch, record


def _may_begin(unit, step):
    """The frame of a step is there, and the result whose place the step's takes is sent."""
    return (step != unit.loaded) & ~(step - unit.sent)[:STEP_BITS][1]
