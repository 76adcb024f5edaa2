"""The golden model of one lane: what its memories hold, and what a visit does to them."""

from types import SimpleNamespace

import numpy as np

from model.fixed import shift_round
from model.program import Feedback
from model.synapses import learn_forward, learn_mirror
from tests.hdl.driving import draw

__all__ = ["ROWS", "TRACE_ROWS", "WORDS", "Model"]

ROWS, TRACE_ROWS, WORDS = 4, 5, 48


class Model:
    """The memories of one lane; rates, traces and random words in two halves."""

    def __init__(self, source):
        self.W = np.array([draw(source, 18) for _ in range(WORDS)], np.int32)
        self.B = np.array([draw(source, 18) for _ in range(WORDS)], np.int32)
        self.rate, self.word = ([[0] * ROWS for _ in range(2)] for _ in range(2))
        self.psi, self.xi = ([[0] * TRACE_ROWS for _ in range(2)] for _ in range(2))
        # Sums carry the parity of their step; of the other parity they count as zero.
        self.sums = [(0, 0)] * ROWS
        self.hits, self.moved = [0, 0], set()

    def product(self, access):
        silent = access["reset_state"] and not access["is_input"]
        rate = 0 if silent else self.rate[access["parity"]][access["source_row"]]
        return int(self.W[access["word"]]) * rate

    def traces(self, access):
        """Trace and its ξ that a visit reads."""
        half, trace = access["parity"], access["trace_row"]
        return (0 if access["reset_trace"] else self.psi[half][trace],
                0 if access["reset_state"] else self.xi[half][trace])

    def random_word(self, access):
        """Its source's random word, which it reads later."""
        return self.word[access["parity"]][access["source_row"]]

    def aimed(self, source, access, row, sources):
        """A random word of the target that leaves W and B on the edge between two values: there,
        and nearly nowhere else, the last bit of a change makes a difference."""
        psi, xi, random_word = sources
        change = shift_round(row["factor"] * psi, row["change_shift"])
        if row["decay_shift"]:
            change -= int(self.W[access["word"]]) << 16 >> row["decay_shift"]
        pull = xi * row["change"] - (int(self.B[access["word"]]) << 16 >> row["pull"])
        edge = source.randrange(2)
        low, high = ((-step - edge ^ half) & 0xFFFF for step, half in (
            (change, random_word >> 16), (pull, random_word & 0xFFFF)))
        return high << 16 | low

    def add(self, access, row):
        back = self.W if row["feedback"] == Feedback.TIED else self.B
        total, of = self.sums[access["source_row"]]
        total = total if of == access["parity"] else 0
        self.sums[access["source_row"]] = (
            total + int(back[access["word"]]) * row["e"], access["parity"])

    def learn(self, access, row, sources):
        """Update the synapse of one visit."""
        word, hits = access["word"], [0, 0]
        psi, xi, random_word = sources
        view = SimpleNamespace(psi=np.array([psi]), xi=np.array([xi]),
                               low=np.array([random_word & 0xFFFF]),
                               high=np.array([random_word >> 16]))
        p = SimpleNamespace(source_first=0, trace_first=0, source_size=1,
                            change_shift=row["change_shift"], decay_shift=row["decay_shift"])
        before, low = (self.W[word], self.B[word]), row["word"] & 0xFFFF
        if row["feedback"] == Feedback.MIRROR:
            hits[1] = learn_mirror(p, word, self.B, row["change"], row["pull"],
                                   np.int64(row["word"] >> 16), view)
        if row["plastic"]:
            if row["feedback"] == Feedback.KOLEN_POLLACK:
                hits[1] = learn_forward(p, word, self.B, row["factor"], np.int64(low), view)
            hits[0] = learn_forward(p, word, self.W, row["factor"], np.int64(low), view)
        for name, old, new in zip("WB", before, (self.W[word], self.B[word]), strict=True):
            if old != new:
                self.moved.add((Feedback(row["feedback"]).name, name))
        self.hits = [count + int(hit) for count, hit in zip(self.hits, hits, strict=True)]
