"""Capacity of a core, fixed when it is elaborated; everything else is memory contents."""

from dataclasses import dataclass

__all__ = ["Config", "MAX_LANES"]

MAX_LANES = 64


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of a core.

    lanes        synapses visited per clock
    rows         neuron rows: one neuron per lane each
    trace_rows   rows of traces, one per row of sources and projection
    words        synapse words; a word holds one (W, B) per lane
    populations, projections, inputs, outputs, probes   entries of the respective tables
    """

    lanes: int = 4
    rows: int = 64
    trace_rows: int = 128
    words: int = 1024
    populations: int = 32
    projections: int = 32
    inputs: int = 64
    outputs: int = 64
    probes: int = 32

    def __post_init__(self):
        limits = {"lanes": MAX_LANES, "rows": 4096, "trace_rows": 4096, "words": 8192,
                  "populations": 256, "projections": 256, "inputs": 1024, "outputs": 1024,
                  "probes": 256}
        for name, limit in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= limit:
                raise ValueError(f"{name} = {value!r} is outside 1 … {limit}")

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

    def slot(self, place: int) -> int:
        """Slot of the ``place``-th neuron, counted row by row."""
        return (place // self.lanes) << self.lane_bits | place % self.lanes
