"""A heap of wires by cost, in arrays that grow."""

import numpy as np
from numba import njit

__all__ = ["pop", "push"]


@njit(cache=True)
def push(keys, items, size, key, item):
    """``item`` at ``key``: the arrays, which may be others now, and the new size."""
    if size == len(keys):
        keys, items = (np.concatenate((keys, np.empty_like(keys))),
                       np.concatenate((items, np.empty_like(items))))
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] <= key:
            break
        keys[at], items[at] = keys[above], items[above]
        at = above
    keys[at], items[at] = key, item
    return keys, items, size + 1


@njit(cache=True)
def pop(keys, items, size):
    """The least key, its item, the new size."""
    key, item = keys[0], items[0]
    size -= 1
    last, lasts_item = keys[size], items[size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= last:
            break
        keys[at], items[at] = keys[below], items[below]
        at = below
    keys[at], items[at] = last, lasts_item
    return key, item, size
