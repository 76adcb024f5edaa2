"""Clocks from a board's oscillator: the dividers of a PLL, and the PLL.

ECP5: Lattice FPGA-TN-02200, "sysCLOCK PLL/DLL Design and Usage Guide", limits of the data sheet
FPGA-DS-02012.  iCE40: FPGA-TN-02052, "iCE40 sysCLOCK PLL Design and User Guide".
"""

from dataclasses import dataclass

from amaranth.hdl import Instance, Signal

from hdl.primitives.technology import Technology

__all__ = ["Pll"]

ECP5_VCO, ECP5_DETECTOR = (400.0, 800.0), (10.0, 400.0)
ICE40_VCO, ICE40_DETECTOR = (533.0, 1066.0), (10.0, 133.0)
ICE40_FILTERS = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (133, 6))
"""FILTER_RANGE by the highest frequency of the phase detector, MHz."""


@dataclass(frozen=True)
class Pll:
    """Dividers that make ``megahertz`` of ``source``.

    ECP5: reference, feedback, of the output that is fed back (CLKOP), of the one in use (CLKOS);
    iCE40: DIVR, DIVF, DIVQ.
    """

    technology: Technology
    source: float
    megahertz: float
    dividers: tuple[int, ...]

    @classmethod
    def for_clock(cls, technology: Technology, source: float, wanted: float) -> "Pll":
        """The PLL whose clock comes nearest to ``wanted`` MHz without being faster.

        ValueError if none comes within a tenth.
        """
        plan = _ecp5 if technology is Technology.ECP5 else _ice40
        made = [entry for entry in plan(source) if entry[0] <= wanted * 1.000001]
        best = max(made, default=(0.0, 0.0, ()))
        if best[0] < 0.9 * wanted:
            raise ValueError(f"no PLL makes {wanted:g} MHz of {source:g} MHz")
        return cls(technology, source, best[0], best[2])

    def instance(self, clock, out: Signal, locked: Signal) -> Instance:
        """The PLL itself, from ``clock`` to ``out``."""
        if self.technology is Technology.ECP5:
            reference, feedback, fed_back, output = self.dividers
            loop = Signal(name="pll_loop")
            return Instance(
                "EHXPLLL", p_CLKI_DIV=reference, p_CLKFB_DIV=feedback, p_FEEDBK_PATH="CLKOP",
                p_CLKOP_ENABLE="ENABLED", p_CLKOP_DIV=fed_back, p_CLKOP_CPHASE=fed_back - 1,
                p_CLKOS_ENABLE="ENABLED", p_CLKOS_DIV=output, p_CLKOS_CPHASE=output - 1,
                p_PLLRST_ENA="DISABLED", p_INTFB_WAKE="DISABLED", p_STDBY_ENABLE="DISABLED",
                p_DPHASE_SOURCE="DISABLED", a_ICP_CURRENT="12", a_LPF_RESISTOR="8",
                a_MFG_ENABLE_FILTEROPAMP="1", a_MFG_GMCREF_SEL="2", i_CLKI=clock, i_CLKFB=loop,
                i_RST=0, i_STDBY=0, i_PHASESEL0=0, i_PHASESEL1=0, i_PHASEDIR=0, i_PHASESTEP=0,
                i_PHASELOADREG=0, i_PLLWAKESYNC=0, i_ENCLKOP=0, i_ENCLKOS=0, o_CLKOP=loop,
                o_CLKOS=out, o_LOCK=locked)
        reference, feedback, output = self.dividers
        detector = self.source / (reference + 1)
        return Instance(
            "SB_PLL40_PAD", p_FEEDBACK_PATH="SIMPLE", p_DIVR=reference, p_DIVF=feedback,
            p_DIVQ=output, p_FILTER_RANGE=next(n for top, n in ICE40_FILTERS if detector <= top),
            i_PACKAGEPIN=clock, i_RESETB=1, i_BYPASS=0, o_PLLOUTGLOBAL=out, o_LOCK=locked)


def _ecp5(source: float):
    """(output, how good a choice among equals, dividers): oscillators amid their range first."""
    for reference in range(1, 17):
        detector = source / reference
        if not ECP5_DETECTOR[0] <= detector <= ECP5_DETECTOR[1]:
            continue
        for fed_back in range(1, 81):
            for feedback in range(1, 81):
                oscillator = detector * feedback * fed_back
                if ECP5_VCO[0] <= oscillator <= ECP5_VCO[1]:
                    for output in range(1, 129):
                        choice = -abs(oscillator - sum(ECP5_VCO) / 2) - reference - feedback / 100
                        yield (oscillator / output, choice,
                               (reference, feedback, fed_back, output))


def _ice40(source: float):
    """As above; fast phase detectors first."""
    for reference in range(16):
        detector = source / (reference + 1)
        if not ICE40_DETECTOR[0] <= detector <= ICE40_DETECTOR[1]:
            continue
        for feedback in range(128):
            oscillator = detector * (feedback + 1)
            if ICE40_VCO[0] <= oscillator <= ICE40_VCO[1]:
                for output in range(1, 7):
                    yield oscillator / 2**output, -reference, (reference, feedback, output)
