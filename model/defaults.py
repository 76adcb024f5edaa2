"""Rates of learning that a network gets unless it asks for others: one set for every task.

Chosen together on validation streams, rule ``vle``: ``xor``, ``xor-deep``, ``chain``, ``notes`` and
``lagline`` run with all of them.  THEORY, "Rates that travel", says why they scale as they do.
"""

__all__ = ["FEEDBACK_RATE", "MOST_SOURCES", "NOISE", "SOURCE_RATE", "TAP_RATE", "bias_rate",
           "time_rate", "weight_rate"]

SOURCE_RATE = 0.003
"""η dt of a weight, per source that its neuron hears through the projection."""

MOST_SOURCES = 8
"""Sources beyond which η grows no more."""

TAP_RATE = 0.02
"""ηc of error taps, per second.  At 0.05 the taps of membranes of 2 s follow the signal, and their
errors stay farther from the adjoint (`vle gradient notes`)."""

NOISE = 2.0**-7
"""ε, amplitude of the neurons' own signs where B is learned from them.  It puts a floor under the
error that is sent down near convergence; twice as much costs ``xor-deep`` reliability, and with
half as much B is slower where rates jump from step to step."""

FEEDBACK_RATE = 2.0**-9
"""ηB of the mirror rule, per step, before its self-scaling."""


def weight_rate(sources: int, dt: float) -> float:
    """η per second of a projection from ``sources`` neurons or inputs, in steps of ``dt`` s."""
    return SOURCE_RATE * min(sources, MOST_SOURCES) / dt


def bias_rate(dt: float) -> float:
    """η per second of biases that learn: a bias is one source, which always says 1."""
    return weight_rate(1, dt)


def time_rate(dt: float) -> float:
    """ητ per second of time constants that learn.

    Faster beside η, a time constant goes astray before the weights have found their size.
    """
    return 5.0 * weight_rate(1, dt)
