"""A line that loses, flips, doubles and delays bytes, and that is cut now and then; from a seed."""

import random
from collections import Counter, deque
from dataclasses import dataclass

from host.line import Line

__all__ = ["FaultyLine", "Faults"]


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often what goes wrong, each way.

    drop, flip, double   shares of all bytes that are lost, have one bit flipped, come twice
    delay, delay_time    share of all transfers that are held up, and the longest time, seconds
    cut, cut_time        share of all transfers at which the cable is cut, and for how long at most
    """

    drop: float = 0.0
    flip: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    delay_time: float = 0.1
    cut: float = 0.0
    cut_time: float = 0.5


class FaultyLine(Line):
    """``line`` with ``faults``; bytes keep their order.  ``injected`` counts what was done."""

    def __init__(self, line: Line, faults: Faults, *, seed: int):
        self.name = f"faulty {line.name}"
        self._line, self._faults, self._random = line, faults, random.Random(seed)
        self._held = {"out": deque(), "in": deque()}
        self._cut_until = 0.0
        self.injected: Counter[str] = Counter()

    def now(self) -> float:
        return self._line.now()

    def close(self) -> None:
        self._line.close()

    def cut(self, seconds: float) -> None:
        """Cut the cable now: what is sent from either side is lost until it is back."""
        self._cut_until = self.now() + seconds

    def write(self, data: bytes) -> None:
        self._hold("out", data)
        self._release()

    def read(self, timeout: float) -> bytes:
        end = self.now() + timeout
        while True:
            self._release()
            arrived = self._due("in")
            if arrived:
                return arrived
            now = self.now()
            waits = [held[0][0] - now for held in self._held.values() if held]
            data = self._line.read(max(0.0, min([end - now, *waits])))
            if data:
                self._hold("in", data)
            elif self.now() >= end:
                return b""

    def _hold(self, way: str, data: bytes) -> None:
        """Damage ``data`` and queue it for its time, not before what is queued already."""
        now, faults = self.now(), self._faults
        if now >= self._cut_until and self._random.random() < faults.cut:
            self.injected["cut"] += 1
            self.cut(self._random.uniform(0, faults.cut_time))
        if now < self._cut_until:
            self.injected["lost to a cut"] += len(data)
            return
        due = now
        if self._random.random() < faults.delay:
            self.injected["delayed"] += 1
            due += self._random.uniform(0, faults.delay_time)
        held = self._held[way]
        held.append((max(due, held[-1][0] if held else due), self._damaged(data)))

    def _damaged(self, data: bytes) -> bytes:
        faults, damaged = self._faults, bytearray()
        for byte in data:
            chance = self._random.random()
            if chance < faults.drop:
                self.injected["dropped"] += 1
                continue
            chance -= faults.drop
            if chance < faults.flip:
                self.injected["flipped"] += 1
                byte ^= 1 << self._random.randrange(8)
            elif chance < faults.flip + faults.double:
                self.injected["doubled"] += 1
                damaged.append(byte)
            damaged.append(byte)
        return bytes(damaged)

    def _due(self, way: str) -> bytes:
        held, due = self._held[way], b""
        while held and held[0][0] <= self.now():
            due += held.popleft()[1]
        return due

    def _release(self) -> None:
        if due := self._due("out"):
            self._line.write(due)
