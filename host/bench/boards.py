"""Routed clock frequencies, as place and route left them in docs/qor.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from hdl.config import Config
from model.network import NetworkError

__all__ = ["QOR", "Routed", "read_qor"]

QOR = Path(__file__).resolve().parents[2] / "docs" / "qor.json"
FIELDS = ("config", "device", "core", "Fmax_median")


@dataclass(frozen=True)
class Routed:
    """A core that was placed and routed, and the clock that it reached."""

    name: str
    device: str
    core: Config
    megahertz: float


def read_qor(path: Path = QOR) -> list[Routed]:
    """Routed configurations; none if the file is not there, or lists none.

    The file is a list with an object per configuration, as :mod:`fpga.qor` makes it; of these
    ``config`` (its name), ``device``, ``core`` (the fields of :class:`hdl.config.Config`) and
    ``Fmax_median`` in MHz are used.  NetworkError where they are not there.
    """
    if not path.is_file():
        return []
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NetworkError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(entries, list):
        raise NetworkError(f"{path.name} holds no list of configurations")
    found = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or any(field not in entry for field in FIELDS):
            raise NetworkError(f"{path.name}: entry {number} lacks one of: {', '.join(FIELDS)}")
        name = str(entry["config"])
        try:
            core = Config(**entry["core"])
        except (TypeError, ValueError) as error:
            raise NetworkError(f"{path.name}: core of '{name}': {error}") from error
        found.append(Routed(name=name, device=str(entry["device"]), core=core,
                            megahertz=float(entry["Fmax_median"])))
    return found
