"""A stream of frames as packets, each as full as its answer allows, and the answers as results.

The first word of all frames is sent once where it is the same for all of them.
"""

from collections.abc import Iterator

import numpy as np

from hdl.link.commands import MOST_BODY, NARROW_BYTES, WIDE_BYTES

__all__ = ["FramePlan"]

MOST_WORDS = MOST_BODY // NARROW_BYTES


class FramePlan:
    """``words`` (T, words of a frame), uint32, the first one the head; results and probes in words.

    probed   (T,) bool: which frames' results go on with ``probes`` probed words

    ``head``, ``shared``: the first frame's head, and whether no packet brings it.
    """

    def __init__(self, words: np.ndarray, *, results: int, probes: int, probed: np.ndarray):
        self.head = int(words[0, 0])
        self.shared = bool((words[:, 0] == self.head).all())
        self.frame_words, self.results, self.probes = words.shape[1], results, probes
        self._probed = probed & (probes > 0)
        self._sent = words[:, 1:] if self.shared else words
        self._sizes = NARROW_BYTES * results + WIDE_BYTES * probes * self._probed

    def bodies(self) -> Iterator[bytes]:
        """Bodies of the requests, whose answers hold whole words as far as there is room."""
        data = np.ascontiguousarray(self._sent, "<u4").view(np.uint8).reshape(-1, WIDE_BYTES)
        data = data[:, :NARROW_BYTES].tobytes()
        size, total = self._sent.shape[1], self._sent.size
        ends = np.cumsum(self._sizes)
        at, told = 0, 0
        while at < total:
            stop = min(at + MOST_WORDS, total)
            # Frames that may end in this packet: their results must fit the answer, whole.
            fit = int(np.searchsorted(ends, told + MOST_BODY, side="right"))
            first = at // size
            if stop >= (fit + 1) * size:
                stop = max(fit, first + 1) * size
            yield data[NARROW_BYTES * at : NARROW_BYTES * stop]
            if stop // size > first:
                told = int(ends[stop // size - 1])
                if fit <= first:
                    yield from [b""] * self._further(first)
            at = stop

    def _further(self, frame: int) -> int:
        """Empty requests that fetch what of a frame's result did not fit its answer."""
        widths = [NARROW_BYTES] * self.results
        widths += [WIDE_BYTES] * self.probes if self._probed[frame] else []
        packets, room = 0, MOST_BODY
        for width in widths:
            if width > room:
                packets, room = packets + 1, MOST_BODY
            room -= width
        return packets

    def results_of(self, answers: Iterator[bytes]) -> np.ndarray:
        """Result words, uint32, frame after frame; ValueError if it is not as many as there are."""
        data = np.frombuffer(b"".join(answers), np.uint8)
        if len(data) != self._sizes.sum():
            raise ValueError(f"{len(data)} bytes of results instead of {self._sizes.sum()}")
        counts = self.results + self.probes * self._probed
        words = np.zeros(int(counts.sum()), np.uint32)
        byte_at, word_at = np.cumsum(self._sizes) - self._sizes, np.cumsum(counts) - counts
        narrow = _gather(data, byte_at, self.results, NARROW_BYTES)
        sign = 1 << (8 * NARROW_BYTES - 1)
        words[word_at[:, None] + np.arange(self.results)] = ((narrow ^ sign) - sign) & 0xFFFFFFFF
        start, place = (at[self._probed] for at in (byte_at, word_at))
        words[place[:, None] + self.results + np.arange(self.probes)] = _gather(
            data, start + NARROW_BYTES * self.results, self.probes, WIDE_BYTES)
        return words


def _gather(data: np.ndarray, starts: np.ndarray, count: int, width: int) -> np.ndarray:
    """Words of ``width`` bytes, (starts, count), int64."""
    places = starts[:, None] + width * np.arange(count)
    return sum(data[places + k].astype(np.int64) << 8 * k for k in range(width))
