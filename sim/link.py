"""A simulated core behind its link: bytes in, bytes out, at the speed of a line."""

import ctypes
from pathlib import Path
from typing import Self

__all__ = ["SimulatedLink"]

ROOM = 4096
"""Most bytes that a call brings back."""

_LINK, _SIZE, _CYCLES = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
_CALLS = {
    "link_create": (_LINK, [_CYCLES]),
    "link_destroy": (None, [_LINK]),
    "link_cycles": (_CYCLES, [_LINK]),
    "link_idle": (ctypes.c_int, [_LINK]),
    "link_exchange": (None, [_LINK, ctypes.c_char_p, _SIZE, ctypes.POINTER(_SIZE), ctypes.c_char_p,
                             _SIZE, ctypes.POINTER(_SIZE), _CYCLES]),
}


class SimulatedLink:
    """One instance of a library made by :func:`sim.build.build_linked`, reset.

    pace   clock cycles that a byte takes on the line, each way
    """

    def __init__(self, library: Path, *, pace: int = 1):
        if pace < 1:
            raise ValueError(f"pace = {pace} must be at least 1 cycle a byte")
        self._calls = ctypes.CDLL(str(library))
        for name, (result, arguments) in _CALLS.items():
            call = getattr(self._calls, name)
            call.restype, call.argtypes = result, arguments
        self._out = ctypes.create_string_buffer(ROOM)
        self._pending = b""
        self._link = self._calls.link_create(pace)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __del__(self):
        if getattr(self, "_link", None):
            self.close()

    def close(self) -> None:
        """Free the simulation; a second call does nothing."""
        if self._link:
            self._calls.link_destroy(self._link)
            self._link = None

    @property
    def cycles(self) -> int:
        """Clock cycles since this instance was made."""
        return self._calls.link_cycles(self._link)

    @property
    def idle(self) -> bool:
        """Nothing is left to do: all bytes were fed, every answer was sent."""
        return not self._pending and bool(self._calls.link_idle(self._link))

    def feed(self, data: bytes) -> None:
        """Bytes for the core; they go in at the line's pace as it runs."""
        self._pending += data

    def run(self, cycles: int) -> bytes:
        """What comes out until ``cycles`` have passed, a packet has ended, or it is idle."""
        taken, given = _SIZE(), _SIZE()
        self._calls.link_exchange(self._link, self._pending, len(self._pending),
                                  ctypes.byref(taken), self._out, ROOM, ctypes.byref(given), cycles)
        self._pending = self._pending[taken.value:]
        return self._out.raw[:given.value]
