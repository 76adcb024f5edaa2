"""Finished trials on disk: JSON lines, only ever appended to, looked up by a key."""

import json
from pathlib import Path

__all__ = ["Store"]


class Store:
    """Results by key; ``file`` keeps them, if one is given.

    A key holds everything that the result depends on, so that a result of other sources is not
    found.
    """

    def __init__(self, file: Path | None = None):
        self.file = file
        self._known: dict[str, dict] = {}
        self._torn = False
        if file is not None and file.exists():
            self._load(file.read_text(encoding="utf-8"))

    def _load(self, text: str) -> None:
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue  # The line that an interrupted comparison was writing.
            self._known[_text(entry["key"])] = entry["result"]

    def get(self, key: dict) -> dict | None:
        """The result kept for ``key``, or None."""
        return self._known.get(_text(key))

    def add(self, key: dict, result: dict) -> None:
        """Keep a result; it is in the file when this returns."""
        self._known[_text(key)] = result
        if self.file is None:
            return
        line = json.dumps({"key": key, "result": result}, allow_nan=False) + "\n"
        with self.file.open("a", encoding="utf-8") as file:
            file.write("\n" + line if self._torn else line)
        self._torn = False


def _text(key: dict) -> str:
    return json.dumps(key, sort_keys=True)
