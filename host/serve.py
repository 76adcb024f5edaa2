"""The simulated core behind a TCP port: byte for byte the link that a board has on its UART."""

import select
import socket
from contextlib import suppress

from sim.link import SimulatedLink

__all__ = ["STRIDE", "Server"]

STRIDE = 20_000
"""Cycles that are simulated between looks at the socket."""
CHUNK = 4096
POLL = 0.1
"""Seconds between looks for :meth:`Server.stop` while nothing happens."""


class Server:
    """Serves ``link`` on the loopback interface, one client at a time.

    The core goes on from client to client, as a board does.  ``port`` 0 lets the system choose;
    OSError where it is taken.
    """

    def __init__(self, link: SimulatedLink, *, port: int = 0):
        self._link, self._stopped = link, False
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]

    def stop(self) -> None:
        """Let :meth:`serve` return soon; from another thread."""
        self._stopped = True

    def serve(self) -> None:
        """Take clients until :meth:`stop` is called or Ctrl-C comes; then all is closed."""
        with self._listener, self._link:
            while not self._stopped:
                if _readable(self._listener, POLL):
                    client, _ = self._listener.accept()
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    # A client that vanishes is no error of the server.
                    with client, suppress(ConnectionError):
                        self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        while not self._stopped:
            if _readable(client, POLL if self._link.idle else 0):
                data = client.recv(CHUNK)
                if not data:
                    return
                self._link.feed(data)
            if answer := self._link.run(STRIDE):
                client.sendall(answer)


def _readable(connection: socket.socket, seconds: float) -> bool:
    return bool(select.select([connection], [], [], seconds)[0])
