"""Bulk reads and writes as few packets: runs of consecutive addresses, and stretches of one value.

Addresses are sorted within a region, so that a state in any order is still one run; registers keep
their order.  A word travels in three bytes where its region is no wider.
"""

from collections.abc import Iterator

import numpy as np

from hdl.link.commands import (
    LINK_REGION,
    MOST_BODY,
    NARROW_BYTES,
    RUN_WORDS,
    WIDE_BYTES,
)
from hdl.region import LANE_BITS, OFFSET_BITS, Region
from model.program import STATE_FORMATS

__all__ = ["ReadPlan", "write_bodies"]

HEADER = 4
OPTIONS = 1
LEAST_REPEAT = 4
"""Equal words that are worth a run of their own."""
NARROW = 8 * NARROW_BYTES
_BITS = np.full(1 << 5, 32)
for _name, _form in STATE_FORMATS.items():
    _BITS[Region[_name.upper()]] = _form.width if _form else 2 if _name.endswith("xi") else 32
_ORDERED = (int(Region.REGISTERS), LINK_REGION)


def _following(addresses: np.ndarray, lanes: int) -> np.ndarray:
    """The address after each: W and B skip lanes that do not exist."""
    region, lane = addresses >> OFFSET_BITS, addresses & ((1 << LANE_BITS) - 1)
    skips = ((region == Region.W) | (region == Region.B)) & (lane == lanes - 1)
    return addresses + np.where(skips, (1 << LANE_BITS) - lanes + 1, 1)


def _order(addresses: np.ndarray) -> np.ndarray:
    """Indices that sort addresses within each stretch of one region."""
    region = addresses >> OFFSET_BITS
    stretch = np.cumsum(np.diff(region, prepend=region[:1]) != 0)
    key = np.where(np.isin(region, _ORDERED), 0, addresses)
    return np.lexsort((key, stretch))


def _runs(breaks: np.ndarray) -> Iterator[tuple[int, int]]:
    """(first, end) of the stretches that begin where ``breaks`` is true."""
    starts = np.flatnonzero(breaks)
    return zip(starts.tolist(), [*starts[1:].tolist(), len(breaks)], strict=True)


def _header(address: int, count: int, *, repeat: bool = False) -> bytes:
    return (address | (count - 1) << 24 | repeat << 31).to_bytes(HEADER, "little")


class ReadPlan:
    """The requests that read ``addresses``, and how to put their answers together."""

    def __init__(self, addresses, *, lanes: int):
        addresses = np.asarray(addresses, np.int64).reshape(-1)
        self._order = _order(addresses)
        ordered = addresses[self._order]
        self.bodies: list[bytes] = []
        self._answers: list[tuple[int, int]] = []
        breaks = np.ones(len(ordered), bool)
        breaks[1:] = ordered[1:] != _following(ordered, lanes)[:-1]
        wide = _BITS[ordered >> OFFSET_BITS] > NARROW
        headers, words, width = [], 0, NARROW_BYTES
        for first, end in _runs(breaks):
            own = WIDE_BYTES if wide[first] else NARROW_BYTES
            while first < end:
                full = MOST_BODY // width - words
                if headers and (own != width or full == 0
                                or OPTIONS + HEADER * (len(headers) + 1) > MOST_BODY):
                    self._add(headers, words, width)
                    headers, words = [], 0
                width = own
                count = min(end - first, RUN_WORDS, MOST_BODY // width - words)
                headers.append(_header(int(ordered[first]), count))
                first, words = first + count, words + count
        if headers:
            self._add(headers, words, width)

    def _add(self, headers: list[bytes], words: int, width: int) -> None:
        self.bodies.append(bytes([width == WIDE_BYTES]) + b"".join(headers))
        self._answers.append((words, width))

    def values(self, answers: list[bytes]) -> np.ndarray:
        """The words in the order of the addresses, uint32; ValueError for a wrong answer."""
        parts = []
        for answer, (words, width) in zip(answers, self._answers, strict=True):
            if len(answer) != words * width:
                raise ValueError(f"{len(answer)} bytes for {words} words of {width}")
            block = np.zeros((words, WIDE_BYTES), np.uint8)
            block[:, :width] = np.frombuffer(answer, np.uint8).reshape(words, width)
            parts.append(block.view("<u4").reshape(-1))
        values = np.empty(len(self._order), np.uint32)
        values[self._order] = np.concatenate(parts) if parts else []
        return values


def write_bodies(addresses, values, *, lanes: int) -> Iterator[bytes]:
    """Bodies of the requests that write ``values`` (uint32) to ``addresses``, in their order."""
    addresses = np.asarray(addresses, np.int64).reshape(-1)
    order = _order(addresses)
    addresses = addresses[order]
    # What a memory does not hold need not travel: signs beyond its width.
    values = np.asarray(values, np.int64).reshape(-1)[order]
    values &= (1 << _BITS[addresses >> OFFSET_BITS]) - 1
    follows = np.zeros(len(addresses), bool)
    follows[1:] = addresses[1:] == _following(addresses, lanes)[:-1]
    same = follows.copy()
    same[1:] &= values[1:] == values[:-1]
    breaks, repeats = ~follows, np.zeros(len(addresses), bool)
    for first, end in _runs(~same):
        if end - first >= LEAST_REPEAT:
            repeats[first] = breaks[first] = True
            breaks[end : end + 1] = True
    body, width = b"", NARROW_BYTES
    for first, end in _runs(breaks):
        own = WIDE_BYTES if (values[first:end] >> NARROW).any() else NARROW_BYTES
        while first < end:
            repeat = bool(repeats[first])
            if body and (own != width or len(body) + HEADER + own > MOST_BODY):
                yield body
                body = b""
            width = own
            body = body or bytes([width == WIDE_BYTES])
            room = RUN_WORDS if repeat else (MOST_BODY - len(body) - HEADER) // width
            count = min(end - first, RUN_WORDS, room)
            sent = values[first : first + (1 if repeat else count)].astype("<u4")
            body += _header(int(addresses[first]), count, repeat=repeat)
            body += sent.view(np.uint8).reshape(-1, WIDE_BYTES)[:, :width].tobytes()
            first += count
            repeats[first : first + 1] |= repeat and first < end
    if body:
        yield body
