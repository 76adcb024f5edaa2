"""Simulated cores behind their link, for the tests: over TCP, and in this process."""

import threading
from contextlib import contextmanager

from hdl.config import Config
from host.line import SimulatedLine
from host.serve import Server
from sim.build import build_linked
from sim.link import SimulatedLink

__all__ = ["linked", "served", "simulated_line"]

CONFIG = Config()


def linked(*, pace: int = 1, **description) -> SimulatedLink:
    """A core of the default size behind its link; the library is built once for a description."""
    return SimulatedLink(build_linked(CONFIG, **description), pace=pace)


def simulated_line(**options) -> SimulatedLine:
    """A line to such a core in this process, whose time is the core's own."""
    return SimulatedLine(linked(**options))


@contextmanager
def served():
    """``vle serve`` in a thread; yields the device's name."""
    server = Server(linked())
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"serial:socket://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join()
