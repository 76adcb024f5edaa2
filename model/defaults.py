"""Rates of learning that a network gets unless it asks for others.

Chosen on validation streams of the tasks ``chain``, ``notes`` and ``xor``, rule ``vle``.  The three
share them all but for η, which notes sets itself: 0.25 is too slow for it.
"""

__all__ = ["FEEDBACK_RATE", "NOISE", "TAP_RATE", "WEIGHT_RATE"]

WEIGHT_RATE = 0.25
"""η of weights, per second."""

TAP_RATE = 0.01
"""ηc of error taps, per second.  A faster tap wanders: the sign of its residual is only right on
average over several τm, and the slowest membranes here have 2 s."""

NOISE = 2.0**-6
"""ε, amplitude of the neurons' own signs where B is learned from them.  It puts a floor under the
error that is sent down near convergence; less of it slows B where rates jump from step to step."""

FEEDBACK_RATE = 2.0**-8
"""ηB of the mirror rule, per step, before its self-scaling."""
