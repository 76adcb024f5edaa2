"""Files that are replaced as a whole: whoever looks finds the old contents or the new."""

import os
import secrets
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path: Path, data: bytes) -> None:
    """Make ``data`` the contents of ``path``; ``OSError`` leaves what was there.

    A process that is killed amid the call leaves a file ``.NAME.….partial`` beside it at worst.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            # The name must not reach the disk before the contents do.
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
