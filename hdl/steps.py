"""How far each part of the core has got: the parts work on different steps at the same time.

A frame is loaded, its synapses are visited, its traces and neurons follow, its result is sent; as
soon as the next frame is there, its synapses are visited wherever the neurons that they need are
done.  Every part counts the steps that it has finished; two bits suffice, for two steps are under
way at most, and a third frame is loaded or a third result sent.  The lowest bit of a step's number
is its parity: which half of the double-buffered memories it reads.

    loaded      frames taken                          traced     steps whose traces are written
    fetched     steps whose projections are prefetched  recorded  steps whose populations are
    issued      steps whose synapses are visited      left       steps whose neurons are done
    landed      … and all sums complete               settled    … and all measures written
                                                      sent       results sent
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["COUNTERS", "STEP_BITS", "Steps"]

STEP_BITS = 2
COUNTERS = ("loaded", "fetched", "issued", "landed", "traced", "recorded", "left", "settled",
            "sent")


class Steps(wiring.Component):
    """The counters, and who may begin its next step.

    <counter>           steps finished so far, modulo 4;  ``<counter>_done`` counts one more
    set, parity         let all counters start from a parity
    learns_tau          some population learns its time constant: settings wait for measures, traces
                        for all of the step before; they must begin as soon as they may, or the
                        neurons of their step would be settled too
    may_*               permissions to begin; ``idle`` when nothing is under way
    """

    def __init__(self):
        super().__init__(
            {name: Out(STEP_BITS) for name in COUNTERS}
            | {f"{name}_done": In(1) for name in COUNTERS}
            | {"set": In(1), "parity": In(1), "learns_tau": In(1), "idle": Out(1),
               "may_load": Out(1), "may_fetch": Out(1), "may_issue": Out(1), "may_trace": Out(1),
               "may_record": Out(1), "may_send": Out(1)})

    def elaborate(self, platform):
        m = Module()
        for name in COUNTERS:
            counter = getattr(self, name)
            m.d.sync += counter.eq(counter + getattr(self, f"{name}_done"))
            with m.If(self.set):
                m.d.sync += counter.eq(self.parity)

        def ahead(this, other):
            difference = Signal(STEP_BITS, name=f"{this}_ahead_of_{other}")
            m.d.comb += difference.eq(getattr(self, this) - getattr(self, other))
            return difference

        def waits(name):
            """A loaded frame is there for the part that counts ``name``."""
            return ahead("loaded", name) != 0

        times_known = ~self.learns_tau
        m.d.comb += [
            # The half that a frame is written to must be read no more; and the counters count to 3.
            self.may_load.eq(~ahead("loaded", "issued")[1] & ~ahead("loaded", "traced")[1]
                             & ~ahead("loaded", "left")[1] & (ahead("loaded", "sent") != 3)),
            self.may_fetch.eq(waits("fetched")),
            # The neurons of the step before may still be under way, its traces not.
            self.may_issue.eq(waits("issued") & ~ahead("issued", "left")[1]
                              & ~ahead("traced", "issued")[1]),
            # All traces of the step before must have been read.
            self.may_trace.eq(waits("traced") & ~ahead("issued", "traced")[1] & (
                times_known | (ahead("settled", "traced") == 0))),
            self.may_record.eq(waits("recorded") & (
                times_known | (ahead("settled", "recorded") == 0))),
            self.may_send.eq((ahead("settled", "sent") != 0) & (ahead("traced", "sent") != 0)),
            self.idle.eq(ahead("loaded", "sent") == 0)]
        return m
