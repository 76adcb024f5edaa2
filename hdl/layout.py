"""Where a program lives in a core: the address map, and the image that loads it.

Neurons keep their order.  A population follows the one before it, or starts on a row of its own
where that makes for fewer synapse words, or where some projection reads only one of the two: of a
row that is being read, nothing may be written.  A projection visits all rows that its sources
touch; the places in them that are not its sources are inert: their weights and traces are zero, and
every rule keeps zeros at zero.
"""

import zlib
from functools import cached_property
from itertools import chain

import numpy as np

from hdl.config import Config
from hdl.descriptor import WORDS, pack, population_fields, projection_fields
from hdl.region import BEHIND, LANE_BITS, REGISTERS, UPPER, Region, address, region_of
from hdl.release import Visits, releases
from model.eligibility import gathering
from model.network import NetworkError
from model.program import (
    ELIGIBILITY_FIELDS,
    ELIGIBILITY_FORMATS,
    ELIGIBILITY_NEURON_STATES,
    NEURON_STATES,
    POPULATION_STATES,
    STATE_FORMATS,
    TRACE_STATES,
    Program,
)

__all__ = ["Layout"]


class Layout:
    """The places of one program in one core; :class:`NetworkError` if it does not fit."""

    def __init__(self, config: Config, program: Program):
        self.config = config
        self.program = program
        self.registers = {name: address(Region.REGISTERS, offset)
                          for name, offset in REGISTERS.items()}
        if program.eligible and not config.eligibility:
            raise NetworkError(f"network '{program.name}' has eligibilities; this core was built "
                               "without them")
        self._choose_rows()
        self._place_projections()

    def _fit(self, what: str, needed: int, limit: int) -> None:
        if needed > limit:
            raise NetworkError(f"network '{self.program.name}' needs {needed} {what}; this core of "
                               f"{self.config.lanes} lanes has {limit}")

    def _choose_rows(self) -> None:
        """Decide for each population whether it starts on a row of its own; fewest words win."""
        config, program = self.config, self.program
        # Inputs have rows to themselves: they are not double-buffered, and no reset touches them.
        # Others share rows only if all who read one read the other.
        ends = {int(place) for p in program.projections
                for place in (p["source_first"], p["source_first"] + p["source_size"])}
        aligned = [number < 2 or int(p["first"]) in ends
                   for number, p in enumerate(program.populations)]
        best = self._place_neurons(aligned)
        for number in [number for number, own_row in enumerate(aligned) if not own_row]:
            aligned[number] = True
            words = self._place_neurons(aligned)
            aligned[number] = words < best
            best = min(best, words)
        self._place_neurons(aligned)
        self._fit("rows of neurons", int(self.slots[-1] >> config.lane_bits) + 1, config.rows)
        self._fit("populations", len(program.populations), config.populations)
        self._fit("inputs", program.inputs, config.inputs)
        self._fit("outputs", program.outputs, config.outputs)

    def _place_neurons(self, aligned: list[bool]) -> int:
        """Give every neuron its slot; returns the synapse words that this takes."""
        config, place, slots = self.config, 0, []
        for p, own_row in zip(self.program.populations, aligned, strict=True):
            place = -(-place // config.lanes) * config.lanes if own_row else place
            slots += [config.slot(place + k) for k in range(p["size"])]
            place += int(p["size"])
        self.slots = np.array(slots, np.int64)
        return sum(self._rows_of(p)[1] * int(p["target_size"]) for p in self.program.projections)

    def _place_projections(self) -> None:
        config, program = self.config, self.program
        self.source_rows, self.trace_rows, self.words = [], [], []
        traces, trace_row, word = [], 0, 0
        for p in program.projections:
            rows = self._rows_of(p)
            self.source_rows.append(rows)
            self.trace_rows.append(trace_row)
            self.words.append(word)
            sources = self._slots_of(p) - (rows[0] << config.lane_bits)
            traces += list(sources + (trace_row << config.lane_bits))
            trace_row += rows[1]
            word += rows[1] * int(p["target_size"])
        self._fit("projections", len(program.projections), config.projections)
        self._fit("rows of traces", trace_row, config.trace_rows)
        self._fit("synapse words", word, config.words)
        self.traces = np.array(traces, np.int64)
        self.used_words, self.used_trace_rows = word, trace_row

    def _slots_of(self, p) -> np.ndarray:
        first = int(p["source_first"])
        return self.slots[first:first + int(p["source_size"])]

    def _rows_of(self, p) -> tuple[int, int]:
        rows = self._slots_of(p) >> self.config.lane_bits
        return int(rows[0]), int(rows[-1] - rows[0] + 1)

    def span(self, p) -> int:
        """Places from the first to the last source of a projection, unused ones included."""
        slots = self._slots_of(p)
        rows = slots >> self.config.lane_bits
        lanes = slots - (rows << self.config.lane_bits)
        return int((rows[-1] - rows[0]) * self.config.lanes + lanes[-1] - lanes[0] + 1)

    @cached_property
    def releases(self) -> list[dict[str, int]]:
        """What each projection's words tell of sums that are complete."""
        visits = [Visits(first_row=row, rows=rows,
                         targets=self.slots[p["target_first"]:][:p["target_size"]])
                  for p, (row, rows) in zip(self.program.projections, self.source_rows,
                                            strict=True)]
        return releases(visits, self.slots, lane_bits=self.config.lane_bits,
                        inputs=self.program.inputs)

    def _synapses(self) -> np.ndarray:
        """Offset of every synapse in regions W and B, in the program's order."""
        config, offsets = self.config, []
        for p, word, (first_row, _) in zip(self.program.projections, self.words, self.source_rows,
                                           strict=True):
            slots = self._slots_of(p)
            row = (slots >> config.lane_bits) - first_row
            lane = slots & ((1 << config.lane_bits) - 1)
            size = int(p["target_size"])
            words = word + row[None, :] * size + np.arange(size)[:, None]
            offsets.append((words << LANE_BITS | lane[None, :]).ravel())
        return np.concatenate(offsets)

    def addresses(self, name: str) -> np.ndarray:
        """Bus addresses (uint32) of a state array, in the golden model's order."""
        if name == "generator":
            return np.array([self.registers["generator"]], np.uint32)
        region, upper = region_of(name)
        if name in NEURON_STATES or name in ELIGIBILITY_NEURON_STATES:
            offsets = self.slots
        elif name in TRACE_STATES:
            offsets = self.traces
        elif name in POPULATION_STATES:
            offsets = np.arange(len(self.program.populations))
        else:
            offsets = self._synapses()
        return address(region, upper | offsets).astype(np.uint32)

    @staticmethod
    def width(name: str) -> int:
        """Bits of a state; signed, unless it is "word" or "generator" (unsigned, 32)."""
        form = (STATE_FORMATS | ELIGIBILITY_FORMATS).get(name)
        return form.width if form else {"xi": 2, "psi_xi": 2, "explored": 2}.get(name, 32)

    def _descriptors(self):
        program, told, targets = self.program, self.releases, set()
        gathers = gathering(program)
        for number, p in enumerate(program.populations):
            values = {name: p[name] for name in program.populations.dtype.names}
            values |= {"slot": self.slots[p["first"]], "gathers": gathers[number]}
            yield Region.POPULATIONS, number, pack(population_fields(self.config), values)
        for number, p in enumerate(program.projections):
            values = {name: p[name] for name in program.projections.dtype.names}
            row, rows = self.source_rows[number]
            sources = self._slots_of(p)
            values |= {"source_row": row, "source_rows": rows,
                       "source_lane": sources[0] - (row << self.config.lane_bits),
                       "source_span": self.span(p),
                       "target_slot": self.slots[p["target_first"]],
                       "word": self.words[number], "trace_row": self.trace_rows[number],
                       "source_last": sources[-1], "fresh": p["target"] not in targets,
                       "single": p["target_size"] == 1,
                       **told[number],
                       **{name: program.eligibilities[number][name] for name in ELIGIBILITY_FIELDS}}
            targets.add(p["target"])
            yield Region.PROJECTIONS, number, pack(projection_fields(self.config), values)

    def _constants(self):
        """What no step changes: registers, descriptors, tables."""
        program, config = self.program, self.config
        for name, value in {
            "projections": len(program.projections), "populations": len(program.populations),
            "inputs": program.inputs, "outputs": program.outputs,
            "input_rows": -(-program.inputs // config.lanes), "probes": 0,
            "learning_taus": int(np.sum(program.populations["learns_tau"])),
        }.items():
            yield np.array([self.registers[name]]), np.array([value])
        for region, number, words in self._descriptors():
            offsets = number * WORDS + np.arange(len(words))
            yield address(region, offsets), np.array(words)
        table = program.tables.reshape(-1)
        yield address(Region.TABLES, np.arange(len(table))), table

    def mark(self) -> int:
        """CRC-32 of all that tells the program, in this core, from another; never zero."""
        return zlib.crc32(_joined(self._constants())[1].astype("<u4").tobytes()) or 1

    def image(self) -> tuple[np.ndarray, np.ndarray]:
        """Addresses and values (uint32) that load program and initial state, in this order."""
        state = self.program.state
        states = ((self.addresses(name), state[name]) for name in state.present())
        return _joined(chain(self._constants(), self._blank(), states))

    def _blank(self):
        """Zeros for every place the program may touch, in both halves of double-buffered ones."""
        config = self.config
        rows = int(self.slots[-1] >> config.lane_bits) + 1
        slots = np.arange(rows << config.lane_bits)
        traces = np.arange(self.used_trace_rows << config.lane_bits)
        words = np.arange(self.used_words)[:, None] << LANE_BITS
        synapses = (words | np.arange(config.lanes)[None, :]).ravel()
        regions = [(Region.TOTALS, slots), (Region.SUMS, slots), (Region.W, synapses),
                   (Region.B, synapses)]
        buffered = [(Region[name.upper()], slots) for name in NEURON_STATES]
        if config.eligibility:
            regions += [(region, UPPER | synapses) for region in (Region.W, Region.B)]
            buffered += [(BEHIND[name], UPPER | slots) for name in ELIGIBILITY_NEURON_STATES]
        buffered += [(Region[name.upper()], traces) for name in TRACE_STATES]
        populations = np.arange(len(self.program.populations))
        buffered += [(Region[name.upper()], populations) for name in POPULATION_STATES]
        for parity in (1, 0):
            yield np.array([self.registers["parity"]]), np.array([parity])
            for region, offsets in [*buffered, *(regions if parity else [])]:
                yield address(region, offsets), np.zeros(len(offsets))


def _joined(parts) -> tuple[np.ndarray, np.ndarray]:
    """One array of addresses and one of values, of pairs of such."""
    addresses, values = zip(*parts, strict=True)
    values = np.concatenate([np.asarray(v, np.int64) for v in values])
    return (np.concatenate([np.asarray(a, np.int64) for a in addresses]).astype(np.uint32),
            (values & 0xFFFFFFFF).astype(np.uint32))
