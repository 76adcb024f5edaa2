"""Packets of the link: stuffed with COBS, closed by a CRC-32 and a zero byte."""

import zlib

from cobs import cobs

from hdl.link.commands import MOST_BODY, MOST_PACKET

__all__ = ["CRC_BYTES", "Splitter", "packet"]

CRC_BYTES = 4
DELIMITER = b"\0"
MOST_STUFFED = MOST_PACKET + 1


def packet(number: int, command: int, body: bytes = b"") -> bytes:
    """A request as it goes over the line, delimiter included."""
    if len(body) > MOST_BODY:
        raise ValueError(f"a body of {len(body)} bytes; the limit is {MOST_BODY}")
    raw = bytes([number, command]) + body
    return cobs.encode(raw + zlib.crc32(raw).to_bytes(CRC_BYTES, "little")) + DELIMITER


class Splitter:
    """Cuts a stream of bytes into packets; ``bad`` counts what was none."""

    def __init__(self):
        self.bad = 0
        self._rest = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that end in ``data``, unstuffed, without their CRC."""
        *whole, rest = data.split(DELIMITER)
        found = []
        for part in whole:
            self._add(part)
            if self._rest or self._overlong:
                found.append(None if self._overlong else _opened(bytes(self._rest)))
            self._rest.clear()
            self._overlong = False
        self._add(rest)
        self.bad += found.count(None)
        return [raw for raw in found if raw is not None]

    def _add(self, part: bytes) -> None:
        # Noise without a delimiter must not pile up.
        self._overlong |= len(self._rest) + len(part) > MOST_STUFFED
        if not self._overlong:
            self._rest += part


def _opened(stuffed: bytes) -> bytes | None:
    """What a packet holds; None if it was damaged."""
    try:
        raw = cobs.decode(stuffed)
    except cobs.DecodeError:
        return None
    body, crc = raw[:-CRC_BYTES], raw[-CRC_BYTES:]
    whole = len(body) >= 2 and zlib.crc32(body).to_bytes(CRC_BYTES, "little") == crc
    return body if whole else None
