"""``vle gradient``: local rules beside the exact adjoint, at one and the same set of weights.

The weights are a task's initial ones, or those that the rule ``vle`` reached after some steps.
They are then held while the backward path (B and the error taps) of each rule settles on the
training stream; what each rule would do to the weights is measured on a stream that none has seen,
with the flags of ordinary learning, in the golden model.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np

from model.analysis import (
    Agreement,
    adjoint_of_received,
    agreement,
    backward_alignment,
    exact_gradient,
    projection_names,
    record,
    residual,
    share,
    weight_changes,
)
from model.compiler import compile_network
from model.formats import COUNTERS
from model.frames import LEARNING, Frames
from model.frequency import Sweep, learned_taps, sweep, sweep_steps
from model.golden import Golden
from model.network import Network, NetworkError
from model.program import State
from model.tasks.task import Task
from model.variants import variant

__all__ = ["DEFAULT_RULES", "Found", "Measured", "gradient_steps", "measure_gradient"]

DEFAULT_RULES = ("vle", "gle", "instant", "feedback")
BLOCK = 4000
"""Steps given to the model at once."""


@dataclass(frozen=True)
class Distance:
    """Mean squares over the power of the adjoint, for the neurons of one population.

    to_adjoint   e against λ of the whole network: all that is wrong with e, the error it was
                 made of, noise and the delay of every hop included
    to_received  e against λ of the error ē that arrived: what the neuron's own taps do wrong
    residual     the neuron's local residual, which should equal ``to_received``; None where
                 v runs with τr, as the published taps need it
    c0, c1       mean taps
    """

    to_adjoint: float | None
    to_received: float | None
    residual: float | None
    c0: float
    c1: float


@dataclass(frozen=True)
class Measured:
    """One rule: its change of weights against the exact gradient, and its errors.

    whole, projections   over all weights as one vector, and per projection
    populations          distances of the errors
    alignment            cosine of B and Wᵀ
    saturations          while measuring, by counter
    """

    whole: Agreement
    projections: dict[str, Agreement]
    populations: dict[str, Distance]
    alignment: dict[str, float]
    saturations: dict[str, int]


@dataclass(frozen=True)
class Found:
    """Everything ``vle gradient`` measured."""

    task: str
    seed: int
    steps: int
    settled: int
    measured: int
    rules: dict[str, Measured]
    frequency: Sweep

    def json(self) -> dict:
        """The object that ``--json`` prints."""
        return {
            "task": self.task, "seed": self.seed, "steps": self.steps, "settled": self.settled,
            "measured": self.measured,
            "rules": {name: asdict(rule) for name, rule in self.rules.items()},
            "frequency": _sweep_json(self.frequency),
        }


def _sweep_json(found: Sweep) -> dict:
    c0, c1 = learned_taps(found.x, found.rho)
    taps = {
        kind: {"phase_error_degrees": response.phase_error.tolist(),
               "gain_error": response.gain_error.tolist(), "c0": response.c0.tolist(),
               "c1": response.c1.tolist()}
        for kind, response in found.responses.items()}
    return {"omega_tau_m": found.x.tolist(), "ratio": found.rho, "taps": taps,
            "closed_form": {"c0": c0.tolist(), "c1": c1.tolist()},
            "saturations": found.saturations}


def gradient_steps(task: Task, rules, steps: int) -> int:
    """Steps of which :func:`measure_gradient` reports progress."""
    return steps + len(rules) * (task.steps + task.test_steps) + sweep_steps()


def measure_gradient(task: Task, *, rules=DEFAULT_RULES, seed: int = 0, steps: int = 0,
                     points=None, progress=None) -> Found:
    """Measure ``rules`` on ``task`` at its initial weights, or after ``steps`` of training.

    points     x = ωτm of the sweep of one sine; those of :func:`model.frequency.sweep` if None
    progress   None, or called now and then with the steps done since
    """
    if steps < 0:
        raise NetworkError(f"steps = {steps} must not be negative")
    if not rules:
        raise NetworkError("no rules to measure; give at least 1")
    progress = progress or (lambda steps: None)
    networks = {rule: _held(variant(task, rule, seed=seed)) for rule in rules}
    trained = _train(task, seed, steps, progress)
    measured = {rule: _measure(task, _at_learned_times(network, trained), trained.state, seed,
                               progress)
                for rule, network in networks.items()}
    return Found(task=task.name, seed=seed, steps=steps, settled=task.steps,
                 measured=task.test_steps, rules=measured,
                 frequency=sweep(points, progress=progress))


def _held(network: Network) -> Network:
    """The network with weights, biases and time constants frozen; B and taps go on learning."""
    return replace(
        network,
        populations=[replace(p, bias_rate=0.0, tau_rate=0.0) for p in network.populations],
        projections=[replace(p, plastic=False) for p in network.projections])


def _at_learned_times(network: Network, trained: Golden) -> Network:
    """The network with the time constants that ``trained`` has learned."""
    program = trained.program
    learns = program.populations["learns_tau"]
    return replace(network, populations=[
        replace(p, tau_m=max(program.tau_m(trained.state, k), p.tau_r)) if learns[k] else p
        for k, p in enumerate(network.populations, start=1)])


def _train(task: Task, seed: int, steps: int, progress) -> Golden:
    """The model whose W, biases and time constants all rules are measured at."""
    golden = Golden(compile_network(task.network("vle", seed), seed=seed))
    if steps:
        _run(golden, task.streams(seed, steps, "train").lesson(), progress)
    return golden


def _frames(task: Task, seed: int, steps: int, part: str, golden: Golden) -> Frames:
    stream = task.streams(seed, steps, part)
    return Frames.of(stream.inputs, stream.targets, outputs=golden.program.outputs, flags=LEARNING)


def _run(golden: Golden, frames: Frames, progress) -> None:
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK]
        golden.run(block)
        progress(len(block))


def _measure(task: Task, network: Network, weights: State, seed: int, progress) -> Measured:
    golden = Golden(compile_network(network, seed=seed))
    for name in ("W", "bias"):
        golden.state[name][:] = weights[name]
    _run(golden, _frames(task, seed, task.steps, "train", golden), progress)
    measured = _at_rest(golden)
    frames = _frames(task, seed, task.test_steps, "test", measured)
    recorded = record(measured, frames)
    progress(len(frames))
    exact = exact_gradient(network, measured, frames)
    changes = weight_changes(measured.program, recorded)
    projections = {
        name: agreement(change, -slope)
        for name, change, slope in zip(projection_names(network), changes, exact.weights,
                                       strict=True)}
    whole = agreement(*(np.concatenate([part.ravel() for part in parts])
                        for parts in (changes, [-slope for slope in exact.weights])))
    saturations = dict(zip(COUNTERS, map(int, measured.saturations), strict=True))
    return Measured(whole=whole, projections=projections,
                    populations=_distances(network, recorded, exact.adjoints),
                    alignment=backward_alignment(network, measured), saturations=saturations)


def _at_rest(settled: Golden) -> Golden:
    """A fresh model that keeps what was learned (W, B, biases, taps) and nothing else."""
    golden = Golden(settled.program)
    for name in ("W", "B", "bias", "c0", "c1"):
        golden.state[name][:] = settled.state[name]
    return golden


def _distances(network: Network, recorded: dict[str, np.ndarray],
               adjoints: np.ndarray) -> dict[str, Distance]:
    """Distances by population; ``adjoints`` (T, neurons without the inputs) of the network."""
    distances = {}
    for population in network.populations:
        first, size = network.first(population.name), population.size
        here = slice(first, first + size)
        sent, error = recorded["e"][:, here], recorded["error"][:, here]
        exact = adjoints[:, first - network.inputs :][:, :size]
        rho = np.full(size, population.tau_r / population.tau_m)
        received = adjoint_of_received(error, np.full(size, network.dt / population.tau_m), rho)
        c0, c1 = (float(recorded[name][:, here].mean()) for name in ("c0", "c1"))
        distances[population.name] = Distance(
            to_adjoint=share(sent - exact, exact), to_received=share(sent - received, received),
            residual=(share(residual(recorded, rho, here), received)
                      if population.taps in ("learned", "instant") else None),
            c0=c0, c1=c1)
    return distances
