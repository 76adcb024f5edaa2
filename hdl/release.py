"""When the sums of a neuron are complete: worked out once, when a program is laid out.

The neurons of a step follow its synapse pass one by one, in the order of their slots, each as soon
as no synapse word that is still to come touches it or any neuron before it.  A projection's
descriptor says so in a form that the sequencer can follow word by word.
"""

from dataclasses import dataclass

import numpy as np

from hdl.descriptor import Release

__all__ = ["Visits", "releases"]


NO_LIMIT = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Visits:
    """How one projection is visited, in slots: ``rows`` rows of sources from ``first_row``, and for
    each the target slots ``targets`` (ascending)."""

    first_row: int
    rows: int
    targets: np.ndarray


def releases(visits: list[Visits], slots: np.ndarray, *, lane_bits: int,
             inputs: int) -> list[dict[str, int]]:
    """Fields ``release``, ``release_cap`` and ``released`` of every projection.

    visits      the projections in the order of their visits
    slots       slots of all neurons, ascending; the first ``inputs`` of them have no sums
    """
    rows = slots >> lane_bits
    completed_by = np.full(len(slots), -1)
    words = np.full(len(slots), -1)
    for number, visit in enumerate(visits):
        size = len(visit.targets)
        target = np.isin(slots, visit.targets)
        source = (rows >= visit.first_row) & (rows < visit.first_row + visit.rows)
        source[:inputs] = False
        last_run = (visit.rows - 1) * size
        word = np.where(source, (rows - visit.first_row + 1) * size - 1, -1)
        word[target] = np.maximum(
            word[target], last_run + np.searchsorted(visit.targets, slots[target]))
        touched = target | source
        completed_by[touched], words[touched] = number, word[touched]
    # Whoever no synapse touches waits for the end, behind all others.
    lonely = completed_by < 0
    completed_by[lonely], words[lonely] = len(visits) - 1, _words(visits[-1]) - 1
    completed_by[:inputs] = words[:inputs] = -1

    order = np.maximum.accumulate(completed_by)
    fields = []
    for number, visit in enumerate(visits):
        mine = np.flatnonzero(order == number)
        ready = np.maximum.accumulate(np.where(completed_by[mine] == number, words[mine], -1))
        done = int((order <= number).sum())
        limit = int(slots[done]) if done < len(slots) else NO_LIMIT
        fields.append({"released": _after(slots, done),
                       **_within(visit, slots[mine], ready, limit, lane_bits)})
    return fields


def _words(visit: Visits) -> int:
    return visit.rows * len(visit.targets)


def _after(slots: np.ndarray, count: int) -> int:
    """The slot behind the first ``count`` neurons."""
    return int(slots[count - 1]) + 1 if count else 0


def _within(visit: Visits, slots: np.ndarray, ready: np.ndarray, limit: int,
            lane_bits: int) -> dict[str, int]:
    """How the neurons that become complete during a projection may be told before its end.

    slots, ready   these neurons, and the word after which they and those before are complete
    limit          slot of the first neuron that is not complete at the projection's end
    """
    size = len(visit.targets)
    by_target = (visit.rows - 1) * size + np.arange(size), visit.targets + 1
    run = np.arange(visit.rows)
    by_source = (run + 1) * size - 1, (visit.first_row + run + 1) << lane_bits
    best, caps = Release.END, {Release.END: 0}
    for release, (words, marks) in ((Release.TARGETS, by_target), (Release.SOURCES, by_source)):
        # A mark is true if every neuron of this projection below it is complete by its word.
        cap, told = 0, 0
        for word, mark in zip(words, marks, strict=True):
            below = slots < mark
            if mark > limit or (ready[below] > word).any():
                break
            cap, told = int(mark), int(below.sum())
        caps[release] = cap if told else 0
        if told and (best is Release.END or _gain(slots, caps[release]) > _gain(
                slots, caps[best])):
            best = release
    return {"release": int(best), "release_cap": caps[best]}


def _gain(slots: np.ndarray, cap: int) -> int:
    """Neurons that need not wait for the projection's end."""
    return int((slots < cap).sum())
