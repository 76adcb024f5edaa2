"""One ``vle stream`` from its first sample to its last: blocks, outputs, checkpoints."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from host.checkpoint import save_checkpoint
from host.device import BLOCK, Device
from host.interrupt import Interrupt
from host.options import step_bar
from host.setup import Setup
from host.sinks import open_sink
from host.sources import LIVE, Source, open_source
from host.stream import Streamer
from model.frames import Frames, Outputs
from model.network import NetworkError

__all__ = ["Session"]


class Session:
    """A stream on an open device that has ``setup`` loaded.

    steps      steps that lie behind the state
    save       where a checkpoint goes when the stream ends, however it ends; every ``save_every``
               samples too
    run        in place of ``device.run``
    """

    def __init__(self, device: Device, setup: Setup, *, steps: int = 0, learn: bool = True,
                 save: Path | None = None, save_every: int | None = None,
                 run: Callable[[Frames], Outputs] | None = None):
        self._device, self._setup, self._steps = device, setup, steps
        self._save, self._save_every, self._saved_at = save, save_every, 0
        self._out: Path | None = None
        self._streamer = Streamer(device, setup, learn=learn, run=run)

    @property
    def samples(self) -> int:
        """Samples answered."""
        return self._streamer.samples

    def run(self, inputs: Path, targets: Path | None = None, modulator: Path | float = 1.0,
            out: Path | None = None) -> None:
        """Stream all samples; bad samples and KeyboardInterrupt leave outputs and state saved."""
        factor = modulator if isinstance(modulator, float) else None
        with Interrupt() as interrupt:
            source = open_source(self._setup, inputs, targets,
                                 None if factor is not None else modulator,
                                 sys.stdin.fileno() if inputs == LIVE else -1, interrupt)
            self._out = _distinct(out, inputs, targets, modulator)
            try:
                self._answer(source, factor, interrupt)
            except BrokenPipeError:
                # Whoever read the outputs has left; nothing more can be said there.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            except (NetworkError, KeyboardInterrupt):
                if self.samples:
                    self._checkpoint()
                raise
            self._checkpoint()

    def _answer(self, source: Source, factor: float | None, interrupt: Interrupt) -> None:
        sink, late = None, self._streamer.deadlines
        shown = None if self._out == LIVE and sys.stdout.isatty() else self._setup.program.name
        try:
            with step_bar(source.length, shown) as advance:
                for samples in source.blocks(min(BLOCK, self._save_every or BLOCK)):
                    values = samples.values
                    answers = self._streamer.block(
                        values["input"], values.get("target"),
                        values["modulator"][:, 0] if factor is None else factor)
                    if sink is None:
                        sink = open_sink(self._out, sys.stdout, self._setup.output_names,
                                         dt=self._setup.program.dt,
                                         header=source.named or self._out != LIVE)
                    sink.write(answers)
                    if isinstance(samples.arrivals, list):
                        late.answered(samples.arrivals)
                    else:
                        late.answered_block(samples.arrivals, len(answers))
                    advance(len(answers))
                    if self._save_every and self.samples - self._saved_at >= self._save_every:
                        self._checkpoint()
                    interrupt.check()
        finally:
            if sink is not None:
                sink.close()

    def _checkpoint(self) -> None:
        self._saved_at = self.samples
        if self._save is not None:
            save_checkpoint(self._save, self._device, self._setup, steps=self._steps + self.samples)

    def result(self) -> dict:
        """What to report."""
        return self._streamer.result() | {
            "steps": self._steps + self.samples,
            "out": None if self._out in (None, LIVE) else str(self._out),
            "saved": None if self._save is None else str(self._save)}


def _distinct(out: Path | None, *sources) -> Path | None:
    """``out``, unless it is a file that is being read."""
    for source in sources:
        if out not in (None, LIVE) and isinstance(source, Path):
            with suppress(FileNotFoundError):
                if out.samefile(source):
                    raise NetworkError(f"--out {out} is one of the files that are read")
    return out
