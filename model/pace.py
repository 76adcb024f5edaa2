"""How fast a network learns: all rates of one kind, times a factor."""

from dataclasses import replace

import numpy as np

from model.network import Network, NetworkError

__all__ = ["SCALABLE", "scaled"]

SCALABLE = {"weights": "η", "taps": "ηc", "noise": "ε", "feedback": "ηB"}
"""Kinds of rates and their symbols: of weights, biases and time constants; of error taps; the
amplitude of the neurons' signs; of the mirror rule."""
_OF_POPULATIONS = {"weights": ("bias_rate", "tau_rate"), "taps": ("tap_rate",),
                   "noise": ("noise",), "feedback": ()}


def scaled(network: Network, factor: float, what: str = "weights") -> Network:
    """``network`` with the rates ``what``, a name in :data:`SCALABLE`, times ``factor``."""
    if not (np.isfinite(factor) and factor > 0):
        raise NetworkError(f"factor of the rates = {factor:g} must be positive")
    if what not in SCALABLE:
        raise NetworkError(f"unknown rates '{what}'; there are: {', '.join(SCALABLE)}")
    populations = [replace(p, **{name: getattr(p, name) * factor
                                 for name in _OF_POPULATIONS[what]}) for p in network.populations]
    projections = network.projections
    if what == "weights":
        projections = [replace(p, rate=network.rate(p) * factor) for p in projections]
    if what == "feedback":
        projections = [replace(p, feedback_rate=p.feedback_rate * factor) for p in projections]
    return replace(network, populations=populations, projections=projections)
