"""Where a key of a TOML text was written, so that an error can name the line.

The standard parser tells no positions but those of syntax errors.  A key is written where the text
up to there first has it.
"""

import tomllib

__all__ = ["line_of"]


def _parse(lines: list[str], count: int) -> tuple[int, dict]:
    """The shortest readable beginning of at least ``count`` lines: its length and what it says."""
    while True:
        try:
            return count, tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            count += 1  # Within an array of several lines.


def _has(found, path: tuple) -> bool:
    for step in path:
        if isinstance(step, str):
            if not isinstance(found, dict) or step not in found:
                return False
        elif not isinstance(found, list) or step >= len(found):
            return False
        found = found[step]
    return True


def line_of(text: str, path: tuple[str | int, ...]) -> int | None:
    """Number of the line, from 1, where the value at ``path`` begins; None where it is absent.

    ``text`` must be legal TOML; a path is made of keys and places in arrays: ("population", 1).
    """
    if not _has(tomllib.loads(text), path):
        return None
    lines = text.split("\n")
    without, within = 0, len(lines)
    while without + 1 < within:
        middle = (without + within) // 2
        end, found = _parse(lines, middle)
        if _has(found, path):
            within = middle
        else:
            without = end
    return within
