"""Ctrl-C between blocks, not amid one: what has been computed is written and saved."""

import signal
from contextlib import contextmanager
from typing import Self

__all__ = ["Interrupt"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While it is entered, signals to end are kept until ``check`` or ``waiting`` asks for them.

    Both then raise KeyboardInterrupt.  A second signal does so at once, for work that hangs.
    """

    def __init__(self):
        self._asked = self._waits = False
        self._before = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, *_) -> None:
        again, self._asked = self._asked, True
        if again or self._waits:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Stop here if it was asked for."""
        if self._asked:
            raise KeyboardInterrupt

    @contextmanager
    def waiting(self):
        """Around what may wait for long and holds nothing that would be lost."""
        self._waits = True
        try:
            self.check()
            yield
        finally:
            self._waits = False
