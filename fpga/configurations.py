"""Named, frozen configurations of the core: what a bitstream can hold.

Numbers have the formats of ``model.formats``: operands of 18 bits, one multiplier block wide.
"""

from dataclasses import dataclass

from fpga.schedule import Schedule
from hdl.config import MICRO, Config
from hdl.link.linked import SLOTS

__all__ = ["CONFIGURATIONS", "Configuration"]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """A core and the clock that a board runs it at.

    megahertz   the clock: a board takes the nearest that its PLL can make; the core alone is asked
                for more (``fpga.qor``)
    device      where it is measured (``fpga.devices``)
    packets     that a board's host can be ahead by (``hdl.link``); two take no block RAM
    schedule    of placing it (``fpga.gather``, ``fpga.anneal``); without, nextpnr places it

    ``tiny`` is the sequential core (``hdl.micro``), the others are the parallel one.
    """

    core: Config
    megahertz: float
    device: str
    packets: int = SLOTS
    schedule: Schedule | None = None

    @property
    def neurons(self) -> int:
        """Neurons that fit, inputs included."""
        return self.core.rows * self.core.lanes

    @property
    def synapses(self) -> int:
        """Synapses that fit, a W and a B each."""
        return self.core.words * self.core.lanes


CONFIGURATIONS = {
    "tiny": Configuration(core=MICRO, megahertz=20.25, device="iCE40UP5K"),
    "mini": Configuration(
        core=Config(lanes=2, rows=64, trace_rows=128, words=2048, populations=16, projections=16,
                    inputs=64, outputs=16, probes=16, neuron_clocks=8),
        megahertz=48, device="LFE5U-25F", schedule=Schedule(crowd=32, aim=80.0, goal=80.0)),
    "small": Configuration(
        core=Config(lanes=6, rows=16, trace_rows=32, words=1024, populations=16, projections=16,
                    inputs=64, outputs=16, probes=16, neuron_clocks=8),
        megahertz=48, device="LFE5U-25F",
        schedule=Schedule(trials=60, crowd=31, outward=0.4, aim=80.0, goal=66.0)),
    "medium": Configuration(
        core=Config(lanes=16, rows=64, trace_rows=128, words=2048, populations=32, projections=64,
                    inputs=128, decay_multipliers=2),
        megahertz=70, device="LFE5U-85F", schedule=Schedule(crowd=22, aim=130.0, goal=126.0)),
    "large": Configuration(
        core=Config(lanes=32, rows=32, trace_rows=64, words=1024, populations=32, projections=64,
                    inputs=128, decay_multipliers=1),
        megahertz=60, device="LFE5U-85F", packets=2,
        schedule=Schedule(trials=40, crowd=31, aim=120.0, goal=110.0)),
}
"""Configurations by name."""
