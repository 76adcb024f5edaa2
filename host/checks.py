"""What a device accepts: the names and ranges of states, and the error that says so."""

import numpy as np

from model.network import NetworkError
from model.program import ELIGIBILITY_FORMATS, STATE_FORMATS, State

__all__ = ["DeviceError", "check_range", "state_range"]


class DeviceError(NetworkError):
    """A call that a device cannot serve; the message names the value and the limit in one line."""


def state_range(name: str) -> tuple[int, int]:
    """Smallest and largest integer of a state."""
    if name in ("xi", "psi_xi", "explored"):
        return -1, 1
    if name in ("word", "generator"):
        # Zero is the one state that the generator never leaves.
        return int(name == "generator"), 2**32 - 1
    form = (STATE_FORMATS | ELIGIBILITY_FORMATS).get(name)
    if form is None:
        raise DeviceError(f"unknown state '{name}'; there are: {', '.join(State.names())}")
    return form.min, form.max


def check_range(values: np.ndarray, low: int, high: int, what: str) -> None:
    """Raise :class:`DeviceError` for the first value outside ``low`` … ``high``."""
    if values.size and (values.min() < low or values.max() > high):
        at = tuple(int(k) for k in np.argwhere((values < low) | (values > high))[0])
        raise DeviceError(f"{what} {list(at)} is {values[at]}; the limits are {low} … {high}")
