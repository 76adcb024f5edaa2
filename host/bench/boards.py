"""Routed clock frequencies, as place and route left them in docs/qor.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from hdl.config import Config
from model.network import NetworkError

__all__ = ["QOR", "Routed", "read_qor"]

QOR = Path(__file__).resolve().parents[2] / "docs" / "qor.json"
FIELDS = ("device", "core", "fmax_megahertz")


@dataclass(frozen=True)
class Routed:
    """A core that was placed and routed, and the clock that it reached."""

    name: str
    device: str
    core: Config
    megahertz: float


def read_qor(path: Path = QOR) -> list[Routed]:
    """Routed configurations by name; none if the file is not there.

    The file holds an object per configuration with ``device``, ``core`` (the fields of
    :class:`hdl.config.Config`) and ``fmax_megahertz``.  NetworkError where it does not.
    """
    if not path.is_file():
        return []
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NetworkError(f"{path.name} is not JSON: {error}") from error
    entries = entries.get("configurations", entries) if isinstance(entries, dict) else None
    if not isinstance(entries, dict):
        raise NetworkError(f"{path.name} holds no object of configurations")
    found = []
    for name, entry in entries.items():
        if not isinstance(entry, dict) or any(field not in entry for field in FIELDS):
            raise NetworkError(f"{path.name}: '{name}' lacks one of: {', '.join(FIELDS)}")
        try:
            core = Config(**entry["core"])
        except (TypeError, ValueError) as error:
            raise NetworkError(f"{path.name}: core of '{name}': {error}") from error
        found.append(Routed(name=name, device=str(entry["device"]), core=core,
                            megahertz=float(entry["fmax_megahertz"])))
    return found
