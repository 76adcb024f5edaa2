"""From the checked tables of a network file to a network: names resolved, weights drawn or read."""

import csv
from pathlib import Path

import numpy as np

from host.network_schema import CUSTOM, Channels, Drawn, NetworkTable, ProjectionTable
from host.scaling import Scaling
from model.formats import WEIGHT
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.rules import apply_rule

__all__ = ["build_network", "scaling_of"]

LARGEST = WEIGHT.max / WEIGHT.one


def build_network(table: NetworkTable, folder: Path) -> Network:
    """The network; files of weights are looked for in ``folder``."""
    network = Network(
        dt=table.dt, inputs=table.input.channels, name=table.name,
        populations=[Population(**_settings(one)) for one in table.population])
    for number, one in enumerate(table.projection):
        # A draw of its own each, so that a projection added last leaves the others as they are.
        rng = np.random.default_rng([table.seed, number])
        network.projections.append(_projection(network, one, rng, folder))
    if table.rule == CUSTOM:
        return network
    return apply_rule(network, table.rule, seed=table.seed)


def _settings(table) -> dict:
    """What the file says of a population or projection; the rest is left to the defaults."""
    chosen = {name: getattr(table, name) for name in table.model_fields_set}
    return {name: tuple(value) if name in ("taps", "source") and isinstance(value, list) else value
            for name, value in chosen.items()}


def _projection(network: Network, table: ProjectionTable, rng, folder: Path) -> Projection:
    settings = _settings(table)
    drawn = Projection(**settings | {"weights": np.zeros((0, 0)), "backward": None})
    where = f"projection {drawn.name}"
    for name in (table.target, *_sources(table)):
        if name not in {INPUT, *(p.name for p in network.populations)}:
            known = ", ".join(p.name for p in network.populations)
            which = "target" if name == table.target else "source"
            raise NetworkError(f"{where}: {which} is '{name}'; there are: {INPUT}, {known}")
    if table.target == INPUT:
        raise NetworkError(f"{where}: target is '{INPUT}', which only sends")
    shape = (network.population(table.target).size, network.source_range(drawn)[1])
    forward = table.weights or Drawn(normal=min(shape[1] ** -0.5, 4.0))
    drawn.weights = _matrix(forward, shape, rng, folder, f"{where}: W")
    if table.backward is not None:
        drawn.backward = _matrix(table.backward, shape, rng, folder, f"{where}: B")
    return drawn


def _sources(table: ProjectionTable) -> list[str]:
    return [table.source] if isinstance(table.source, str) else table.source


def _matrix(given, shape: tuple[int, int], rng, folder: Path, what: str) -> np.ndarray:
    if isinstance(given, Drawn):
        if given.constant is not None:
            return np.full(shape, given.constant)
        if given.uniform is not None:
            return rng.uniform(-given.uniform, given.uniform, shape)
        return np.clip(rng.normal(0, given.normal, shape), -LARGEST, LARGEST)
    values = _file(folder / given, what) if isinstance(given, str) else given
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except ValueError as error:
        raise NetworkError(f"{what} has rows of different lengths; they must have "
                           f"{shape[1]} each") from error
    if matrix.shape != shape:
        raise NetworkError(f"{what} has shape {matrix.shape}; it must have {shape}: one row per "
                           "target neuron, one column per source neuron")
    return matrix


def _file(path: Path, what: str) -> np.ndarray:
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with path.open(newline="", encoding="utf-8") as file:
            return [[float(value) for value in row] for row in csv.reader(file) if row]
    except OSError as error:
        raise NetworkError(f"{what} cannot be read from {path}: "
                           f"{error.strerror or error}") from error
    except ValueError as error:
        raise NetworkError(f"{what} cannot be read from {path}: {error}") from error


def scaling_of(table: Channels, channels: int, which: str) -> Scaling:
    """Offset and scale of every channel; refused unless there is one for each."""
    values = {}
    for key in ("offset", "scale"):
        given = getattr(table, key)
        if isinstance(given, list) and len(given) != channels:
            raise NetworkError(f"[{which}]: {key} has {len(given)} values for {channels} "
                               "channels")
        values[key] = np.broadcast_to(np.asarray(given, np.float64), channels)
    if table.columns is not None and len(table.columns) != channels:
        raise NetworkError(f"[{which}]: columns has {len(table.columns)} names for "
                           f"{channels} channels")
    if table.columns is not None and len(set(table.columns)) != channels:
        raise NetworkError(f"[{which}]: columns has a name twice")
    return Scaling(**values)
