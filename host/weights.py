"""The weights that a device holds, projection by projection, and what to call a projection."""

import numpy as np

from host.device import Device
from model.formats import WEIGHT
from model.network import Network

__all__ = ["projection_names", "short", "weight_matrices"]


def projection_names(network: Network) -> list[str]:
    """``source>target`` of every projection, numbered where parallel ones share it."""
    names: list[str] = []
    for projection in network.projections:
        name = projection.name
        same = sum(other == name or other.startswith(name + "#") for other in names)
        names.append(f"{name}#{same + 1}" if same else name)
    return names


def weight_matrices(device: Device, network: Network) -> dict[str, np.ndarray]:
    """W of every projection as it is now, real, (targets, sources)."""
    state = {"W": device.read("W")}
    return {name: WEIGHT.real(device.program.matrix(state, number, "W"))
            for number, name in enumerate(projection_names(network))}


def short(name: str) -> str:
    """A projection's name with the first and the last of its sources only."""
    sources, _, target = name.partition(">")
    first, *others = sources.split("+")
    return f"{first}…{others[-1]}>{target}" if len(others) > 1 else name
