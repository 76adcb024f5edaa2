"""The traces ψ as a pipeline, one source per clock; the twin of ``_trace`` in ``model/golden.py``."""

from amaranth import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.fixed import round_half, saturate, shift_keep_half, shift_round
from hdl.pipeline import Pipeline
from model.formats import RATE, RATIO, TRACE
from model.program import PROJECTION, Flag

__all__ = ["TracePipeline"]

LOW_SHIFT = TRACE.frac - RATE.frac
"""From a rate to its low-passed state."""
DRIVE_SHIFT = 13
"""From r − low, 27 fractional bits, to an operand with 14: a difference of rates needs one more."""


class TracePipeline(wiring.Component):
    """``ψ = low + ρ (r − low);  low ← low + dt/τm (r − low)`` and the ξ that rode on r.

    While *integrate* is off, low and ψ hold and ξ is 0.  ``drive``, ψ and low saturate.

    Latency 6 clocks, one source per clock, no stalls; cost: 2 multipliers.

    Members
    -------
    i : In(struct of valid, tag, r, xi, low, psi, flags, ratio, trace_mantissa, trace_shift); the
        last three are fields of the projection's record, the mantissas below 2**17
    o : Out(struct of valid, tag, low, psi, xi, saturations), ``saturations`` the events of this
        source (counter "rate")
    """

    latency = 6

    def __init__(self, tag_width: int):
        if tag_width < 0:
            raise ValueError(f"tag width = {tag_width} must not be negative")
        states = {"low": signed(TRACE.width), "psi": signed(RATE.width), "xi": signed(2)}
        super().__init__({
            "i": In(data.StructLayout({
                "valid": 1, "tag": tag_width, "r": signed(RATE.width), **states, "flags": len(Flag),
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
        enter = {name: pipe.enter(value) for name, value in self._fields()}
        r, low, psi, xi = (enter[name] for name in ("r", "low", "psi", "xi"))
        integrate = enter["integrate"]

        drive, drive_hit = pipe.then(
            lambda r, low: saturate(shift_round((r << LOW_SHIFT) - low, DRIVE_SHIFT), 18), r, low)
        ahead = pipe.product(drive, enter["ratio"])
        back = pipe.product(drive, enter["trace_mantissa"])

        psi_sum = pipe.then(lambda low, ahead: shift_round((low << 3) + ahead, 15), low, ahead)
        new_psi, psi_hit = pipe.then(self._settle(RATE.width), psi_sum, integrate, psi)

        step = pipe.then(lambda back, shift: shift_keep_half(back, shift + 3),
                         back, enter["trace_shift"])
        low_sum = pipe.then(lambda low, step: low + round_half(step), low, step)
        new_low, low_hit = pipe.now(self._settle(TRACE.width), low_sum, integrate, low)
        new_xi = pipe.then(lambda xi, integrate: Mux(integrate, xi, 0), xi, integrate)
        hits = pipe.now(lambda *hits: sum(hits[:-1]) & hits[-1].replicate(2),
                        drive_hit, psi_hit, low_hit, integrate)

        valid = Signal(self.latency)
        m.d.sync += valid.eq(Cat(self.i.valid, valid))
        m.d.comb += self.o.valid.eq(valid[-1])
        for port, value in ((self.o.tag, enter["tag"]), (self.o.low, new_low),
                            (self.o.psi, new_psi), (self.o.xi, new_xi), (self.o.saturations, hits)):
            m.d.comb += port.eq(value.at(self.latency))
        pipe.finish()
        return m
