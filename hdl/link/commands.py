"""The link in one table: packets, commands, statuses, registers.

From it come the core's decoder, the host's driver and docs/registers.md.  docs/protocol.md tells
the story.
"""

from dataclasses import dataclass

from amaranth.lib import enum

__all__ = ["COMMANDS", "Command", "INFO_OFFSET", "INFO_WORDS", "LINK_REGION", "LINK_REGISTERS",
           "LIMIT", "MOST_BODY", "MOST_PACKET", "NARROW_BYTES", "RUN_WORDS", "STATUSES", "Status",
           "VERSION", "WIDE_BYTES", "Register"]

VERSION = 1
"""Of the protocol; a host refuses another."""

MOST_PACKET = 253
"""Bytes of a packet before it is stuffed: then no COBS block is ever full."""
MOST_BODY = MOST_PACKET - 6
"""Bytes of a body: the packet without sequence number, command or status, and CRC-32."""
LIMIT = 1 + MOST_BODY
"""Sequence number and body of an answer."""
NARROW_BYTES, WIDE_BYTES = 3, 4
"""Bytes of a word on the link; narrow ones carry its low 24 bits."""
RUN_WORDS = 128
"""Most words that one run of READ or WRITE covers."""


class Command(enum.IntEnum, shape=8):
    """Second byte of a request."""

    HELLO = 1
    READ = 2
    WRITE = 3
    STREAM = 4


class Status(enum.IntEnum, shape=8):
    """Last byte of an answer, before its CRC."""

    OK = 0
    GAP = 1
    NO_SESSION = 2
    UNKNOWN = 3
    MALFORMED = 4
    TOO_LONG = 5
    STUCK = 6


COMMANDS = {
    Command.HELLO: (
        "session (2)", "session (2), protocol version (1), window (1)",
        "Opens a session: the next request expected is the one after this. A frame half sent and "
        "results not yet fetched are thrown away; all states stay. The same session again only "
        "answers again."),
    Command.READ: (
        "options (1), runs: address (3), count − 1 (1)", "all words",
        "Reads runs of words at consecutive addresses."),
    Command.WRITE: (
        "options (1), runs: address (3), count − 1 with repeat in bit 7 (1), words", "nothing",
        "Writes runs of words; a run that repeats brings one word for all its addresses."),
    Command.STREAM: (
        "words of frames (3 each)", "words of results (3 each; probed ones 4)",
        "Goes on with the stream of frames; answers with every result that came with them."),
}
"""Body of the request, body of the answer, meaning; sizes in bytes, least significant first."""

STATUSES = {
    Status.OK: "executed, now or before",
    Status.GAP: "a request is missing; the body is the sequence number expected (1 byte)",
    Status.NO_SESSION: "no session is open: the core was reset, or an error ended it",
    Status.UNKNOWN: "no such command; ends the session",
    Status.MALFORMED: "the body ends too early, or a frame's size is not set; ends the session",
    Status.TOO_LONG: "the answer does not fit a packet; ends the session",
    Status.STUCK: "the core did not move a word for 2²⁰ clocks; ends the session",
}

LINK_REGION = 31
"""Region of the address map that the link answers itself."""


@dataclass(frozen=True)
class Register:
    """A word of the link's region."""

    offset: int
    access: str
    about: str


LINK_REGISTERS = {
    "bad_packets": Register(0, "read", "packets dropped: wrong CRC, length or stop bit"),
    "overruns": Register(1, "read", "packets dropped because all buffers were full"),
    "repeats": Register(2, "read", "requests that came again and were only answered again"),
    "gaps": Register(3, "read", "requests dropped because one before them was missing"),
    "info_words": Register(4, "read", "words of the description"),
    "reset": Register(8, "write", "any value resets the core: registers and counters become zero"),
    "head": Register(9, "write", "bits 0–23: first word of every frame, m + flags « 18; "
                                 "bit 24: frames come without it"),
    "frame_words": Register(10, "write", "words of a frame, the first one included"),
    "result_words": Register(11, "write", "words of a result without probes"),
    "probe_words": Register(12, "write", "probed words that a frame with PROBE adds"),
    "network": Register(13, "read, write", "the host's mark of the network it loaded, a CRC-32; "
                                           "zero after a reset"),
}
"""The link's registers; counters have 16 bits, stay at their largest value and outlive sessions."""

INFO_OFFSET, INFO_WORDS = 1024, 1024
"""Where the description is, in words of 4 characters, and how many words there may be."""
