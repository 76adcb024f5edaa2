"""Device ``model``: the golden model in this process."""

import numpy as np

from hdl.config import Config
from host.device import Device
from host.probe import ProbeList, probed
from model.formats import COUNTERS
from model.frames import Frames, Outputs
from model.golden import Golden
from model.program import Program

__all__ = ["ModelDevice"]


class ModelDevice(Device):
    """The golden model; it has no lanes and takes their number only for the sake of the seam."""

    name = "model"

    def __init__(self, *, lanes: int = 4, config: Config | None = None):
        super().__init__(lanes=lanes, config=config)
        self._golden: Golden | None = None

    def close(self) -> None:
        super().close()
        self._golden = None

    def _load(self, program: Program) -> None:
        self._golden = Golden(program)

    def _set_probes(self, probes: ProbeList) -> None:
        """The golden model keeps no list: what is probed is gathered between its steps."""

    def _run(self, frames: Frames) -> Outputs:
        if not self._probes:
            return self._golden.run(frames)
        stops = np.flatnonzero(probed(frames)) + 1
        shape = (len(frames), self.program.outputs)
        outputs = Outputs(rates=np.zeros(shape, np.int64), errors=np.zeros(shape, np.int64),
                          probes=np.zeros((len(stops), len(self._probes)), np.int64))
        start = 0
        for row, stop in enumerate(stops):
            self._advance(frames, slice(start, stop), outputs)
            for gather in self._probes.gathers:
                values = self._golden.state[gather.name]
                outputs.probes[row, gather.columns] = values[gather.indices]
            start = stop
        self._advance(frames, slice(start, len(frames)), outputs)
        return outputs

    def _advance(self, frames: Frames, part: slice, outputs: Outputs) -> None:
        done = self._golden.run(frames[part])
        outputs.rates[part], outputs.errors[part] = done.rates, done.errors

    def _read(self, name: str) -> np.ndarray:
        return self._golden.state[name].copy()

    def _write(self, name: str, values: np.ndarray) -> None:
        self._golden.state[name][:] = values

    def _counters(self) -> dict:
        saturations = dict(zip(COUNTERS, map(int, self._golden.saturations), strict=True))
        return {"steps": self._golden.steps, "cycles": None, "saturations": saturations,
                "overruns": 0, "link_errors": 0}
