"""A core at the other end of a line, with the calls of the simulated one."""

import json

import numpy as np

from hdl.config import Config
from hdl.link.commands import INFO_OFFSET, INFO_WORDS, LINK_REGION, LINK_REGISTERS, Command
from hdl.region import OFFSET_BITS
from host.bursts import ReadPlan, write_bodies
from host.frame_packets import FramePlan
from host.line import Line, LinkError
from host.link_session import LinkSession

__all__ = ["RemoteCore", "link_address"]

COUNTERS = ("bad_packets", "overruns", "repeats", "gaps")


def link_address(offset: int) -> int:
    """Bus address of a word of the link's own region."""
    return LINK_REGION << OFFSET_BITS | offset


class RemoteCore:
    """The core behind ``line``; it may be running already, and goes on with the states it has.

    info     what it says of itself, :func:`hdl.link.info.describe`
    config   its capacities
    """

    def __init__(self, line: Line, **options):
        self._line = line
        self.session = LinkSession(line, **options)
        self._lanes, self._shape = 1, None
        words = int(self.read([link_address(LINK_REGISTERS["info_words"].offset)])[0])
        if not 0 < words <= INFO_WORDS:
            raise LinkError(f"'{line.name}' has a description of {words} words; "
                            f"the limits are 1 … {INFO_WORDS}")
        text = self.read(link_address(INFO_OFFSET) + np.arange(words)).astype("<u4").tobytes()
        self.info = json.loads(text.rstrip(b"\0"))
        self.config = Config(**self.info["core"])
        self._lanes = self.config.lanes

    def close(self) -> None:
        """Let go of the line; the core keeps its states."""
        self._line.close()

    def reset(self) -> None:
        """Reset the core: registers and counters zero; memories keep their contents."""
        self.write([link_address(LINK_REGISTERS["reset"].offset)], [1])
        self._shape = None

    def read(self, addresses) -> np.ndarray:
        """Words at bus ``addresses``, uint32, in bursts."""
        plan = ReadPlan(addresses, lanes=self._lanes)
        answers = self.session.exchange((Command.READ, body) for body in plan.bodies)
        return self._checked(lambda: plan.values(list(answers)))

    def write(self, addresses, values) -> None:
        """Write ``values`` to bus ``addresses``, in order, in bursts."""
        bodies = write_bodies(addresses, values, lanes=self._lanes)
        for _ in self.session.exchange((Command.WRITE, body) for body in bodies):
            pass

    def stream(self, words: np.ndarray, *, results: int, probes: int,
               probed: np.ndarray) -> np.ndarray:
        """Stream frames in and their results out; as :class:`host.frame_packets.FramePlan`."""
        if not len(words):
            return np.zeros(0, np.uint32)
        plan = FramePlan(words, results=results, probes=probes, probed=probed)
        shape = {"head": plan.head | plan.shared << 24 if plan.shared else 0,
                 "frame_words": plan.frame_words, "result_words": results, "probe_words": probes}
        if shape != self._shape:
            self._shape = None
            self.write([link_address(LINK_REGISTERS[name].offset) for name in shape],
                       list(shape.values()))
            self._shape = shape
        answers = self.session.exchange((Command.STREAM, body) for body in plan.bodies())
        return self._checked(lambda: plan.results_of(answers))

    def link_counters(self) -> dict[str, int]:
        """The link's counters since the core's power-up, and the host's own since it connected."""
        read = self.read([link_address(LINK_REGISTERS[name].offset) for name in COUNTERS])
        return (dict(zip(COUNTERS, map(int, read), strict=True))
                | {"bad_answers": self.session.bad, "resent": self.session.resent})

    def _checked(self, call) -> np.ndarray:
        try:
            return call()
        except ValueError as error:
            raise LinkError(f"'{self._line.name}' answered with {error}") from error
