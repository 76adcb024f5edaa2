"""The four ways to learn that runs compare, as settings of one and the same network.

A rule sets what a network's populations and plastic projections learn from; sizes, wiring, time
constants, weights and rates of learning stay as they are.
"""

from dataclasses import dataclass, replace

import numpy as np

from model.defaults import NOISE
from model.network import INPUT, Network, NetworkError, Population, Projection

__all__ = ["RULES", "apply_rule"]


@dataclass(frozen=True)
class _Rule:
    """``plasticity`` and ``taps`` of all populations, ``feedback`` of all projections."""

    about: str
    plasticity: str
    taps: str
    feedback: str


_RULES = {
    "vle": _Rule("trace plasticity, learned error taps, learned backward weights",
                 "trace", "learned", "mirror"),
    "gle": _Rule("prospective plasticity, fixed error taps (κ, 1 − κ), B tied to Wᵀ",
                 "prospective", "gle", "tied"),
    "instant": _Rule("instantaneous errors, ΔW = ē r, B tied to Wᵀ",
                     "prospective", "instant", "tied"),
    "feedback": _Rule("as vle, with fixed random backward weights",
                      "trace", "learned", "fixed"),
}

RULES = {name: rule.about for name, rule in _RULES.items()}
"""One line on each rule, by name."""


def _population(population: Population, rule: _Rule, noisy: bool) -> Population:
    noise = (population.noise or NOISE) if noisy else 0.0
    # GLE's taps hang on τm, which then cannot be learned.
    tau_rate = 0.0 if rule.taps == "gle" else population.tau_rate
    return replace(population, rule=rule.plasticity, taps=rule.taps, noise=noise,
                   tau_rate=tau_rate)


def _sources(projection: Projection) -> tuple[str, ...]:
    source = projection.source
    return (source,) if isinstance(source, str) else tuple(source)


def _random_like(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uniform numbers with the root mean square of ``weights``."""
    limit = min(np.sqrt(3.0 * np.mean(np.square(weights))), 4.0)
    return rng.uniform(-limit, limit, np.shape(weights))


def _projection(projection: Projection, rule: _Rule, rng: np.random.Generator) -> Projection:
    weights = np.asarray(projection.weights, dtype=np.float64)
    random = _random_like(weights, rng)
    if set(_sources(projection)) == {INPUT}:
        # Nobody below needs an error.
        return replace(projection, rule=None, feedback="fixed", backward=None)
    backward = projection.backward
    if rule.feedback == "fixed" and (backward is None or not np.any(backward)):
        backward = random
    return replace(projection, rule=None, feedback=rule.feedback, backward=backward)


def apply_rule(network: Network, rule: str, *, seed: int = 0) -> Network:
    """A copy of ``network`` that learns by ``rule``, a name in :data:`RULES`.

    Fixed random backward weights are those of the network, or are drawn from ``seed`` with the
    size of the forward weights where it has none.  Under ``vle`` every population that a mirrored
    projection starts from becomes noisy (ε = :data:`model.defaults.NOISE` unless it
    has its own); the other rules need no noise and turn it off.
    """
    if rule not in _RULES:
        raise NetworkError(f"unknown rule '{rule}'; there are: {', '.join(RULES)}")
    chosen = _RULES[rule]
    rng = np.random.default_rng([seed, 0xB])
    mirrored = set()
    if chosen.feedback == "mirror":
        mirrored = {name for projection in network.projections for name in _sources(projection)}
    return replace(
        network,
        populations=[_population(p, chosen, p.name in mirrored) for p in network.populations],
        projections=[_projection(p, chosen, rng) for p in network.projections],
    )
