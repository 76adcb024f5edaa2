"""The states that only a neuron itself needs: read as it enters, written as it leaves.

The host shares their memories while the core is idle.
"""

from amaranth.hdl import Mux, Signal

from hdl.bank import StateBank
from hdl.delay import delayed
from hdl.memory import StateMemory, attach
from hdl.neuron import LATER
from hdl.primitives.local_copy import local_copy
from hdl.region import BEHIND, Region, region_of

__all__ = ["neuron_states"]

RESET = ("u", "drive", "s", "current", "error", "e", "v", "x", "change", "explored")
"""States that *reset state* clears."""


def neuron_states(m, platform, unit, *, slot, first, silent, leaving_slot, new, write) -> dict:
    """Old states by name, 3 clocks after the ``slot``, of which this may be the ``first`` clock.

    unit     the :class:`hdl.neurons.NeuronUnit` whose they are: its bus, and its ``<state>_data``
    silent   they are to be zero; holds a clock before the words
    write    ``new`` states, those of ``leaving_slot``
    """
    about = m, platform, unit, slot
    if unit.config.neuron_clocks > 1:
        return _banks(*about, first, silent, leaving_slot, new, write)
    return _memories(*about, silent, leaving_slot, new, write)


def _memories(m, platform, unit, slot, silent, leaving_slot, new, write):
    """One memory per state."""
    values = {}
    for name in unit.fields.old:
        store = StateMemory(width=unit.fields.states[name].width, depth=unit.config.slots,
                            late=True)
        m.submodules[name] = store
        _attach(m, unit, store.host, name)
        m.d.comb += [
            store.read_address.eq(slot), store.write_address.eq(leaving_slot),
            store.write.eq(write), store.write_data.eq(new[name])]
        values[name] = _silence(m, platform, unit, name, store.read_data, silent)
    return values


def _attach(m, unit, host, name):
    if name in BEHIND:
        attach(m, unit.bus, host, BEHIND[name], write=unit.write_upper)
    else:
        attach(m, unit.bus, host, Region[name.upper()])


def _silence(m, platform, unit, name, word, silent):
    """An old state as it is, for the host, and as its neuron has it."""
    m.d.comb += getattr(unit, f"{name}_data").eq(word)
    if name not in RESET:
        return word
    return Mux(local_copy(m, silent, platform, name=f"{name}_silent"), 0, word)


def _banks(m, platform, unit, slot, first, silent, leaving_slot, new, write):
    """The same in few blocks, where a neuron has a turn of some clocks: two pages, the second
    of states that are read and written a clock later than the others."""
    names, widths = unit.fields.old, unit.fields.states
    pages = [{name: widths[name].width for name in names if (name in LATER) == later}
             for later in (False, True)]
    # The slot before the page, so that few slots leave room for both in a block.
    m.submodules.bank = bank = StateBank(pages, depth=unit.config.slots)
    follows, page = delayed(m, write, 1, "follows"), Signal(name="host_page", reset_less=True)
    m.d.sync += page.eq(sum(unit.bus.region == region_of(name)[0]
                            for name in pages[1]) != 0)
    m.d.comb += [
        bank.read_address.eq(slot), bank.read_page.eq(~first), bank.host_page.eq(page),
        bank.write.eq(write | follows), bank.write_page.eq(follows),
        bank.write_address.eq(
            Mux(follows, delayed(m, leaving_slot, 1, "left_slot"), leaving_slot))]
    values = {}
    for name in names:
        _attach(m, unit, getattr(bank, f"host_{name}"), name)
        m.d.comb += getattr(bank, f"write_{name}").eq(new[name])
        word = Signal(widths[name].width, name=f"{name}_word")
        m.d.comb += word.eq(getattr(bank, f"read_{name}"))
        values[name] = _silence(m, platform, unit, name, word, silent)
    return values
