"""Runs of the golden model to hold a core against: words in, words out, and all states, by block.

Nothing here knows how a core is simulated: a bench drives the words over its ports, a library over
its calls, and both compare with ``==``.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hdl.config import Config
from hdl.descriptor import WORDS
from hdl.layout import Layout
from hdl.region import Region, address
from model.compiler import compile_network
from model.formats import ALPHA, COUNTERS
from model.frames import Frames
from model.golden import Golden
from model.network import Network
from model.program import (
    ELIGIBILITY_FORMATS,
    ELIGIBILITY_NEURON_STATES,
    LEAST_ALPHA,
    NEURON_STATES,
    SYNAPSE_STATES,
    TRACE_STATES,
    Flag,
    Program,
    State,
)
from model.random_network import random_frames, random_network, with_eligibilities

__all__ = ["Block", "Case", "small_networks"]

OPERAND = (1 << 18) - 1
ORDINARY = 48
"""Longest first stretch of a random stream."""


@dataclass
class Block:
    """Some frames, the words of each and of its result; all as bus words, uint32.

    restored   states to write before the frames, None to go on
    states     states and counters that they lead to
    """

    restored: np.ndarray | None
    frames: list[tuple[np.ndarray, np.ndarray]]
    states: np.ndarray

    @property
    def words(self) -> np.ndarray:
        return np.concatenate([words for words, _ in self.frames])

    @property
    def results(self) -> np.ndarray:
        return np.concatenate([results for _, results in self.frames])


class Case:
    """A network on random frames, run by the golden model in blocks of at most ``length`` frames.

    wild        start every block from a random state, often at the ends of its formats
    probes      how many of the states, drawn at random, a frame with PROBE brings along
    addresses   of all states, then saturation counters and steps, in the order of ``Block.states``;
                ``state_places`` those of the states alone
    image       addresses and values that load the program, its state and its probes
    quiet       addresses and values of what no step changes: tables, and descriptors, which read 0
    """

    def __init__(self, config: Config, network: Network, *, key: int, steps: int = 45,
                 length: int = 15, wild: bool = False, probes: int = 0):
        program = compile_network(network, seed=key)
        if wild:
            program.state = _wild_state(program, key, 0)
        self.program, self.layout = program, Layout(config, program)
        self._wild, self._key = wild, key
        # The first frames of a random stream are ordinary; random states want to see the others.
        first = ORDINARY if wild else 0
        self.frames = random_frames(program, first + steps, key)[first:]
        self._length = length
        registers = [*(f"saturation_{name}" for name in COUNTERS), "steps_low"]
        states = np.concatenate([self.layout.addresses(name) for name in self._names])
        self.addresses = np.concatenate([
            states, np.array([self.layout.registers[name] for name in registers], np.uint32)])
        self.state_places = self.addresses[: len(states)]
        self._probed = np.random.default_rng([key, 8]).choice(
            len(states), probes, replace=False)

    @property
    def _names(self) -> list[str]:
        return self.program.state.present()

    @property
    def image(self) -> tuple[np.ndarray, np.ndarray]:
        addresses, values = self.layout.image()
        count = len(self._probed)
        places = [*address(Region.PROBES, np.arange(count)), self.layout.registers["probes"]]
        return (np.concatenate([addresses, np.array(places, np.uint32)]),
                np.concatenate([values, [*self.addresses[self._probed], count]]))

    @property
    def quiet(self) -> tuple[np.ndarray, np.ndarray]:
        tables = self.program.tables.ravel()
        entries = np.random.default_rng(9).choice(len(tables), 50, replace=False)
        addresses = [address(Region.TABLES, entries)]
        for region, records in ((Region.POPULATIONS, self.program.populations),
                                (Region.PROJECTIONS, self.program.projections)):
            addresses.append(address(region, np.arange(WORDS * len(records))))
        values = np.concatenate([tables[entries], *(0 * places for places in addresses[1:])])
        return _uint32(np.concatenate(addresses)), _uint32(values)

    @cached_property
    def blocks(self) -> list[Block]:
        golden, blocks = Golden(self.program), []
        for start in range(0, len(self.frames), self._length):
            restored = None
            if start and self._wild:
                golden.state = _wild_state(self.program, self._key, start)
                restored = self._states(golden)[: len(self.state_places)]
            end = min(start + self._length, len(self.frames))
            frames = [self._run(golden, self.frames[k : k + 1]) for k in range(start, end)]
            blocks.append(Block(restored, frames, self._states(golden)))
        return blocks

    def _run(self, golden: Golden, frame: Frames) -> tuple[np.ndarray, np.ndarray]:
        """Words of one frame, and of its result."""
        outputs = golden.run(frame)
        words = [(frame.modulator & OPERAND) | frame.flags << 18, frame.inputs[0] & OPERAND,
                 (frame.teach[0] & OPERAND) | frame.kind[0] << 18]
        results = [outputs.rates[0], outputs.errors[0]]
        if frame.flags[0] & Flag.PROBE:
            results.append(self._states(golden)[self._probed])
        return _uint32(np.concatenate(words)), _uint32(np.concatenate(results))

    def _states(self, golden: Golden) -> np.ndarray:
        values = [*(golden.state[name] for name in self._names), golden.saturations,
                  [golden.steps]]
        return _uint32(np.concatenate(values))

    def place(self, index: int) -> str:
        """Name of the state or counter at ``index`` of ``addresses``."""
        for name in self._names:
            size = len(self.program.state[name])
            if index < size:
                return f"{name}[{index}]"
            index -= size
        return [*(f"saturation {name}" for name in COUNTERS), "steps"][index]


def _uint32(values: np.ndarray) -> np.ndarray:
    return (values.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32)


def _wild_state(program: Program, *key: int) -> State:
    """A random state: any magnitude, extremes and zeros; a function of ``key``."""
    rng, state = np.random.default_rng([*key, 7]), program.state.copy()
    for name, form in {**NEURON_STATES, **TRACE_STATES, **SYNAPSE_STATES,
                       **(ELIGIBILITY_FORMATS if program.eligible else {})}.items():
        size = len(state[name])
        if form is None:
            low, high = (0, 2**32) if name == "word" else (-1, 2)
            state[name][:] = rng.integers(low, high, size)
            continue
        values = rng.integers(form.min, form.max + 1, size) >> rng.integers(0, form.width, size)
        extremes = rng.choice([form.min, form.max], size)
        state[name][:] = np.where(rng.random(size) < 0.3, extremes, values)
    state["change_mean"][:] = np.maximum(state["change_mean"], 0)
    for number, p in enumerate(program.populations):
        if p["learns_tau"]:
            # Beyond its limits too: the next step that learns brings it back, no other.
            state["alpha"][number] = rng.integers(
                LEAST_ALPHA // 2, min(2 * int(p["alpha_limit"]), ALPHA.max))
    # What an input has but its rate and its random word, nothing ever changes.
    for name in (*NEURON_STATES, *(ELIGIBILITY_NEURON_STATES if program.eligible else ())):
        if name != "word":
            state[name][: program.inputs] = 0
    return state


def small_networks(count: int, *, neurons: int = 30, synapses: int = 250,
                   eligible: bool = False) -> list[Network]:
    """The first ``count`` random networks of at most that size; two of three with eligibilities, if
    so."""
    found, key = [], 0
    while len(found) < count:
        network = random_network(key)
        if network.neurons <= neurons and network.synapses <= synapses:
            found.append(with_eligibilities(network, key) if eligible and len(found) % 3 < 2
                         else network)
        key += 1
    return found
