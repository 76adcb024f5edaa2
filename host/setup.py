"""What a device is given of a network, and what its streams mean: program, scaling, columns."""

from dataclasses import dataclass

import numpy as np

from host.scaling import Scaling
from model.network import Network
from model.program import Program

__all__ = ["Setup"]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A program with the scaling of its signals.

    input_columns, output_columns   names of the columns in CSV files, or None
    text      the network file
    network   the network in SI units; None where only the program is at hand, from a checkpoint
    """

    program: Program
    input: Scaling
    output: Scaling
    input_columns: tuple[str, ...] | None = None
    output_columns: tuple[str, ...] | None = None
    text: str = ""
    network: Network | None = None

    @classmethod
    def plain(cls, program: Program) -> "Setup":
        """Rates as they are, for a network that no file describes."""
        return cls(program=program,
                   input=Scaling(np.zeros(program.inputs), np.ones(program.inputs)),
                   output=Scaling(np.zeros(program.outputs), np.ones(program.outputs)))

    @property
    def input_names(self) -> tuple[str, ...]:
        """What to call the inputs."""
        return self.input_columns or tuple(f"x{k + 1}" for k in range(self.program.inputs))

    @property
    def output_names(self) -> tuple[str, ...]:
        """What to call the outputs."""
        return self.output_columns or tuple(f"y{k + 1}" for k in range(self.program.outputs))
