"""Does a device compute what the golden model computes?  Every state, every output, with ``==``.

Random networks run on random streams in blocks of random length, on the device and on the golden
model; after every block all that they can show is compared.  Where there are many lanes, some of
the networks are wide enough to take several rows of them.  A block that differs is run again step
by step from what both had before it, so that the report names the first number that went astray.
Equality of dead data proves nothing: each network must also have learned and answered.
"""

from dataclasses import asdict, dataclass

import numpy as np

from host.device import Device
from model.compiler import compile_network
from model.formats import COUNTERS, RATE
from model.frames import Frames
from model.network import NetworkError
from model.program import (
    ELIGIBILITY_NEURON_STATES,
    ELIGIBILITY_SYNAPSE_STATES,
    NEURON_STATES,
    POPULATION_STATES,
    SYNAPSE_STATES,
    TRACE_STATES,
    Program,
)
from model.random_network import random_frames, random_network, with_eligibilities

__all__ = ["Mismatch", "Report", "compare", "verify"]

STEPS_PER_NETWORK = 500
USUAL_LANES, EVERY = 8, 4
"""With more lanes, one network of every few is as many times as wide as other networks."""
LONGEST_BLOCK = 64
OUTPUTS = ("output rate", "output error")
CAUSES = ("generator", "word", "eligibility", "momentum", "W", "B", "low", "psi", "psi_xi",
          "current", "s", "slope", "above")
"""States that are compared first: of several that go astray in one step, a cause."""
ANSWERED = 0.1
"""Share of the steps in which a live output is off the ends of its range."""


@dataclass(frozen=True)
class Mismatch:
    """The first number that differs: where (``population`` is the projection's target for synapses
    and traces), and what was expected and got."""

    network: int
    step: int
    population: str
    state: str
    index: str
    expected: int
    got: int

    def __str__(self) -> str:
        return (f"network {self.network}, step {self.step}, population {self.population}, "
                f"state {self.state}, {self.index}: expected {self.expected}, got {self.got}")


@dataclass
class Report:
    """What was compared; ``dead`` says what a network that was not exercised failed to do."""

    device: str
    lanes: int
    seed: int
    networks: int = 0
    steps: int = 0
    values_compared: int = 0
    mismatches: int = 0
    alive: bool = True
    dead: str | None = None
    first_mismatch: Mismatch | None = None

    @property
    def passed(self) -> bool:
        """Nothing differed, and there was something to differ."""
        return self.alive and not self.mismatches

    def json(self) -> dict:
        """The report as plain numbers and strings."""
        return asdict(self)


def verify(device: Device, golden: Device, *, steps: int, seed: int, eligibility: bool = False,
           progress=None) -> Report:
    """Compare an open ``device`` with the open golden model over ``steps`` steps in all.

    eligibility   networks whose synapses have one; only some cores can hold them

    Stops after the first network that differs.  ``progress`` is None or called as progress(steps).
    """
    if steps < 1:
        raise NetworkError(f"steps = {steps} must be at least 1")
    report = Report(device=device.name, lanes=device.lanes, seed=seed)
    networks = max(1, round(steps / STEPS_PER_NETWORK))
    for number in range(networks):
        share = steps * (number + 1) // networks - steps * number // networks
        wide = number % EVERY == 1 and device.lanes > USUAL_LANES
        scale = -(-device.lanes // USUAL_LANES) if wide else 1
        network = random_network(seed, number, 0, scale=scale)
        if eligibility:
            network = with_eligibilities(network, seed, number, 3)
        program = compile_network(network, seed=seed + number)
        frames = random_frames(program, share, seed, number, 1)
        rng = np.random.default_rng([seed, number, 2])
        compare(device, golden, program, frames, rng, report, progress)
        report.networks += 1
        if report.mismatches:
            break
    return report


def compare(device: Device, golden: Device, program: Program, frames: Frames,
            rng: np.random.Generator, report: Report, progress=None) -> None:
    """Run one program on both, in blocks of random length, and add what was seen to ``report``."""
    for one in (device, golden):
        one.load(program)
    rates, done, remembered = [], 0, not program.eligible
    while done < len(frames):
        block = frames[done : done + int(rng.integers(1, LONGEST_BLOCK + 1))]
        saved = [one.save() for one in (device, golden)]
        expected, got = (_advance(one, block) for one in (golden, device))
        report.values_compared += sum(values.size for values in expected.values())
        wrong = _count(expected, got)
        if wrong:
            report.mismatches += wrong
            report.first_mismatch = (_replay(device, golden, saved, program, block, report, done)
                                     or _first(expected, got, program, report.networks,
                                               done + len(block) - 1))
            report.steps += len(block)
            return
        rates.append(expected["output rate"])
        remembered = remembered or bool(expected["eligibility"].any())
        done += len(block)
        report.steps += len(block)
        if progress is not None:
            progress(len(block))
    dead = _dead(program, golden, np.concatenate(rates))
    dead = dead if remembered else "no eligibility moved"
    if dead and report.alive:
        report.alive, report.dead = False, f"network {report.networks}: {dead}"


def _advance(device: Device, block: Frames) -> dict[str, np.ndarray]:
    """Run a block, then everything the device shows, by name."""
    before = _counts(device)
    outputs = device.run(block)
    present = device.program.state.present()
    names = [*(name for name in CAUSES if name in present),
             *(name for name in present if name not in CAUSES)]
    seen = {name: np.asarray(device.read(name), np.int64) for name in names}
    seen |= dict(zip(OUTPUTS, (outputs.rates, outputs.errors), strict=True))
    seen["saturations"] = _counts(device) - before
    return seen


def _counts(device: Device) -> np.ndarray:
    """Saturations so far; only their growth is compared: restoring a state need not undo them."""
    saturations = device.counters()["saturations"]
    return np.array([saturations[name] for name in COUNTERS], np.int64)


def _differences(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """Where two arrays differ; everywhere if their shapes do."""
    return expected != got if expected.shape == got.shape else np.ones(expected.shape, bool)


def _count(expected: dict, got: dict) -> int:
    return sum(int(_differences(values, got[name]).sum()) for name, values in expected.items())


def _replay(device: Device, golden: Device, saved: list, program: Program, block: Frames,
            report: Report, done: int) -> Mismatch | None:
    """The first mismatch of a block, found step by step; None if it does not show again."""
    for one, before in zip((device, golden), saved, strict=True):
        one.restore(before)
    for step in range(len(block)):
        expected, got = (_advance(one, block[step : step + 1]) for one in (golden, device))
        if _count(expected, got):
            return _first(expected, got, program, report.networks, done + step)
    return None


def _first(expected: dict, got: dict, program: Program, network: int, step: int) -> Mismatch:
    for name, values in expected.items():
        differ = _differences(values, got[name])
        if differ.any():
            break
    at = tuple(int(k) for k in np.argwhere(differ)[0])
    population, index = _place(name, at, program)
    same_shape = values.shape == got[name].shape
    return Mismatch(network, step, population, name, index, int(values[at]),
                    int(got[name][at]) if same_shape else 0)


def _place(name: str, at: tuple[int, ...], program: Program) -> tuple[str, str]:
    """Population and readable index of one value of a state."""
    populations, names = program.populations, program.population_names
    if name in OUTPUTS:
        for record, population in zip(populations, names, strict=True):
            k = at[1] - int(record["output_first"])
            if record["is_output"] and 0 <= k < record["size"]:
                return population, f"neuron {k}"
    if name in POPULATION_STATES:
        return names[at[0]], "the whole population"
    if name in NEURON_STATES or name in ELIGIBILITY_NEURON_STATES:
        k = int(np.searchsorted(populations["first"], at[0], side="right")) - 1
        return names[k], f"neuron {at[0] - int(populations[k]['first'])}"
    if name in TRACE_STATES or name in SYNAPSE_STATES or name in ELIGIBILITY_SYNAPSE_STATES:
        column = "trace_first" if name in TRACE_STATES else "synapse_first"
        k = int(np.searchsorted(program.projections[column], at[0], side="right")) - 1
        record, label = program.projections[k], program.projection_names[k]
        target = names[int(np.searchsorted(populations["first"], record["target_first"]))]
        offset, where = at[0] - int(record[column]), f"projection {label}"
        if name in TRACE_STATES:
            return target, f"{where}, source {offset}"
        row, source = divmod(offset, int(record["source_size"]))
        return target, f"{where}, neuron {row} from source {source}"
    return "-", COUNTERS[at[0]] if name == "saturations" else "the only one"


def _dead(program: Program, golden: Device, rates: np.ndarray) -> str | None:
    """What a network failed to do in its run; None if it learned and answered.

    An output answered if in a tenth of the steps it was off the ends of its range (the format's and
    the activation's), and not always at the same value.
    """
    if np.array_equal(golden.read("W"), program.state["W"]):
        return "no weight moved"
    for record in program.populations[program.populations["is_output"] == 1]:
        table = program.tables[int(record["table"])]
        ends = [RATE.min, RATE.max, table[0, 0], table[-1, 0] + table[-1, 1]]
        for k in range(int(record["output_first"]), int(record["output_first"] + record["size"])):
            inside = rates[:, k][~np.isin(rates[:, k], ends)]
            if len(inside) >= ANSWERED * len(rates) and len(np.unique(inside)) >= 3:
                return None
    return "all outputs were constant or saturated"
