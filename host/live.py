"""Lines that come in while the device works: read by a thread, which notes when each arrived."""

import os
import queue
import threading
import time

from model.network import NetworkError

__all__ = ["LiveLines"]

WAITING = 4096
"""Lines that are kept; a source that is farther ahead is made to wait, none is dropped."""


class LiveLines:
    """The lines of a file descriptor: ``take`` waits for one and returns all that are there."""

    def __init__(self, descriptor: int, *, most: int = WAITING):
        self._descriptor = descriptor
        self._lines: queue.Queue = queue.Queue(most)
        self._ended = False
        # A daemon: it may sit in a read that never returns.  It reads without Python's buffers,
        # whose locks such a thread would still hold when the interpreter ends.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            self._read_all()
        except OSError as error:
            self._lines.put(error)
        self._lines.put(None)

    def _read_all(self) -> None:
        rest = b""
        while chunk := os.read(self._descriptor, 65536):
            arrived = time.monotonic()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._lines.put((line, arrived))
        if rest:
            self._lines.put((rest, time.monotonic()))

    def take(self, most: int) -> list[tuple[bytes, float]]:
        """At least one line and its time of arrival, at most ``most``; none at the end.

        :class:`NetworkError` where they cannot be read.
        """
        taken = []
        while not self._ended and len(taken) < most:
            try:
                item = self._lines.get(block=not taken)
            except queue.Empty:
                break
            if isinstance(item, OSError):
                raise NetworkError(f"cannot read the lines: {item.strerror}") from item
            self._ended = item is None
            if item is not None:
                taken.append(item)
        return taken
