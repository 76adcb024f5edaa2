"""Pieces moved apart where they lie too dense, in the order in which they lie, compiled.

The densest bin is taken in a rectangle that has room for all that it holds; that is halved, and
what is in it by the same share, again and again, down to a tile.  Then the next densest, until none
is too dense (the spreading of SimPL: Kim, Lee, Markov 2012, and of HeAP: Gort, Anderson 2012).
"""

import numpy as np
from numba import njit

__all__ = ["spread"]

BIN = 2
"""Tiles along a bin's side."""
ROUNDS = 400
"""Rectangles at most."""
TOLERATED = 1.15
"""Of a bin, how full is not too dense."""
FILLED = 0.97
"""Of a rectangle, how full it may become."""


@njit(cache=True)
def spread(x, y, area, columns, rows):
    """Change ``x`` and ``y``, in tiles from the corner of a grid of ``columns`` × ``rows``."""
    wide, high = -(-columns // BIN), -(-rows // BIN)
    for piece in range(len(x)):
        x[piece] = min(max(x[piece], 0.0), columns - 1e-6)
        y[piece] = min(max(y[piece], 0.0), rows - 1e-6)
    use = np.zeros((wide, high))
    for piece in range(len(x)):
        use[int(x[piece]) // BIN, int(y[piece]) // BIN] += area[piece]
    room = np.empty((wide, high))
    for i in range(wide):
        for j in range(high):
            room[i, j] = min(BIN, columns - i * BIN) * min(BIN, rows - j * BIN)
    for _ in range(ROUNDS):
        worst, at_i, at_j = TOLERATED, -1, -1
        for i in range(wide):
            for j in range(high):
                if use[i, j] > worst * room[i, j]:
                    worst, at_i, at_j = use[i, j] / room[i, j], i, j
        if at_i < 0:
            return
        left, right, low, top = _rectangle(at_i, at_j, use, room)
        inside = np.empty(len(x), np.int64)
        count = 0
        for piece in range(len(x)):
            i, j = int(x[piece]) // BIN, int(y[piece]) // BIN
            if left <= i < right and low <= j < top:
                inside[count] = piece
                count += 1
        _halve(inside[:count], x, y, area, left * BIN, min(right * BIN, columns), low * BIN,
               min(top * BIN, rows))
        use[left:right, low:top] = 0
        for piece in inside[:count]:
            use[int(x[piece]) // BIN, int(y[piece]) // BIN] += area[piece]


@njit(cache=True)
def _rectangle(i, j, use, room):
    """Bins around one that have room for what is in them; it grows where it is emptiest."""
    left, right, low, top = i, i + 1, j, j + 1
    used, has = use[i, j], room[i, j]
    while used > FILLED * has:
        best, side = 1e30, -1
        for way in range(4):
            if way == 0 and left > 0:
                u, r = use[left - 1, low:top].sum(), room[left - 1, low:top].sum()
            elif way == 1 and right < use.shape[0]:
                u, r = use[right, low:top].sum(), room[right, low:top].sum()
            elif way == 2 and low > 0:
                u, r = use[left:right, low - 1].sum(), room[left:right, low - 1].sum()
            elif way == 3 and top < use.shape[1]:
                u, r = use[left:right, top].sum(), room[left:right, top].sum()
            else:
                continue
            # Square ones rather than strips.
            long = (right - left) if way < 2 else (top - low)
            if u / r + 0.02 * long < best:
                best, side, more, wider = u / r + 0.02 * long, way, u, r
        if side < 0:
            break
        used, has = used + more, has + wider
        left -= side == 0
        right += side == 1
        low -= side == 2
        top += side == 3
    return left, right, low, top


@njit(cache=True)
def _halve(pieces, x, y, area, left, right, low, top):
    """Even density, by halves."""
    stack = [(0, len(pieces), left, right, low, top)]
    while stack:
        start, stop, left, right, low, top = stack.pop()
        if stop == start:
            continue
        mine = pieces[start:stop]
        if (right - left <= 1 and top - low <= 1) or stop - start == 1:
            for at, coordinate in ((0, x), (1, y)):
                near, far = (left, right) if at == 0 else (low, top)
                order = np.argsort(coordinate[mine])
                for rank in range(len(mine)):
                    coordinate[mine[order[rank]]] = near + (far - near) * (rank + 0.5) / len(mine)
            continue
        along = right - left >= top - low
        mine = mine[np.argsort(x[mine] if along else y[mine])]
        pieces[start:stop] = mine
        cut = (left + right) // 2 if along else (low + top) // 2
        share = (cut - left) / (right - left) if along else (cut - low) / (top - low)
        want = share * area[mine].sum()
        total, at = 0.0, 0
        while at < len(mine) and total + area[mine[at]] / 2 < want:
            total += area[mine[at]]
            at += 1
        if along:
            stack.append((start, start + at, left, cut, low, top))
            stack.append((start + at, stop, cut, right, low, top))
        else:
            stack.append((start, start + at, left, right, low, cut))
            stack.append((start + at, stop, left, right, cut, top))
