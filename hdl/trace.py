"""Traces ψ as a pipeline, one source per clock; the twin of ``_trace`` in ``model/golden.py``."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.fixed import down, lift, saturate, up
from hdl.pipeline import Pipeline, settle, shift_in_two
from model.formats import RATE, RATIO, TRACE
from model.program import PROJECTION, Flag

__all__ = ["TracePipeline"]

LOW_SHIFT = TRACE.frac - RATE.frac
"""From a rate to its low-passed state."""
DRIVE_SHIFT = LOW_SHIFT + 1
"""From r − low to an operand: a difference of rates is a bit wider than a rate."""
DRIVE_WIDTH = RATE.width
STEP_SHIFT = RATIO.frac - DRIVE_SHIFT
"""From a mantissa times the drive to a step of the state."""
PSI_SHIFT = STEP_SHIFT + LOW_SHIFT


class TracePipeline(wiring.Component):
    """``ψ = low + ρ (r − low);  low ← low + dt/τm (r − low)`` and the ξ that rode on r.

    While *integrate* is off, low and ψ hold and ξ is 0.  ``drive``, ψ and low saturate.

    Latency 10 clocks, one source per clock, no stalls; cost: 2 multipliers.

    Members
    -------
    i : In(struct of valid, tag, r, xi, low, psi, flags, ratio, trace_mantissa, trace_shift); the
        last three are fields of the projection's record, the mantissas below 2**17
    o : Out(struct of valid, tag, low, psi, xi, saturations), ``saturations`` the events of this
        source (counter "rate")
    """

    latency = 10

    def __init__(self, tag_width: int):
        states = {"low": signed(TRACE.width), "psi": signed(RATE.width), "xi": signed(2)}
        super().__init__({
            "i": In(data.StructLayout({
                "valid": 1, "tag": tag_width, "r": signed(RATE.width), **states,
                "flags": max(Flag).value.bit_length(),
                "ratio": signed(RATIO.width), "trace_mantissa": signed(RATIO.width),
                "trace_shift": PROJECTION["trace_shift"],
            })),
            "o": Out(data.StructLayout({
                "valid": 1, "tag": tag_width, **states, "saturations": 2,
            })),
        })

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m)
        enter = {name: pipe.enter(self.i[name]) for name in self.i.shape().members}
        psi, xi = enter["psi"], enter["xi"]
        # They come from their memories, and through a choice, late in their clock.
        r, low = pipe.hold(enter["r"]), pipe.hold(enter["low"])
        integrate = pipe.enter((self.i.flags & Flag.INTEGRATE).any())

        from_low = pipe.then(lambda low: (1 << (DRIVE_SHIFT - 1)) - low, low)
        difference = pipe.then(
            lambda r, from_low: down(up(r, LOW_SHIFT) + from_low, DRIVE_SHIFT), r, from_low)
        drive, drive_hit = pipe.now(lambda wide: saturate(wide, DRIVE_WIDTH), difference)
        ahead = pipe.product(drive, enter["ratio"])
        back = pipe.product(drive, enter["trace_mantissa"])

        raised = pipe.then(lambda low: up(low, STEP_SHIFT) + (1 << (PSI_SHIFT - 1)), low)
        psi_sum = pipe.then(lambda raised, ahead: down(raised + ahead, PSI_SHIFT), raised, ahead)
        new_psi, psi_hit = pipe.then(settle(RATE.width), psi_sum, integrate, psi)

        step = shift_in_two(pipe, back, enter["trace_shift"], least=STEP_SHIFT)
        low_sum = pipe.then(lambda low, step: down(lift(low, 1) + step, 1), low, step)
        new_low, low_hit = pipe.now(settle(TRACE.width), low_sum, integrate, low)
        new_xi = pipe.then(lambda xi, integrate: Mux(integrate, xi, 0), xi, integrate)
        hits = pipe.now(lambda drive, psi, low, integrate: Mux(integrate, drive, 0) + psi + low,
                        drive_hit, psi_hit, low_hit, integrate)

        valid = Signal(self.latency)
        m.d.sync += valid.eq(Cat(self.i.valid, valid))
        m.d.comb += self.o.valid.eq(valid[-1])
        for port, value in ((self.o.tag, enter["tag"]), (self.o.low, new_low),
                            (self.o.psi, new_psi), (self.o.xi, new_xi), (self.o.saturations, hits)):
            m.d.comb += port.eq(value.at(self.latency))
        pipe.finish()
        return m
