"""Random legal networks and random streams, to compare devices on.

Every key gives a network that compiles, drawn from the whole range of what compiles: single neurons
and wide layers, recurrent, skip and parallel projections, sources that span populations, every
activation, rule and feedback, and parameters at their limits.  One population of each network is
ordinary and fed by the input alone, so that however wild the rest, there is learning to compare.
"""

from dataclasses import replace

import numpy as np

from model.eligibility import SCALES
from model.formats import MODULATOR, RATE, TAP_STATE
from model.frames import FROZEN, LEARNING, Frames
from model.network import INPUT, Eligibility, Network, Population, Projection
from model.program import TABLE_SLOTS, Flag, Program, Teach

__all__ = ["random_frames", "random_network", "with_eligibilities"]

ORDINARY = "ordinary"
FEEDBACKS = ("mirror", "kolen-pollack", "tied", "fixed")
MOST_SYNAPSES, MOST_TRACES, MOST_OUTPUTS = 1500, 400, 60
"""Sizes that fit a core of any number of lanes, of a network of scale 1."""
ACTIVATIONS = ("linear", "tanh", "softplus", "sigmoid", "relu")
"""Of those that are known, one of each kind."""
SECTION = 24
"""Mean length of a stretch of a random stream with one kind of signal, in steps."""


def random_network(*key: int, scale: int = 1) -> Network:
    """A legal network of 2 to about 60 neurons, a function of ``key`` and ``scale`` alone.

    scale   how many times as wide its wider populations are, so that they take several rows of a
            core of many lanes; synapses and traces may be as many times more, outputs not
    """
    rng = np.random.default_rng(key)
    dt = 10.0 ** rng.uniform(-4, 0)
    inputs = int(rng.integers(1, 7))
    activations = list(rng.choice(ACTIVATIONS, TABLE_SLOTS, replace=False))
    others = [_population(rng, f"p{k}", dt, activations, scale) for k in range(rng.integers(1, 6))]
    place = int(rng.integers(0, len(others) + 1))
    ordinary = Population(name=ORDINARY, size=int(rng.integers(2, 6)), tau_m=5 * dt, tau_r=2 * dt,
                          activation=next(a for a in activations if a != "relu"),
                          output=True, bias_rate=0.02 / dt)
    network = Network(dt=dt, inputs=inputs, name="random " + " ".join(map(str, key)),
                      populations=[*others[:place], ordinary, *others[place:]])
    shape = (ordinary.size, inputs)
    network.projections.append(Projection(
        source=INPUT, target=ORDINARY, weights=rng.normal(0, 0.5 / np.sqrt(inputs), shape),
        rate=0.05 / dt, feedback=str(rng.choice(FEEDBACKS))))
    for population in others:
        population.output &= network.outputs <= MOST_OUTPUTS
        for _ in range(rng.choice([0, 1, 2, 3], p=[0.05, 0.5, 0.3, 0.15])):
            _connect(rng, network, population, scale)
    rng.shuffle(network.projections)
    return network


def _population(rng, name: str, dt: float, activations: list[str], scale: int) -> Population:
    tau_m = dt * rng.choice([1.0, 10.0 ** rng.uniform(0, 3), 10.0 ** rng.uniform(3, 7)],
                            p=[0.1, 0.8, 0.1])
    tau_r = tau_m * rng.choice([1.0, dt / tau_m, (dt / tau_m) ** rng.uniform(0, 1)],
                               p=[0.2, 0.1, 0.7])
    tau_r = max(tau_r, dt)
    fixed = tuple(rng.uniform(-1, 1, 2) * 0.99 * TAP_STATE.limit)
    taps = ["learned", "learned", "gain", "instant", fixed]
    if tau_m / tau_r < 0.99 * TAP_STATE.limit:
        taps.append("gle")
    chosen = taps[rng.integers(len(taps))]
    return Population(
        name=name, size=int(rng.choice([1, rng.integers(1 + scale, 1 + 12 * scale),
                                        rng.integers(1 + 12 * scale, 1 + 33 * scale)],
                                       p=[0.2, 0.7, 0.1])),
        tau_m=tau_m, tau_r=tau_r, activation=str(rng.choice(activations)),
        bias=float(rng.choice([0.0, rng.normal(0, 0.3), rng.uniform(-7.9, 7.9)],
                              p=[0.4, 0.5, 0.1])),
        bias_rate=_rate(rng, dt), rule=_rule(rng), taps=chosen,
        tau_rate=0.0 if chosen == "gle" else _tau_rate(rng, dt, tau_m, tau_r),
        tap_rate=float(rng.choice([0.0, 10.0 ** rng.uniform(-7, -0.001)], p=[0.1, 0.9])) / dt,
        tap_limit=float(rng.choice([2.0, TAP_STATE.limit, 10.0 ** rng.uniform(-3, 1)])),
        noise=_power(rng, -10, 0, often=-6), nudging=_power(rng, -15, 0) * (rng.random() < 0.4),
        output=bool(rng.random() < 0.4), gain=2.0 ** rng.integers(-8, 8),
    )


def _rate(rng, dt: float) -> float:
    """A rate per second whose factor rate × dt is 0, usual, or anything that compiles."""
    usual, any_legal = 10.0 ** rng.uniform(-4, -1), 2.0 ** rng.uniform(-31, -1.1)
    return float(rng.choice([0.0, usual, any_legal], p=[0.1, 0.6, 0.3])) / dt


def _tau_rate(rng, dt: float, tau_m: float, tau_r: float) -> float:
    """A rate of learning τm that is 0, or moves α by anything from a few bits to leaps."""
    if tau_m > 500 * tau_r or rng.random() < 0.5:
        return 0.0
    leap = 2.0 ** rng.uniform(4, 24.9)
    return float(leap * 2.0**-28 * dt * (tau_m / dt) ** 3 / (tau_r / dt))


def _rule(rng) -> str:
    return str(rng.choice(["trace", "prospective"]))


def _power(rng, low: int, high: int, often: int | None = None) -> float:
    """0, or a power of two from 2**low to 2**high."""
    exponent = often if often is not None and rng.random() < 0.4 else rng.integers(low, high + 1)
    return float(rng.choice([0.0, 2.0 ** exponent], p=[0.25, 0.75]))


def _sources(rng, network: Network) -> tuple[str, ...]:
    """A range of one to three adjacent sources that agree on their noise amplitude."""
    names = [INPUT, *(p.name for p in network.populations)]
    first = int(rng.integers(len(names)))
    chosen = [names[first]]
    for name in names[first + 1 : first + int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))]:
        noises = {network.population(n).noise for n in (*chosen, name) if n != INPUT} - {0.0}
        if len(noises) > 1:
            break
        chosen.append(name)
    return tuple(chosen)


def _connect(rng, network: Network, target: Population, scale: int) -> None:
    """Add a random projection onto ``target``, unless the network grew too large."""
    source = _sources(rng, network)
    wiring = Projection(source=source if len(source) > 1 else source[0], target=target.name,
                        weights=np.zeros(0))
    shape = (target.size, network.source_range(wiring)[1])
    traces = sum(network.source_range(p)[1] for p in network.projections)
    if (network.synapses + shape[0] * shape[1] > scale * MOST_SYNAPSES
            or traces + shape[1] > scale * MOST_TRACES):
        return
    wiring.weights = _matrix(rng, shape)
    wiring.backward = _matrix(rng, shape) if rng.random() < 0.8 else None
    wiring.rate, wiring.plastic = _rate(rng, network.dt), bool(rng.random() < 0.8)
    wiring.rule = _rule(rng) if rng.random() < 0.5 else None
    wiring.feedback = str(rng.choice(FEEDBACKS, p=[0.4, 0.2, 0.2, 0.2]))
    wiring.feedback_rate = 2.0 ** rng.integers(-20, -5)
    wiring.self_scaling = bool(rng.random() < 0.6)
    wiring.decay = 2.0 ** rng.integers(-31, 0) if rng.random() < 0.3 else 0.0
    network.projections.append(wiring)


def _matrix(rng, shape: tuple[int, int]) -> np.ndarray:
    """Weights of the usual scale, or (one in five) over all their range."""
    if rng.random() < 0.2:
        return rng.uniform(-7.99, 7.99, shape)
    return rng.normal(0, 1 / np.sqrt(shape[1]), shape).clip(-7.99, 7.99)


def with_eligibilities(network: Network, *key: int) -> Network:
    """The same network, most of its projections with an eligibility, a function of ``key`` too.

    That of the ordinary population learns from its errors without delay.
    """
    rng = np.random.default_rng(key)
    ordinary = Eligibility(retention=0.75, scale=1.0, update=str(rng.choice(["plain", "sign"])),
                           momentum=0.25, step=2.0**-9)
    return replace(network, projections=[
        replace(p, eligibility=ordinary) if p.target == ORDINARY
        else replace(p, eligibility=_eligibility(rng, p.rate * network.dt))
        if rng.random() < 0.8 else p
        for p in network.projections])


def _eligibility(rng, step: float) -> Eligibility:
    """Any eligibility that compiles with this rate × dt."""
    return Eligibility(
        factor=str(rng.choice(["slope", "sign"])), update=str(rng.choice(["plain", "sign"])),
        retention=float(rng.choice([0.0, 1.0, 1 - 2.0 ** -rng.integers(1, 16)])),
        scale=float(rng.choice([scale for scale in SCALES if step < 0.9 * scale])),
        step=2.0 ** -rng.choice([rng.integers(5, 12), rng.integers(0, 31)]),
        momentum=2.0 ** -rng.choice([rng.integers(0, 4), rng.integers(0, 16)]))


def random_frames(program: Program, steps: int, *key: int) -> Frames:
    """``steps`` frames for ``program``, a function of ``key`` alone.

    A stream is a row of sections, each with its own amplitudes (one least bit to saturating), its
    way of teaching (targets, errors, none, or any per output), modulators and flags; the first is
    ordinary on-line learning, but for its first few frames.  For eligibilities some sections are
    samples with an error at their end.
    """
    rng = np.random.default_rng(key)
    frames = Frames(inputs=np.zeros((steps, program.inputs), np.int64),
                    teach=np.zeros((steps, program.outputs), np.int64),
                    kind=np.zeros((steps, program.outputs), np.int64),
                    modulator=np.full(steps, MODULATOR.one, np.int64),
                    flags=np.full(steps, LEARNING, np.int64))
    start = 0
    while start < steps:
        length = rng.integers(1 if start else SECTION, 2 * SECTION)
        section = frames[start : start + int(length)]
        if start == 0:
            section.inputs[:] = _signal(rng, section.inputs.shape, 14)
            section.teach[:] = _signal(rng, section.teach.shape, 14)
            section.kind[:] = Teach.TARGET
            # A stream need not begin by learning.
            section.flags[:rng.integers(0, 8)] = rng.integers(0, 64)
        else:
            _fill(rng, section)
            if program.eligible and rng.random() < 0.4:
                _teach_late(rng, section)
        start += len(section)
    return frames


def _fill(rng, section: Frames) -> None:
    """Make one section of a stream, in place."""
    section.inputs[:] = _signal(rng, section.inputs.shape, rng.uniform(0, RATE.width))
    section.teach[:] = _signal(rng, section.teach.shape, rng.uniform(0, RATE.width))
    kinds = [Teach.TARGET, Teach.ERROR, Teach.NONE, rng.integers(0, 3, section.kind.shape)]
    section.kind[:] = kinds[rng.choice(4, p=[0.4, 0.2, 0.1, 0.3])]
    modulators = [MODULATOR.one, 0, -MODULATOR.one, MODULATOR.min, MODULATOR.max,
                  rng.integers(MODULATOR.min, MODULATOR.max + 1, len(section))]
    section.modulator[:] = modulators[rng.choice(6, p=[0.5, 0.1, 0.1, 0.05, 0.05, 0.2])]
    flags = [LEARNING, FROZEN, rng.integers(0, 64), rng.integers(0, 64, len(section))]
    section.flags[:] = flags[rng.choice(4, p=[0.6, 0.1, 0.2, 0.1])]
    if rng.random() < 0.2:
        section.flags[0] |= int(rng.choice([Flag.RESET_STATE, Flag.RESET_TRACE]))


def _teach_late(rng, section: Frames) -> None:
    """Make a section a sample: streamed from rest, held while its error travels, then learned."""
    held = int(rng.integers(0, len(section)))
    section.flags[:held] = Flag.INTEGRATE | int(rng.choice([0, Flag.NOISE]))
    section.flags[held:] = 0
    section.flags[0] |= Flag.RESET_STATE | Flag.RESET_TRACE
    section.flags[-1] |= Flag.LEARN
    section.kind[:held], section.kind[held:] = Teach.NONE, Teach.ERROR


def _signal(rng, shape: tuple[int, int], bits: float) -> np.ndarray:
    """White, held or slowly walking integers of about ±2**bits, limited to RATE."""
    size = 2.0**bits
    white = rng.uniform(-size, size, shape)
    held = np.broadcast_to(white[:1], shape)
    walk = np.cumsum(white / 8, axis=0)
    signal = [white, held, walk][rng.choice(3, p=[0.5, 0.2, 0.3])] if bits != 14 else white
    return np.clip(np.rint(signal), RATE.min, RATE.max).astype(np.int64)
