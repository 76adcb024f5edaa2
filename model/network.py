"""Networks in SI units: populations of neurons and the projections between them.

A :class:`Network` says what to compute; :func:`model.compiler.compile_network` turns it into the
integers that the golden model and the core run.  Neurons are numbered as listed: first the inputs,
then population after population.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from model.defaults import FEEDBACK_RATE, TAP_RATE, weight_rate

__all__ = ["INPUT", "Eligibility", "Network", "NetworkError", "Population", "Projection"]

INPUT = "input"
"""Name of the source that stands for the network's input channels."""


class NetworkError(ValueError):
    """A network that cannot be built; the message names the value and the limit in one line."""


@dataclass(kw_only=True)
class Population:
    """``size`` neurons with common time constants, activation, rules and rates.

    Times are in seconds, rates of learning per second (a step's factor is rate × dt).

    tau_m, tau_r     membrane time constant (look back) and look-ahead, dt ≤ τr ≤ τm
    activation       a name in ``model.activation.ACTIVATIONS``
    bias, bias_rate  initial bias (scalar or one per neuron) and its rate of learning
    rule             "trace" or "prospective": what the bias, and by default every projection into
                     this population, learns from (THEORY: ē with a trace, or e as published)
    taps             "learned" (from (1, 0), sign-sign LMS), "gain" (the same, c0 only), "gle"
                     (κ, 1 − κ), "instant" (1, 0), or a pair of fixed taps (c0, c1)
    tap_rate         rate ηc of learned taps; ``tap_limit`` bounds their magnitude
    noise            amplitude ε of the random sign added to the rate, a power of two, or 0
    tau_rate         rate of learning τm, per second; "gle" taps, which hang on τm, exclude it
    nudging          γ, a power of two ≤ 1, or 0: weight of a neuron's own error in its current
    output, gain     whether its rates leave the network, and β, a power of two: ē = φ' β (y − r)
    """

    name: str
    size: int
    tau_m: float
    tau_r: float
    activation: str = "tanh"
    bias: float | Sequence[float] = 0.0
    bias_rate: float = 0.0
    rule: str = "trace"
    taps: str | tuple[float, float] = "learned"
    tap_rate: float = TAP_RATE
    tap_limit: float = 2.0
    tau_rate: float = 0.0
    noise: float = 0.0
    nudging: float = 0.0
    output: bool = False
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """A memory E of each synapse for an error or a reward that comes later (THEORY: three factors).

    factor      "slope": E ← ϑ E + φ' ψ, ΔW = η m a E with a the error that arrives at the neuron;
                "sign": E ← ϑ E + ξ ψ, ΔW = η m E, with m the reward beyond expectation
    retention   ϑ, share of E kept in a step: 0, 1 − 2**−k with k ≤ 15, or 1
    scale       1, 1/8 or 1/64: E saturates at ±4/scale
    update      "plain", or "sign": W moves by m × step in the direction of a momentum of η m a E
    step        of the update "sign", a power of two
    momentum    share of it that a frame that learns replaces, a power of two
    """

    factor: str = "slope"
    retention: float = 1.0
    scale: float = 2.0**-3
    update: str = "plain"
    step: float = 2.0**-10
    momentum: float = 2.0**-6


@dataclass(kw_only=True)
class Projection:
    """Synapses from ``source`` neurons onto every neuron of the population ``target``.

    source         INPUT, a population's name, or a tuple of adjacent ones (a range that spans them)
    weights        W, shape (target size, source size), |W| < 8
    backward       initial backward weights B, same shape (B[i, j] carries the error of i to j);
                   zeros if None
    rate           rate η of learning W, per second; None: the default, which depends on dt and
                   on the number of sources (:meth:`Network.rate`); ``plastic=False`` freezes W
    rule           "trace", "prospective", or None: the target population's rule
    feedback       "mirror", "kolen-pollack", "tied" (B = Wᵀ) or "fixed"
    feedback_rate  ηB of the mirror rule, per step, a power of two
    self_scaling   mirror rule: slow ηB down where |ΔI| is large beside ε (THEORY 4)
    decay          decay of W (and B under Kolen–Pollack) per step, a power of two, or 0
    eligibility    a third word per synapse, for errors and rewards that come late, or None; it
                   takes the place of the rule
    """

    source: str | tuple[str, ...]
    target: str
    weights: np.ndarray
    backward: np.ndarray | None = None
    rate: float | None = None
    plastic: bool = True
    rule: str | None = None
    feedback: str = "mirror"
    feedback_rate: float = FEEDBACK_RATE
    self_scaling: bool = True
    decay: float = 0.0
    eligibility: Eligibility | None = None

    @property
    def name(self) -> str:
        """``source>target``, as reports call it."""
        sources = (self.source,) if isinstance(self.source, str) else self.source
        return f"{'+'.join(sources)}>{self.target}"


@dataclass(kw_only=True)
class Network:
    """``inputs`` channels, populations and projections, advanced in steps of ``dt`` seconds."""

    dt: float
    inputs: int
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    name: str = "network"

    def population(self, name: str) -> Population:
        """The population of that name; :class:`NetworkError` if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        known = ", ".join(p.name for p in self.populations)
        raise NetworkError(f"unknown population '{name}'; there are: {known}")

    def first(self, name: str) -> int:
        """Number of the first neuron of a population, or of INPUT."""
        if name == INPUT:
            return 0
        self.population(name)
        number = self.inputs
        for population in self.populations:
            if population.name == name:
                break
            number += population.size
        return number

    def source_range(self, projection: Projection) -> tuple[int, int]:
        """First neuron and number of neurons that a projection starts from."""
        names = projection.source
        names = (names,) if isinstance(names, str) else tuple(names)
        if not names:
            raise NetworkError(f"projection to {projection.target}: a source range needs a name")
        end = None
        for name in names:
            first = self.first(name)
            if end is not None and first != end:
                raise NetworkError(f"projection {projection.name}: '{name}' does not follow the "
                                   "source before it; a source range must be contiguous")
            end = first + (self.inputs if name == INPUT else self.population(name).size)
        start = self.first(names[0])
        return start, end - start

    def rate(self, projection: Projection) -> float:
        """η of a projection, per second: its own, or the default."""
        if projection.rate is not None:
            return projection.rate
        return weight_rate(self.source_range(projection)[1], self.dt)

    @property
    def neurons(self) -> int:
        """Neurons of all populations, inputs not counted."""
        return sum(p.size for p in self.populations)

    @property
    def outputs(self) -> int:
        """Neurons whose rates leave the network."""
        return sum(p.size for p in self.populations if p.output)

    @property
    def synapses(self) -> int:
        """Pairs (W, B) of all projections."""
        return sum(int(np.asarray(p.weights).size) for p in self.projections)
