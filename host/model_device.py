"""Device ``model``: the golden model in this process."""

import numpy as np

from host.device import Device
from model.formats import COUNTERS
from model.frames import Frames
from model.golden import Golden, Outputs
from model.program import Program

__all__ = ["ModelDevice"]


class ModelDevice(Device):
    """The golden model; it has no lanes and takes their number only for the sake of the seam."""

    name = "model"

    def __init__(self, *, lanes: int = 4, config=None):
        super().__init__(lanes=lanes if config is None else config.lanes)
        self._golden: Golden | None = None

    def close(self) -> None:
        super().close()
        self._golden = None

    def _load(self, program: Program) -> None:
        self._golden = Golden(program)

    def _run(self, frames: Frames) -> Outputs:
        return self._golden.run(frames)

    def _read(self, name: str) -> np.ndarray:
        return self._golden.state[name].copy()

    def _write(self, name: str, values: np.ndarray) -> None:
        self._golden.state[name][:] = values

    def _counters(self) -> dict:
        saturations = dict(zip(COUNTERS, map(int, self._golden.saturations), strict=True))
        return {"steps": self._golden.steps, "cycles": None, "saturations": saturations,
                "overruns": 0, "link_errors": 0}
