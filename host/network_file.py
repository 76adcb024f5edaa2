"""Networks from TOML files: read, checked, built; every refusal is one line that names the line.

The tables and their ranges are those of :mod:`host.network_schema`.
"""

import difflib
import re
import tomllib
from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel, ValidationError

from host.network_build import build_network, scaling_of
from host.network_schema import (
    CUSTOM,
    InputTable,
    NetworkTable,
    OutputTable,
    PopulationTable,
    ProjectionTable,
    allowed,
)
from host.setup import Setup
from host.toml_lines import line_of
from model.compiler import compile_network
from model.network import INPUT, NetworkError

__all__ = ["parse_network", "read_network"]

TABLES = {"input": InputTable, "output": OutputTable, "population": PopulationTable,
          "projection": ProjectionTable}
OWN_RULES = {"population": ("rule", "taps"), "projection": ("rule", "feedback")}
"""Keys that a rule for the whole network would override."""
KEY_OF = (
    ("dt/τ of the error", "tau_m"), ("dt/τm", "tau_m"), ("dt/τr", "tau_r"), ("τr =", "tau_r"),
    ("τm", "tau_m"), ("bias rate", "bias_rate"), ("bias", "bias"), ("tap rate", "tap_rate"),
    ("tap limit", "tap_limit"), ("tap", "taps"), ("tau rate", "tau_rate"), ("noise", "noise"),
    ("rate ×", "rate"), ("W ", "weights"), ("B ", "backward"), ("source", "source"),
    ("'", "source"), ("target", "target"), ("eligibility's", "eligibility"),
    ("retention", "eligibility"), ("1 − ϑ", "eligibility"), ("momentum", "eligibility"),
    ("step", "eligibility"),
)
"""How the compiler's refusals begin, and the keys that they speak of."""


def read_network(path: str | Path) -> Setup:
    """The network of a TOML file; :class:`NetworkError`, in one line, where it is wrong."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NetworkError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NetworkError(f"{path} is not a text file: byte {error.start} is not UTF-8") from error
    return parse_network(text, name=str(path), folder=path.parent)


def parse_network(text: str, *, name: str = "network", folder: Path = Path()) -> Setup:
    """The network of a TOML text; files of weights are looked for in ``folder``."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NetworkError(f"{name}: {_syntax(str(error))}") from error
    refuse = _Refusal(text, name, found)
    try:
        table = NetworkTable.model_validate(found)
    except ValidationError as error:
        refuse.first(error)
    refuse.overridden(table)
    refuse.repeated(table)
    try:
        network = build_network(table, folder)
        return Setup(
            program=compile_network(network, seed=table.seed), network=network, text=text,
            input=scaling_of(table.input, network.inputs, "input"),
            output=scaling_of(table.output, network.outputs, "output"),
            input_columns=table.input.columns and tuple(table.input.columns),
            output_columns=table.output.columns and tuple(table.output.columns))
    except NetworkError as error:
        refuse.compiled(str(error))


def _syntax(message: str) -> str:
    """The parser's words, the line first."""
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if place is None:
        return message
    line = f"line {place[1]}, column {place[2]}" if place[1] else "end of the file"
    return f"{line}: {message[: place.start()]}"


class _Refusal:
    """Raises :class:`NetworkError` with the line of what is wrong."""

    def __init__(self, text: str, name: str, found: dict):
        self.text, self.name, self.found = text, name, found

    def _raise(self, path: tuple, message: str) -> NoReturn:
        """``path`` may go beyond what the file has; the line is that of its last known step."""
        while path and (line := line_of(self.text, path)) is None:
            path = path[:-1]
        where = f"{self.name}, line {line}" if path else self.name
        raise NetworkError(f"{where}: {' '.join(message.split())}") from None

    def _table(self, path: tuple) -> tuple[str, type[BaseModel], tuple, dict | list]:
        """What holds the value at ``path``: how to call it, its model, its path, its contents."""
        if path[0] not in TABLES or len(path) == 1:
            return "", NetworkTable, (), self.found
        if isinstance(path[1], int):
            here = self.found[path[0]][path[1]]
            named = here.get("name" if path[0] == "population" else "target") if isinstance(
                here, dict) else None
            link = " " if path[0] == "population" else " to "
            what = path[0] + (f"{link}{named}" if isinstance(named, str) else f" {path[1] + 1}")
            return what + ": ", TABLES[path[0]], path[:2], here
        return f"[{path[0]}]: ", TABLES[path[0]], path[:1], self.found[path[0]]

    def first(self, error: ValidationError) -> NoReturn:
        """Refuse what is wrong first in the file."""
        def line(one: dict) -> tuple[int, int]:
            path = one["loc"]
            while path and (number := line_of(self.text, path)) is None:
                path = path[:-1]
            # Unknown keys first: a misspelt key is the reason why another one is missing.
            return (one["type"] == "missing", number if path else 0)

        one = min(error.errors(), key=line)
        path = tuple(one["loc"])
        what, model, at, here = self._table(path)
        if len(path) == len(at):
            self._raise(at, f"{what}{here!r} is not a table")
        key = path[len(at)]
        if one["type"] == "missing":
            self._raise(at, f"{what}{key} is missing; allowed: {allowed(model, key)}")
        if one["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, model.model_fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {_names(model)}"
            self._raise((*at, key), f"{what}unknown key {key}; {hint}")
        self._raise((*at, key), f"{what}{key} = {_shown(here[key])}; "
                    f"allowed: {allowed(model, key)}")

    def overridden(self, table: NetworkTable) -> None:
        """Refuse keys that the network's rule would silently override."""
        if table.rule == CUSTOM:
            return
        for kind, keys in OWN_RULES.items():
            for number, one in enumerate(getattr(table, kind)):
                for key in keys:
                    if key in one.model_fields_set:
                        path = (kind, number, key)
                        self._raise(path, f"{self._table(path)[0]}{key} counts only with rule = "
                                    f"\"{CUSTOM}\" at the top; the rule is \"{table.rule}\"")

    def repeated(self, table: NetworkTable) -> None:
        """Refuse two populations of one name, or one called as the inputs are."""
        taken = {INPUT}
        for number, one in enumerate(table.population):
            if one.name in taken:
                self._raise(("population", number, "name"), f"population name = \"{one.name}\" "
                            "is taken")
            taken.add(one.name)

    def compiled(self, message: str) -> NoReturn:
        """Pass on what the compiler refused, with the line of the table it speaks of."""
        self._raise(self._place(message), message)

    def _place(self, message: str) -> tuple:
        if message.startswith("["):
            kind, key = re.match(r"\[(\w+)\]: (\w+)", message).groups()
            return kind, key
        named = re.match(r"(population|projection) (\S+): (.*)", message)
        if named is None:
            return ("dt",) if message.startswith("dt ") else ()
        kind, name, rest = named.groups()
        for number, one in enumerate(self.found[kind]):
            if name == (one["name"] if kind == "population" else _name(one)):
                key = next((key for words, key in KEY_OF if rest.startswith(words)), "")
                return kind, number, key
        return ()


def _name(projection: dict) -> str:
    source = projection["source"]
    return f"{source if isinstance(source, str) else '+'.join(source)}>{projection['target']}"


def _names(model: type[BaseModel]) -> str:
    return ", ".join(model.model_fields)


def _shown(value) -> str:
    """A value as it may stand in one line."""
    if isinstance(value, list | dict):
        text = str(value)
        return text if len(text) <= 60 else text[:57] + "…"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)
