"""Cycles and speed of the simulated core, for any number of lanes."""

import time
from dataclasses import dataclass, replace

from hdl.config import Config
from hdl.layout import Layout
from host.sim_device import SimDevice
from model.compiler import compile_network
from model.frames import Frames
from model.network import Network, NetworkError
from model.program import Program
from model.reference_networks import stream

__all__ = ["Simulated", "core_for", "refusal", "simulate"]

FIRST_STEPS, MOST_STEPS = 16, 20_000
TURN_SECONDS, REPEATS = 0.5, 3
LARGE = {"rows": 1024, "trace_rows": 1024, "words": 8192, "inputs": 1024, "outputs": 1024}


@dataclass(frozen=True)
class Simulated:
    """What a simulated core was seen to do with a network.

    cycles   clock cycles per step, by its own counter, in a stream without pauses
    words    synapse words that a step visits;  ``synapses`` are useful
    steps_per_second   of processor time of the simulation
    """

    lanes: int
    synapses: int
    words: int
    cycles: float
    steps_per_second: float

    @property
    def utilisation(self) -> float:
        """Useful synapse visits per lane and cycle."""
        return self.synapses / (self.lanes * self.cycles)

    @property
    def overhead(self) -> float:
        """Cycles of a step in which no synapse word is visited."""
        return self.cycles - self.words


def refusal(config: Config, program: Program) -> str | None:
    """Why ``program`` does not fit a core, or None."""
    try:
        Layout(config, program)
    except NetworkError as error:
        return str(error)
    return None


def core_for(lanes: int, program: Program) -> Config:
    """A core of ``lanes`` for ``program``: the default one, or else a large one for anything.

    So that two are compiled at most; cycles do not depend on capacities, but the simulation's speed
    does.
    """
    default = Config(lanes=lanes)
    return default if refusal(default, program) is None else replace(default, **LARGE)


def simulate(network: Network, config: Config) -> Simulated:
    """Run ``network`` on a simulated core; NetworkError if it does not fit."""
    program = compile_network(network)
    words = Layout(config, program).used_words
    with SimDevice(lanes=config.lanes, config=config) as device:
        device.load(program)
        steps = FIRST_STEPS
        spent, _ = _run(device, network, steps)
        steps = max(FIRST_STEPS, min(MOST_STEPS, round(TURN_SECONDS * steps / spent)))
        turns = [_run(device, network, steps) for _ in range(REPEATS)]
        # Steps overlap: what a block takes beyond its steps shows in the difference of two blocks.
        _, short = _run(device, network, FIRST_STEPS)
        cycles = (turns[0][1] - short) / (steps - FIRST_STEPS) if steps > FIRST_STEPS else (
            short / FIRST_STEPS)
    return Simulated(lanes=config.lanes, synapses=program.synapses, words=words, cycles=cycles,
                     steps_per_second=steps / min(spent for spent, _ in turns))


def _run(device: SimDevice, network: Network, steps: int) -> tuple[float, int]:
    """Processor seconds and cycles of a block of learning steps."""
    frames = Frames.of(*stream(network, steps), outputs=network.outputs)
    before, began = device.counters()["cycles"], time.process_time()
    device.run(frames)
    return time.process_time() - began, device.counters()["cycles"] - before
