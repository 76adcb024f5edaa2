"""The network that tests of devices share: small, and alive in every part."""

import numpy as np

from model.compiler import compile_network
from model.network import INPUT, Network, Population, Projection
from model.program import Program

__all__ = ["small_program"]


def small_program(seed: int = 0) -> Program:
    """Two inputs, five noisy neurons with a loop, one output; everything plastic."""
    random = np.random.default_rng(seed)
    hidden = Population(name="hidden", size=5, tau_m=1.0, tau_r=0.1, noise=2.0**-6, bias_rate=0.1)
    output = Population(name="output", size=1, tau_m=0.3, tau_r=0.1, activation="linear",
                        bias_rate=0.1, output=True)
    network = Network(dt=0.05, inputs=2, populations=[hidden, output], projections=[
        Projection(source=INPUT, target="hidden", weights=random.normal(0, 1, (5, 2)), rate=0.5),
        Projection(source="hidden", target="hidden", weights=random.normal(0, 0.3, (5, 5)),
                   rate=0.5),
        Projection(source="hidden", target="output", weights=random.normal(0, 1, (1, 5)),
                   rate=0.5),
    ])
    return compile_network(network, seed=seed)
