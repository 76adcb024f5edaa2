"""A network as real numbers: what NumPy and PyTorch need to run the default rule.

The coefficients are the Program's, so that all compute the same thing.  Adjacent projections from
the same sources are one matrix here, as one would write it in these frameworks.
"""

from dataclasses import dataclass, field

import numpy as np

from model.compiler import compile_network
from model.formats import TAP_STATE, WEIGHT
from model.network import Network, NetworkError
from model.program import Feedback, Program
from model.words import Words, population_values, projection_values

__all__ = ["FloatNetwork", "Link"]


@dataclass
class Link:
    """One weight matrix.  Neurons are counted without the inputs, sources with them.

    source, target  slices of the rates and of the neurons;  ``rate`` η dt
    backward        B, learned by the mirror rule, or None where nobody below needs an error
    traces          slice of the traces: one per source, or (``per_target``) one per target and
                    source, where targets differ in their time constants
    """

    source: slice
    target: slice
    weights: np.ndarray
    backward: np.ndarray | None
    rate: float
    traces: slice = field(default_factory=lambda: slice(0))
    per_target: bool = False


@dataclass
class FloatNetwork:
    """Arrays over the neurons (inputs not counted), over the traces, and the links.

    alpha, error_alpha  dt/τ of membrane and error;  ``rho`` τr/τm;  ``bias_rate`` η dt
    noise               amplitude ε of the sign on each rate
    parts               (slice, activation) of adjacent neurons
    output              slice of the neurons that have targets;  ``gain`` their β
    trace_source        which rate each trace follows;  trace_alpha, trace_rho its target's
    mirror_rate, mirror_noise   ηB, and the ε that it divides by
    """

    name: str
    inputs: int
    alpha: np.ndarray
    error_alpha: np.ndarray
    rho: np.ndarray
    bias: np.ndarray
    bias_rate: np.ndarray
    c0: np.ndarray
    tap_step: np.ndarray
    tap_limit: np.ndarray
    noise: np.ndarray
    parts: list[tuple[slice, str]]
    output: slice
    gain: float
    links: list[Link]
    trace_source: np.ndarray
    trace_alpha: np.ndarray
    trace_rho: np.ndarray
    mirror_rate: float
    mirror_noise: float

    @classmethod
    def of(cls, network: Network) -> "FloatNetwork":
        """The real numbers of ``network``; NetworkError where it is not the default rule's."""
        program = compile_network(network)
        populations = population_values(program, Words())[1:]
        projections = projection_values(program, Words())
        _check(program, populations, projections)

        def spread(name: str) -> np.ndarray:
            return np.repeat(populations[name].astype(np.float64), populations["size"])

        alpha, rho, inputs = spread("membrane"), spread("ratio"), program.inputs
        links = _links(program, projections, alpha + 1j * rho)
        sources, targets = zip(*(_trace_ends(link) for link in links), strict=True)
        source, target = np.concatenate(sources), np.concatenate(targets)
        outputs = np.flatnonzero(spread("is_output"))
        mirror = projections[projections["feedback"] == Feedback.MIRROR][0]
        return cls(
            name=network.name, inputs=inputs, alpha=alpha, error_alpha=spread("error"), rho=rho,
            bias=WEIGHT.real(program.state["bias"][inputs:]), bias_rate=spread("bias_rate"),
            c0=TAP_STATE.real(program.state["c0"][inputs:]), tap_step=spread("tap_step"),
            tap_limit=spread("tap_limit"), noise=spread("noise") * spread("noisy"),
            parts=_parts(network), output=slice(int(outputs[0]), int(outputs[-1]) + 1),
            gain=float(spread("gain")[outputs[0]]), links=links, trace_source=source,
            trace_alpha=alpha[target], trace_rho=rho[target],
            mirror_rate=2.0 ** -float(mirror["mirror_shift"]),
            mirror_noise=2.0 ** -float(mirror["noise_shift"]),
        )

    @property
    def size(self) -> int:
        """Neurons, inputs not counted."""
        return len(self.alpha)


def _check(program: Program, populations: np.ndarray, projections: np.ndarray) -> None:
    """Refuse what the comparison does not know."""
    outputs = np.flatnonzero(populations["is_output"])
    from_inputs = projections["source_first"] + projections["source_size"] <= program.inputs
    mirrored = projections["feedback"] == Feedback.MIRROR
    kinds = projections[["mirror_shift", "noise_shift", "self_scaling"]][mirrored]
    for what, holds in {
        'the rule "trace"': not (populations["prospective"].any()
                                 or projections["prospective"].any()),
        "constant time constants": not program.populations["learns_tau"].any(),
        "two learned taps": not program.populations["one_tap"].any(),
        "plastic weights": projections["plastic"].all(),
        "mirrored backward weights": mirrored.any() and (mirrored | from_inputs).all(),
        "one rate of mirrored weights, scaled": len(np.unique(kinds)) == 1
        and kinds["self_scaling"][0],
        "adjacent outputs of one gain": len(np.unique(populations["gain"][outputs])) == 1
        and (np.diff(outputs) == 1).all(),
    }.items():
        if not holds:
            raise NetworkError(f"network '{program.name}': the comparison knows only {what}")


def _links(program: Program, projections: np.ndarray, times: np.ndarray) -> list[Link]:
    """Projections as matrices, those of the same sources and adjacent targets joined.

    times   τ of the neurons, two in one number
    """
    links: list[Link] = []
    for number, p in enumerate(projections):
        first = int(p["target_first"]) - program.inputs
        weights, backward = (WEIGHT.real(program.matrix(program.state, number, name))
                             for name in ("W", "B"))
        link = Link(source=slice(int(p["source_first"]), int(p["source_first"] + p["source_size"])),
                    target=slice(first, first + int(p["target_size"])), rate=float(p["rate"]),
                    weights=weights,
                    backward=backward if p["feedback"] == Feedback.MIRROR else None)
        if links and _adjacent(links[-1], link):
            link = _joined(links.pop(), link)
        links.append(link)
    place = 0
    for link in links:
        link.per_target = len(np.unique(times[link.target])) > 1
        count = link.weights.size if link.per_target else link.weights.shape[1]
        link.traces = slice(place, place + count)
        place += count
    return links


def _adjacent(one: Link, other: Link) -> bool:
    return (one.source == other.source and one.target.stop == other.target.start
            and one.rate == other.rate and (one.backward is None) == (other.backward is None))


def _joined(one: Link, other: Link) -> Link:
    backward = None if one.backward is None else np.vstack([one.backward, other.backward])
    return Link(source=one.source, target=slice(one.target.start, other.target.stop),
                weights=np.vstack([one.weights, other.weights]), backward=backward, rate=one.rate)


def _trace_ends(link: Link) -> tuple[np.ndarray, np.ndarray]:
    """Which rate each trace of ``link`` follows, and for which neuron (any, if all are alike)."""
    sources = np.arange(link.source.start, link.source.stop)
    targets = np.arange(link.target.start, link.target.stop)
    if link.per_target:
        return np.tile(sources, len(targets)), np.repeat(targets, len(sources))
    return sources, np.full(len(sources), targets[0])


def _parts(network: Network) -> list[tuple[slice, str]]:
    parts: list[tuple[slice, str]] = []
    place = 0
    for population in network.populations:
        end, name = place + population.size, population.activation
        if parts and parts[-1][1] == name:
            parts[-1] = (slice(parts[-1][0].start, end), name)
        else:
            parts.append((slice(place, end), name))
        place = end
    return parts
