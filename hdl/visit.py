"""What a lane is told: of a visit, by the visit's target, by who writes; and when."""

from amaranth.hdl import signed
from amaranth.lib import data

from hdl.config import Config
from hdl.decay import decay_layout
from hdl.eligibility import Told, extended

__all__ = ["AFTER", "LATE", "READ", "STAGES", "HostWrite", "SourceWrites", "row_layout",
           "visit_layouts"]

LATE = 9
"""Clocks from a synapse's address to the words of its target."""
READ = 2
"""Clocks from an address to the word there."""
STAGES = {"access": 0, "late": LATE - READ, "summed": LATE - 2, "written": LATE + 5}
"""When a lane is told of a visit: where to read first, where else, what to sum, what to write."""
AFTER = {"change_frac": 1, "w_random": 1, "b_random": 1, "mirror": 1, "change": 2}
"""Clocks that some of the target's words come after the others."""

Row = data.StructLayout({
    "e": signed(18), "factor": signed(18), "change": signed(32), "w_random": 16, "b_random": 16,
    "change_frac": 2, "tied": 1, "mirror": 1})
"""What a target neuron tells all lanes: its error e, learning factor ê, the change that the mirror
rule asks for, the halves of its random word that round W and B; which of ``FACTOR_FRACS`` ê has;
where B comes from."""
W_SHIFT_BITS, B_SHIFT_BITS = 5, 6
"""Of what W decays by, and B, which under the mirror rule decays by what it is pulled by."""


def row_layout(config: Config) -> data.StructLayout:
    """:data:`Row`; how much W and B decay; what eligibilities are told."""
    decays = data.StructLayout({
        **Row.members,
        "w_decay": decay_layout(W_SHIFT_BITS, multiplied=config.decay_multipliers > 1),
        "b_decay": decay_layout(B_SHIFT_BITS, multiplied=config.decay_multipliers > 0)})
    return extended(decays, config, {"third": Told})


def _bits(depth: int) -> int:
    return max(1, (depth - 1).bit_length())


def visit_layouts(config: Config) -> dict[str, data.StructLayout]:
    """What a lane is told of a visit, at each of :data:`STAGES`.

    access     synapse word, row of sources, half of the memories, whether rates are silent
    late       the same word, row of traces, half, what is reset
    summed     row of sources and half; whether the target is the first or the last of a run of
               visits to this row
    written    the word; whether W moves, and B: always, or where there is noise
    """
    word, row = _bits(config.words), _bits(config.rows)
    return {
        "access": data.StructLayout({"word": word, "source_row": row, "parity": 1, "silent": 1}),
        "late": extended(data.StructLayout({
            "word": word, "trace_row": _bits(config.trace_rows), "parity": 1, "reset_state": 1,
            "reset_trace": 1}), config, {"valid": 1, "learn": 1, "integrate": 1}),
        "summed": data.StructLayout({
            "source_row": row, "parity": 1, "valid": 1, "first": 1, "last": 1}),
        "written": data.StructLayout({"word": word, "w": 1, "b": 1, "mirror": 1})}


class SourceWrites(data.StructLayout):
    """New rates, random words, traces with their ξ for the lanes' banks, each with its place."""

    def __init__(self, config: Config):
        lane = max(1, config.lane_bits)
        super().__init__({
            name: data.StructLayout({
                "value": data.StructLayout(values), "lane": lane, "row": _bits(depth), "half": 1,
                "enable": 1})
            for name, values, depth in (
                ("rate", {"r": signed(18)}, config.rows), ("word", {"word": 32}, config.rows),
                ("trace", {"psi": signed(18), "xi": signed(2)}, config.trace_rows))})


class HostWrite(data.StructLayout):
    """The host's write of a weight, or its clearing of a sum, while the core is idle; whether it
    reads B or W.

    The place is ``written.word`` or ``summed.source_row``; it and the ``value``, which is zero
    unless the host is active, are held from 4 clocks before.
    """

    def __init__(self, config: Config):
        super().__init__({"active": 1, "reads_b": 1, "w": 1, "b": 1, "sum": 1,
                          "value": 18, "lane": max(1, config.lane_bits)}
                         | ({"e": 1, "m": 1} if config.eligibility else {}))
