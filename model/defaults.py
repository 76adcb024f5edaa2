"""Rates of learning that a network gets unless it asks for others.

Chosen on validation streams, rule ``vle``.  ``xor``, ``xor-deep`` and ``chain`` run with all of
them; ``lagline`` and ``notes`` set a faster η, ``notes`` also less ε and ηB, and have the rest.
"""

__all__ = ["BIAS_RATE", "FEEDBACK_RATE", "NOISE", "TAP_RATE", "WEIGHT_RATE"]

WEIGHT_RATE = 0.25
"""η of weights, per second."""

BIAS_RATE = WEIGHT_RATE / 4
"""η of biases, per second, for networks that learn them.  A bias hears a constant 1, louder than
most traces: at the weights' own rate some seeds of ``xor-deep`` fail."""

TAP_RATE = 0.02
"""ηc of error taps, per second.  At 0.05 the taps of membranes of 2 s follow the signal, and their
errors stay farther from the adjoint (`vle gradient notes`)."""

NOISE = 2.0**-6
"""ε, amplitude of the neurons' own signs where B is learned from them.  It puts a floor under the
error that is sent down near convergence; less of it slows B where rates jump from step to step."""

FEEDBACK_RATE = 2.0**-8
"""ηB of the mirror rule, per step, before its self-scaling."""
