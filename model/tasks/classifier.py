"""Feed-forward classifiers whose synapses wait for the label: slow and fast layers, linear outputs.

Biases are the weights from neurons that always say 1: eligibilities then serve them too.  Hidden
neurons have a slope that never vanishes: in fixed point a slope, and with it all that a synapse
remembers, can be exactly 0, and a neuron without either would never come back from saturation.
"""

from dataclasses import dataclass, replace

import numpy as np

from model.network import INPUT, Eligibility, Network, Population, Projection

__all__ = ["Layer", "classifier"]

DT = 1.0
"""A point of a sample is a second: the time constants below are in points."""
ONE = 1.0


@dataclass(frozen=True)
class Layer:
    """``size`` leaky-tanh neurons, shared out evenly over time constants ``tau_m`` (in points)."""

    size: int
    tau_m: tuple[float, ...] = (1.0,)


def classifier(name: str, *, inputs: int, layers: tuple[Layer, ...], classes: int, rate: float,
               eligibility: Eligibility, steps: tuple[float, ...], feedback: str, gain: float,
               rng: np.random.Generator, emphasis: float = 1.0, delays: int = 0) -> Network:
    """``inputs`` channels, of which the last always says 1, → ``layers`` → ``classes``.

    steps      the eligibility's step for each layer, outputs last
    gain       standard deviation of the first layer's weights times √inputs; 1 in the others
    emphasis   β of the outputs: by how much their errors are enlarged, a power of two
    delays     points before the present one that the first layer hears besides: a line of linear
               neurons, fixed, each a step behind the one before it
    """
    network = Network(name=name, dt=DT, inputs=inputs)

    def connect(source, target: str, rows: int, columns: int, scale: float, step: float,
                always: int = -1) -> None:
        limit = scale * np.sqrt(3.0 / columns)
        shape = (rows, columns + 1)
        forward, backward = rng.uniform(-limit, limit, (2, *shape))
        forward[:, always] = 0.0
        network.projections.append(Projection(
            source=source, target=target, weights=forward, rate=rate,
            eligibility=replace(eligibility, step=step),
            backward=None if INPUT in source else backward,
            feedback="fixed" if INPUT in source else feedback))

    source, columns, scale, always = (INPUT,), inputs - 1, gain, inputs - 1
    if delays:
        line = _delay_line(inputs, delays)
        network.populations.append(line)
        network.projections.append(_shift(inputs, line))
        source, columns = (INPUT, line.name), columns + line.size
    for number, (layer, step) in enumerate(zip(layers, steps, strict=False), start=1):
        names = []
        for k, tau_m in enumerate(layer.tau_m):
            first, end = (layer.size * edge // len(layer.tau_m) for edge in (k, k + 1))
            names.append(f"layer{number}-{k + 1}")
            network.populations.append(Population(
                name=names[-1], size=end - first, tau_m=tau_m, tau_r=DT, taps="instant",
                activation="leaky-tanh"))
            connect(source, names[-1], end - first, columns, scale, step, always)
        one = f"one{number}"
        network.populations.append(Population(name=one, size=1, tau_m=DT, tau_r=DT, bias=ONE,
                                              activation="linear", taps="instant"))
        source, columns, scale, always = (*names, one), layer.size, 1.0, -1
    network.populations.append(Population(name="out", size=classes, tau_m=DT, tau_r=DT,
                                          activation="linear", taps="instant", output=True,
                                          gain=emphasis))
    connect(source, "out", classes, columns, 0.5, steps[-1])
    return network


def _delay_line(inputs: int, delays: int) -> Population:
    """``delays`` neurons for every channel but the last."""
    return Population(name="delayed", size=delays * (inputs - 1), tau_m=DT, tau_r=DT,
                      activation="linear", taps="instant")


def _shift(inputs: int, line: Population) -> Projection:
    """Every neuron of the line copies its channel, or the neuron a step before."""
    channels = inputs - 1
    weights = np.zeros((line.size, inputs + line.size))
    for neuron in range(line.size):
        before = neuron if neuron < channels else inputs + neuron - channels
        weights[neuron, before] = ONE
    return Projection(source=(INPUT, line.name), target=line.name, weights=weights, plastic=False,
                      feedback="fixed")
