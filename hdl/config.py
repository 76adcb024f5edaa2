"""Capacity of a core, fixed when it is elaborated; everything else is memory contents."""

from dataclasses import dataclass

__all__ = ["Config", "MAX_LANES", "MICRO"]

MAX_LANES = 64
LIMITS = {
    "parallel": {"lanes": MAX_LANES, "rows": 4096, "trace_rows": 4096, "words": 8192,
                 "populations": 256, "projections": 256, "inputs": 1024, "outputs": 1024,
                 "probes": 256, "neuron_clocks": 8},
    "micro": {"lanes": 1, "rows": 256, "trace_rows": 1024, "words": 8192, "populations": 32,
              "projections": 32, "inputs": 255, "outputs": 255, "probes": 255,
              "neuron_clocks": 1},
}
"""What the cores can be asked for, by ``core``."""
MOST_DECAY_MULTIPLIERS = {"parallel": 2, "micro": 0}
MOST_ELIGIBLE_WORDS = 4096
"""The upper half of the addresses of W and B is that of the words which eligibilities add."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of a core.

    core         "parallel" (``hdl.top``), or "micro": small, sequential, always as large as it gets
    lanes        synapses visited per clock
    rows         neuron rows: one neuron per lane each
    trace_rows   rows of traces, one per row of sources and projection
    words        synapse words; a word holds one (W, B) per lane
    populations, projections, inputs, outputs, probes   entries of the respective tables
    neuron_clocks   clocks from one neuron to the next, in a parallel core; with k of them its
                 neurons have ⌈19 / k⌉ multipliers instead of 19
    decay_multipliers   more multipliers a lane, in place of shifters: 1 for the decay of B, 2 for
                 that of W, too; 0 … 2, in a parallel core
    eligibility  two more words a synapse, for errors and rewards that come late, and 1 multiplier a
                 lane; a parallel core of at most 4096 words
    """

    core: str = "parallel"
    lanes: int = 4
    rows: int = 64
    trace_rows: int = 128
    words: int = 1024
    populations: int = 32
    projections: int = 32
    inputs: int = 64
    outputs: int = 64
    probes: int = 32
    neuron_clocks: int = 1
    decay_multipliers: int = 0
    eligibility: bool = False

    def __post_init__(self):
        if self.core not in LIMITS:
            raise ValueError(f"unknown core '{self.core}'; there are: {', '.join(LIMITS)}")
        for name, limit in LIMITS[self.core].items():
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= limit:
                raise ValueError(f"{name} = {value!r} is outside 1 … {limit}")
        most = MOST_DECAY_MULTIPLIERS[self.core]
        if self.decay_multipliers not in range(most + 1):
            raise ValueError(
                f"decay_multipliers = {self.decay_multipliers!r} is outside 0 … {most}")
        if self.eligibility and self.core == "micro":
            raise ValueError("a micro core cannot have eligibilities")
        if self.eligibility and self.words > MOST_ELIGIBLE_WORDS:
            raise ValueError(f"words = {self.words} is outside 1 … {MOST_ELIGIBLE_WORDS}, the "
                             "limit of a core with eligibilities")

    @property
    def lane_bits(self) -> int:
        """Low bits of a slot: the lane; the rest is the row."""
        return (self.lanes - 1).bit_length()

    @property
    def slots(self) -> int:
        """Addresses of neurons; with lanes not a power of two some are never used."""
        return self.rows << self.lane_bits

    @property
    def trace_slots(self) -> int:
        """Addresses of traces."""
        return self.trace_rows << self.lane_bits

    @property
    def slot_bits(self) -> int:
        """Bits of a slot, or of the one behind the last."""
        return self.slots.bit_length()

    @property
    def trace_slot_bits(self) -> int:
        """Bits of a trace's slot, or of the one behind the last."""
        return self.trace_slots.bit_length()

    @property
    def row_bits(self) -> int:
        """Bits of a row of neurons, or of how many there are."""
        return self.rows.bit_length()

    @property
    def compact(self) -> bool:
        """Whether it is to be small rather than fast: neurons share multipliers, states block RAMs.
        """
        return self.neuron_clocks > 1

    @property
    def choice_bits(self) -> int:
        """Bits of an index by which one of many words for the host is chosen in a clock."""
        return 4 if self.compact else 2

    def slot(self, place: int) -> int:
        """Slot of the ``place``-th neuron, counted row by row."""
        return (place // self.lanes) << self.lane_bits | place % self.lanes


MICRO = Config(core="micro", lanes=1, rows=256, trace_rows=1024, words=8192, inputs=128,
               outputs=128)
"""The sequential core; what a smaller configuration leaves out costs it nothing."""
