"""A simulated core: the Verilated library behind a few calls on arrays."""

import ctypes
from pathlib import Path
from typing import Self

import numpy as np

__all__ = ["PATIENCE", "SimulatedCore", "StuckError"]

PATIENCE = 1_000_000
"""Cycles without a word moved after which a core counts as stuck."""

_WORDS = np.ctypeslib.ndpointer(np.uint32, ndim=1, flags="C_CONTIGUOUS")
_CORE, _SIZE, _CYCLES = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
_CALLS = {
    "core_create": (_CORE, []),
    "core_destroy": (None, [_CORE]),
    "core_reset": (None, [_CORE]),
    "core_stall": (None, [_CORE, ctypes.c_uint32, ctypes.c_uint64]),
    "core_cycles": (_CYCLES, [_CORE]),
    "core_run": (ctypes.c_int, [_CORE, _WORDS, _SIZE, _WORDS, _SIZE, _CYCLES]),
    "core_read": (ctypes.c_int, [_CORE, _WORDS, _WORDS, _SIZE, _CYCLES]),
    "core_write": (ctypes.c_int, [_CORE, _WORDS, _WORDS, _SIZE, _CYCLES]),
}


class StuckError(RuntimeError):
    """The core moved no word for too many cycles."""


def _words(values) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.uint32).reshape(-1)


class SimulatedCore:
    """One instance of a library made by :mod:`sim.build`, reset; instances share nothing.

    patience   cycles without a word moved after which :class:`StuckError` is raised; it leaves the
               core amid what it was doing, so the only sensible next call is :meth:`reset`
    """

    def __init__(self, library: Path, *, patience: int = PATIENCE):
        if patience < 1:
            raise ValueError(f"patience = {patience} must be at least 1 cycle")
        self._patience = patience
        self._calls = ctypes.CDLL(str(library))
        for name, (result, arguments) in _CALLS.items():
            call = getattr(self._calls, name)
            call.restype, call.argtypes = result, arguments
        self._core = self._calls.core_create()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __del__(self):
        if getattr(self, "_core", None):
            self.close()

    def close(self) -> None:
        """Free the simulation; a second call does nothing."""
        if self._core:
            self._calls.core_destroy(self._core)
            self._core = None

    @property
    def _handle(self) -> int:
        if not self._core:
            raise ValueError("this simulated core is closed")
        return self._core

    def reset(self) -> None:
        """Hold the reset for a few cycles; memories keep their contents, as on a chip."""
        self._calls.core_reset(self._handle)

    def stall(self, share: float, *, seed: int = 1) -> None:
        """Let both streams pause in a ``share`` (0 … 1) of the cycles, at random; 0: never."""
        if not 0 <= share < 1:
            raise ValueError(f"share of stalls = {share:g} is outside 0 … 1")
        self._calls.core_stall(self._handle, round(share * 256), seed)

    @property
    def cycles(self) -> int:
        """Clock cycles since this instance was made."""
        return self._calls.core_cycles(self._handle)

    def run(self, words, results: int) -> np.ndarray:
        """Stream ``words`` in until all are taken and ``results`` words came out; returns these."""
        words, out = _words(words), np.empty(results, np.uint32)
        status = self._calls.core_run(self._handle, words, len(words), out, len(out),
                                      self._patience)
        self._check(status, f"streaming {len(words)} words in, {results} out")
        return out

    def read(self, addresses) -> np.ndarray:
        """Words at bus ``addresses``, one burst."""
        addresses = _words(addresses)
        values = np.empty_like(addresses)
        status = self._calls.core_read(self._handle, addresses, values, len(addresses),
                                       self._patience)
        self._check(status, f"reading {len(addresses)} words")
        return values

    def write(self, addresses, values) -> None:
        """Write ``values`` to bus ``addresses``, in order, one burst."""
        addresses, values = _words(addresses), _words(values)
        if len(addresses) != len(values):
            raise ValueError(f"{len(values)} values for {len(addresses)} addresses")
        status = self._calls.core_write(self._handle, addresses, values, len(addresses),
                                        self._patience)
        self._check(status, f"writing {len(addresses)} words")

    def _check(self, status: int, what: str) -> None:
        if status:
            raise StuckError(f"the core is stuck: {self._patience} cycles without a word moved "
                             f"while {what}")
