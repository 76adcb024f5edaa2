"""Which state of the sources something was made from."""

import subprocess
from pathlib import Path

__all__ = ["revision"]

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "unknown"


def revision(root: Path = ROOT) -> str:
    """The commit, 12 digits, with ``-dirty`` where files differ from it; or "unknown"."""
    try:
        # Not that of a repository which merely contains these sources.
        if Path(_git(root, "rev-parse", "--show-toplevel")) != root:
            return UNKNOWN
        return _git(root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True,
                          check=True).stdout.strip()
