"""Rates of learning that a network gets unless it asks for others.

Chosen on validation streams of the tasks ``chain``, ``notes`` and ``xor``, rule ``vle``.  The three
share ηc and ηB, and ε = 2⁻⁶, which they set themselves; notes sets a faster η too.  ε is larger
here: with 2⁻⁶ ``lagline`` came less close to its teacher on the seed tried.
"""

__all__ = ["FEEDBACK_RATE", "NOISE", "TAP_RATE", "WEIGHT_RATE"]

WEIGHT_RATE = 0.25
"""η of weights, per second."""

TAP_RATE = 0.01
"""ηc of error taps, per second.  At 0.05 the taps of membranes of 2 s follow the signal, and their
errors stay farther from the adjoint (`vle gradient notes`)."""

NOISE = 2.0**-5
"""ε, amplitude of the neurons' own signs where B is learned from them.  It puts a floor under the
error that is sent down near convergence; less of it slows B where rates jump from step to step."""

FEEDBACK_RATE = 2.0**-8
"""ηB of the mirror rule, per step, before its self-scaling."""
