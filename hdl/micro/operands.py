"""What an instruction can read and write: cells, places in the state memory, and other sources."""

from dataclasses import dataclass, replace

from hdl.micro.instruction import Index, Source

__all__ = ["ACC", "CYCLES", "Cell", "FRAME", "HITS", "PRODUCT", "Place", "source", "unsigned"]


@dataclass(frozen=True)
class Cell:
    """A word of the scratchpad, by its number, or the one of neuron J."""

    number: int
    of_neuron: bool = False

    @property
    def operand(self) -> int:
        return 1 << 10 | Index.J << 7 if self.of_neuron else self.number


@dataclass(frozen=True)
class Place:
    """A word of the state memory: a page and an index, which goes on by one if it ``steps``."""

    page: int
    index: Index
    steps: bool = False
    unsigned: bool = False

    @property
    def operand(self) -> int:
        return self.page | self.index << 7

    @property
    def then_next(self) -> "Place":
        """The same, and the index steps."""
        return replace(self, steps=True)


def unsigned(place: Place) -> Place:
    """The word at ``place`` as a number without a sign."""
    return replace(place, unsigned=True)


PRODUCT, FRAME, CYCLES, HITS = Source.PRODUCT, Source.FRAME, Source.CYCLES, Source.HITS
ACC = Source.ACCUMULATOR


def source(q) -> Source:
    """Where the operand ``q`` comes from."""
    if isinstance(q, Cell):
        return Source.CELL
    if isinstance(q, Place):
        return Source.UNSIGNED if q.unsigned else Source.MEMORY
    return q
