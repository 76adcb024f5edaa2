"""A cache of built things, one directory each, named by a hash of everything that went into it.

``$VLE_CACHE``, else ``$XDG_CACHE_HOME/vle-core``, else ``~/.cache/vle-core``.  A directory appears
under its name only when it is complete; processes that want the same one wait for the first.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from sim.tools import BuildError

__all__ = ["cache_directory", "digest", "digest_files", "obtain", "remember", "remembered"]


def cache_directory() -> Path:
    """Where built things are kept; made if need be."""
    if chosen := os.environ.get("VLE_CACHE"):
        directory = Path(chosen)
    else:
        directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vle-core"
    directory.mkdir(parents=True, exist_ok=True)
    return directory.resolve()


def digest(*parts: str) -> str:
    """A hash of several texts, 24 hexadecimal digits."""
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hashed.update(len(encoded).to_bytes(8, "little") + encoded)
    return hashed.hexdigest()[:24]


def digest_files(files: Iterable[Path]) -> str:
    """A hash of the names and contents of text files, whatever their order."""
    return digest(*(part for file in sorted(files) for part in (file.name, file.read_text())))


def obtain(name: str, make: Callable[[Path, Path], None], *,
           announce: Callable[[str], None]) -> Path:
    """The directory ``name`` of the cache; if missing, ``make(directory, log)`` fills it first.

    ``make`` works in a directory of its own, which moves to its place when it returns.  Where it
    raises :class:`BuildError`, the log stays, and the error names it.
    """
    root = cache_directory()
    final = root / name
    if final.is_dir():
        return final
    with (root / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            announce("waiting for another process that is building the same")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.is_dir():
            _place(final, make)
    return final


def _place(final: Path, make: Callable[[Path, Path], None]) -> None:
    work = Path(tempfile.mkdtemp(prefix="building-", dir=final.parent))
    log = work.with_suffix(".log")
    try:
        make(work, log)
        work.rename(final)
    except BuildError as error:
        raise BuildError(f"{error}; see {log}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    log.unlink(missing_ok=True)


def remember(key: str, name: str) -> None:
    """Note that ``key`` leads to ``name``, in one indivisible step."""
    root = cache_directory()
    handle, temporary = tempfile.mkstemp(dir=root)
    with os.fdopen(handle, "w") as file:
        file.write(name)
    os.replace(temporary, root / f"{key}.name")


def remembered(key: str) -> str | None:
    """What :func:`remember` noted for ``key``, if anything."""
    note = cache_directory() / f"{key}.name"
    return note.read_text() if note.is_file() else None
