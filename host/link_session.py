"""Requests and answers over a line that may lose or damage any byte: once each, and in order.

Requests are numbered; up to ``window`` of them are under way.  The core executes each number once,
in order, and keeps its last answers; so whatever is lost is simply sent again.  Lines keep the
order of what they carry: an answer that overtakes another one shows that the other was lost, and a
refusal shows which request the core is missing.
"""

import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hdl.link.commands import STATUSES, VERSION, Command, Status
from host.line import Line, LinkError
from host.packets import Splitter, packet

__all__ = ["LinkSession"]

PATIENCE = 10.0
"""Seconds without any answer after which the line counts as dead."""
FIRST_WAIT, LEAST_WAIT, MOST_WAIT = 0.25, 0.05, 2.0
"""Seconds before something is sent again; it doubles while nothing comes."""
NUMBERS = 256


@dataclass
class _Request:
    """A request under way: how often it was sent, when, and its answer once that came.

    An answer to HELLO repeats ``said``; anything else is left over from the session before.
    """

    number: int
    data: bytes
    said: bytes | None = None
    order: int = 0
    times: int = 0
    sent_at: float = 0.0
    answer: bytes | None = None


class LinkSession:
    """A session with the core at the other end of ``line``.

    patience   seconds without an answer after which :class:`LinkError` is raised
    key        the session's number, 0 … 65535; drawn if None

    resent     packets sent more than once;  ``bad``: damaged packets that came in
    """

    def __init__(self, line: Line, *, patience: float = PATIENCE, key: int | None = None):
        self._line, self._patience = line, patience
        self._splitter = Splitter()
        self._waiting: deque[_Request] = deque()
        self._number, self._order, self.resent = 0, 0, 0
        self._refused: tuple[int, int] | None = None
        self._wait, self._smooth, self._spread = FIRST_WAIT, None, 0.0
        self._window = 1
        self._hello(random.randrange(1 << 16) if key is None else key)

    @property
    def bad(self) -> int:
        """Damaged packets that came in."""
        return self._splitter.bad

    @property
    def window(self) -> int:
        """Requests that may be under way."""
        return self._window

    def _hello(self, key: int) -> None:
        said = key.to_bytes(2, "little")
        self._post(Command.HELLO, said)
        self._waiting[0].said = said
        answer = self._next()
        if answer[2] != VERSION:
            raise LinkError(f"'{self._line.name}' speaks version {answer[2]} of the protocol; "
                            f"this host speaks {VERSION}")
        self._window = answer[3]

    def ask(self, command: Command, body: bytes = b"") -> bytes:
        """One request; returns the body of its answer."""
        return next(iter(self.exchange([(command, body)])))

    def exchange(self, requests: Iterable[tuple[Command, bytes]]) -> Iterator[bytes]:
        """Bodies of the answers to (command, body) ``requests``, in order.

        Requests are drawn as the window has room.  :class:`LinkError` if the core refuses one or
        does not answer.
        """
        while self._waiting:  # A caller that stopped listening left them.
            self._next()
        source = iter(requests)
        more = True
        while more or self._waiting:
            while more and len(self._waiting) < self._window:
                request = next(source, None)
                more = request is not None
                if more:
                    self._post(*request)
            if self._waiting:
                yield self._next()

    def _post(self, command: Command, body: bytes) -> None:
        request = _Request(self._number, packet(self._number, command, body))
        self._number = (self._number + 1) % NUMBERS
        self._waiting.append(request)
        self._send([request])

    def _send(self, requests: list[_Request]) -> None:
        now, data = self._line.now(), b""
        for request in requests:
            self._order += 1
            self.resent += request.times > 0
            # A packet sent again may follow the torso of another one.
            data += (b"\0" if request.times or not request.number else b"") + request.data
            request.order, request.sent_at = self._order, now
            request.times += 1
        self._line.write(data)

    def _next(self) -> bytes:
        """The answer to the oldest request, waiting for it and asking again as needed."""
        heard = self._line.now()
        while self._waiting[0].answer is None:
            oldest = min(request.sent_at for request in self._waiting if request.answer is None)
            data = self._line.read(max(0.0, oldest + self._wait - self._line.now()))
            packets = self._splitter.feed(data)
            for raw in packets:
                self._take(raw)
            now = self._line.now()
            if packets:
                heard = now
            elif now - heard > self._patience:
                raise LinkError(f"'{self._line.name}' has not answered for {self._patience:g} s, "
                                f"asked {self._waiting[0].times} times")
            elif now >= oldest + self._wait:
                self._wait = min(2 * self._wait, MOST_WAIT)
                self._send([request for request in self._waiting if request.answer is None])
        return self._waiting.popleft().answer

    def _take(self, raw: bytes) -> None:
        """One answer: note it, and send again what it shows to be lost."""
        number, body, status = raw[0], raw[1:-1], raw[-1]
        request = next((one for one in self._waiting if one.number == number), None)
        if request is None or request.answer is not None:
            return
        if request.said is not None and (status != Status.OK or body[:2] != request.said):
            return
        if status == Status.GAP:
            self._fill(number, body[0])
            return
        if status != Status.OK:
            told = STATUSES.get(status, "no status of this protocol")
            raise LinkError(f"'{self._line.name}' refused a request: {told}")
        request.answer = body
        self._refused = None
        if request.times == 1:
            self._measure(self._line.now() - request.sent_at)
        lost = [one for one in self._waiting
                if one.answer is None and one.order < request.order
                and (number - one.number) % NUMBERS < NUMBERS // 2]
        if lost:
            self._send(lost)

    def _fill(self, number: int, expected: int) -> None:
        """The core refused ``number`` because it waits for ``expected``: go back to that."""
        if self._refused is not None:
            before, last = self._refused
            # Refusals of one flight come with rising numbers; only its first one tells news.
            if before == expected and (number - last - 1) % NUMBERS < NUMBERS // 2:
                self._refused = expected, number
                return
        self._refused = expected, number
        self._send([one for one in self._waiting if one.answer is None
                    and (one.number - expected) % NUMBERS < NUMBERS // 2])

    def _measure(self, took: float) -> None:
        """How long to wait for an answer, from how long answers take (RFC 6298)."""
        if self._smooth is None:
            self._smooth, self._spread = took, took / 2
        else:
            self._spread += (abs(took - self._smooth) - self._spread) / 4
            self._smooth += (took - self._smooth) / 8
        self._wait = min(max(self._smooth + 4 * self._spread, LEAST_WAIT), MOST_WAIT)
