"""One sine at single neurons: how far their errors are from the adjoint, frequency by frequency.

Every neuron gets the same sine for its error, given by the host; x = ωτm is swept by τm.  That is
the same experiment as a sweep of ω, with as many steps per period, and thus the same small error of
discrete time, at every point.
"""

from dataclasses import dataclass, replace

import numpy as np

from model.analysis import record
from model.compiler import compile_network
from model.frames import LEARNING, Frames
from model.golden import Golden
from model.network import INPUT, Network, Population, Projection

__all__ = ["Response", "Sweep", "adjoint_response", "gle_response", "learned_taps", "sweep",
           "sweep_steps"]

PERIOD = 1024
"""Steps of a period: half a step's phase, the error of an Euler step, is 0.18°."""
DT = 1e-3
STAGES = ((0.2, 96), (0.02, 384), (0.004, 384))
"""Learned taps: rates per second, and the periods each is used for; they come near, then settle."""
FIXED = ((0.0, 64),)
"""Fixed taps: periods after which the slowest membrane has forgotten the start."""
MEASURED = 8
"""Periods over which the response is measured."""
BLOCK = 16
"""Periods given to the model at once."""
KINDS = {"learned": 1.5, "gle": 0.3, "instant": 1.0}
"""Taps, and the amplitude of the sine: large for resolution, small where κ = τm/τr amplifies."""


def adjoint_response(x: np.ndarray, rho: float) -> np.ndarray:
    """λ/ē at x = ωτm: I⁺τm D⁻τr, the exact adjoint."""
    return (1 - 1j * rho * x) / (1 - 1j * x)


def gle_response(x: np.ndarray, rho: float) -> np.ndarray:
    """e/ē of the published taps: D⁺τm I⁻τr, the adjoint's phase with the inverse gain."""
    return (1 + 1j * x) / (1 + 1j * rho * x)


def learned_taps(x: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """c0, c1 at which c0 + c1/(1 + ix) is the exact adjoint of one sine."""
    return (2 - rho + rho * x**2) / (1 + x**2), np.full_like(x, -(1 - rho))


@dataclass(frozen=True)
class Response:
    """A measured response over the exact adjoint's, per point: 0° and 1 would be exact.

    c0, c1  mean taps while it was measured
    """

    phase_error: np.ndarray
    gain_error: np.ndarray
    c0: np.ndarray
    c1: np.ndarray


@dataclass(frozen=True)
class Sweep:
    """Responses at x = ωτm of neurons with ρ = τr/τm, by kind of taps, and saturations in all."""

    x: np.ndarray
    rho: float
    responses: dict[str, Response]
    saturations: int


def _network(kind: str, x: np.ndarray, rho: float) -> Network:
    """One population of one neuron for each point; no synapse carries anything."""
    times = x * PERIOD * DT / (2 * np.pi)
    populations = [
        Population(name=f"point{point}", size=1, tau_m=tau, tau_r=rho * tau, taps=kind,
                   activation="linear", output=True)
        for point, tau in enumerate(times)]
    projections = [
        Projection(source=INPUT, target=population.name, weights=np.zeros((1, 1)), rate=0.0,
                   plastic=False, feedback="fixed")
        for population in populations]
    return Network(name="one sine", dt=DT, inputs=1, populations=populations,
                   projections=projections)


def _frames(kind: str, points: int, periods: int) -> Frames:
    sine = KINDS[kind] * np.sin(2 * np.pi * np.arange(PERIOD) / PERIOD)
    return Frames.of(np.zeros(periods * PERIOD), outputs=points, flags=LEARNING,
                     errors=np.repeat(np.tile(sine, periods)[:, None], points, axis=1))


def _respond(kind: str, x: np.ndarray, rho: float, stages, progress) -> tuple[Response, int]:
    """The response of neurons with one kind of taps, and how often anything saturated."""
    network, block, state, lost = _network(kind, x, rho), _frames(kind, len(x), BLOCK), None, 0
    for rate, periods in stages:
        network = replace(network, populations=[
            replace(p, tap_rate=rate) for p in network.populations])
        golden = Golden(compile_network(network))
        if state is not None:
            golden.state = state
        for _ in range(-(-periods // BLOCK)):
            golden.run(block)
            progress(len(block))
        state, lost = golden.state, lost + int(golden.saturations.sum())
    before = int(golden.saturations.sum())
    recorded = record(golden, _frames(kind, len(x), MEASURED), ("error", "e", "c0", "c1"))
    lost += int(golden.saturations.sum()) - before
    wave = np.exp(-2j * np.pi * np.arange(MEASURED * PERIOD) / PERIOD)
    ratio = (wave @ recorded["e"][:, 1:]) / (wave @ recorded["error"][:, 1:])
    against = ratio / adjoint_response(x, rho)
    c0, c1 = (recorded[name][:, 1:].mean(axis=0) for name in ("c0", "c1"))
    return Response(phase_error=np.degrees(np.angle(against)), gain_error=np.abs(against),
                    c0=c0, c1=c1), lost


def sweep_steps(stages=STAGES) -> int:
    """Steps of which :func:`sweep` reports progress."""
    runs = [stages if kind == "learned" else FIXED for kind in KINDS]
    return sum(-(-periods // BLOCK) * BLOCK * PERIOD for run in runs for _, periods in run)


def sweep(x=None, *, rho: float = 0.1, stages=STAGES, progress=None) -> Sweep:
    """Let taps converge at every x = ωτm, then measure.

    x         points; by default 21 from 0.1 to 30, evenly spaced in logarithm
    stages    of the learned taps: (tap rate per second, periods), one after the other
    progress  None, or called now and then with the steps done since
    """
    x = np.geomspace(0.1, 30.0, 21) if x is None else np.asarray(x, dtype=np.float64)
    responses, lost = {}, 0
    for kind in KINDS:
        responses[kind], saturations = _respond(
            kind, x, rho, stages if kind == "learned" else FIXED, progress or (lambda steps: None))
        lost += saturations
    return Sweep(x=x, rho=rho, responses=responses, saturations=lost)
