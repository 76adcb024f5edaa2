"""The rules of :mod:`model.rules` and what lies between them, one change of ``vle`` at a time.

A variant transforms a task's network, so that sizes, wiring, weights and streams are those of the
rules that it stands beside; :func:`model.pace.scaled` then sets how fast it learns.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from model.network import INPUT, Network, NetworkError, Population, Projection
from model.rules import RULES
from model.tasks.task import Task

__all__ = ["VARIANTS", "variant"]


def _prospective(population: Population) -> Population:
    return replace(population, rule="prospective")


def _fixed_taps(population: Population) -> Population:
    # GLE's taps hang on τm, which then cannot be learned.
    return replace(population, taps="gle", tau_rate=0.0)


def _one_gain(population: Population) -> Population:
    return replace(population, taps="gain")


def _silent(population: Population) -> Population:
    return replace(population, noise=0.0)


def _tied(projection: Projection) -> Projection:
    sources = {projection.source} if isinstance(projection.source, str) else set(projection.source)
    return projection if sources == {INPUT} else replace(projection, feedback="tied")


def _same(part):
    return part


@dataclass(frozen=True)
class _Variant:
    """What becomes of the populations and projections of the network of rule ``vle``."""

    about: str
    population: Callable[[Population], Population]
    projection: Callable[[Projection], Projection] = _same


_VARIANTS = {
    "prospective": _Variant("vle with prospective plasticity, ΔW = e r", _prospective),
    "tied": _Variant("vle with B tied to Wᵀ, no noise", _silent, _tied),
    "fixed-taps": _Variant("vle with GLE's fixed taps (κ, 1 − κ)", _fixed_taps),
    "one-gain": _Variant("vle with one learned gain, on ē: c1 = 0", _one_gain),
}

VARIANTS = {
    "vle": RULES["vle"],
    **{name: variant.about for name, variant in _VARIANTS.items()},
    **{name: about for name, about in RULES.items() if name != "vle"},
}
"""One line on each rule and variant, by name."""


def variant(task: Task, name: str, *, seed: int = 0) -> Network:
    """The network of ``task`` before learning, under the rule or variant ``name``.

    A variant keeps the rates that the task has for ``vle``.  :class:`NetworkError` for a name that
    is not in :data:`VARIANTS`.
    """
    if name in RULES:
        return task.network(name, seed)
    if name not in _VARIANTS:
        raise NetworkError(f"unknown rule '{name}'; there are: {', '.join(VARIANTS)}")
    changed, network = _VARIANTS[name], task.network("vle", seed)
    return replace(network, populations=[changed.population(p) for p in network.populations],
                   projections=[changed.projection(p) for p in network.projections])
