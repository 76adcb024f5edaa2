"""What a core says of itself: JSON in its own memory, read through the link."""

import json
from dataclasses import asdict

from hdl.config import Config
from hdl.link.commands import INFO_WORDS
from hdl.region import IDENTITY
from model.formats import COUNTERS
from model.program import STATE_FORMATS

__all__ = ["describe", "info_words"]


def describe(config: Config, *, slots: int, board: str = "simulated", revision: str = "unknown",
             clock_frequency: float | None = None, baud: int | None = None) -> bytes:
    """The description as JSON, UTF-8.

    board             name of the board, for people
    revision          of the sources that the bitstream was made from
    clock_frequency   Hz; baud: of the UART; None where there is none

    Raises ValueError if it is longer than its memory.
    """
    # Bitstreams of cores without an option do not know of it.
    core = asdict(config)
    for option in ("eligibility", "neuron_clocks", "decay_multipliers"):
        if core[option] == getattr(Config, option):
            del core[option]
    formats = {name: [form.width, form.frac] for name, form in STATE_FORMATS.items() if form}
    text = json.dumps({
        "board": board, "revision": revision, "layout": f"{IDENTITY:08x}",
        "clock_frequency": clock_frequency, "baud": baud, "slots": slots, "core": core,
        "formats": formats, "counters": list(COUNTERS),
    }, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > 4 * INFO_WORDS:
        raise ValueError(f"the description has {len(text)} bytes; the limit is {4 * INFO_WORDS}")
    return text


def info_words(info: bytes) -> list[int]:
    """A description as the words of its memory, the first byte lowest, padded with zeros."""
    padded = info + bytes(-len(info) % 4)
    return [int.from_bytes(padded[k:k + 4], "little") for k in range(0, len(padded), 4)]
