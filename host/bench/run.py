"""One run of all measurements: what ``vle bench`` prints, as one object."""

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib.util import find_spec

from host.bench.boards import Routed
from host.bench.devices import Simulated, core_for, refusal, simulate
from host.bench.software import SOFTWARE, deviations, speeds
from model.compiler import compile_network
from model.network import Network, NetworkError
from model.reference_networks import NETWORKS

__all__ = ["DEVIATION", "measure"]

DEVIATION = 0.02
"""Largest difference of an output that rounding explains; outputs reach ±1."""


def measure(*, names: Iterable[str], lanes: Iterable[int], routed: list[Routed],
            tell: Callable[[str], None] = lambda _: None) -> dict:
    """Measure the networks of these ``names`` with these numbers of ``lanes``.

    routed   placed and routed cores, whose lanes are simulated too
    tell     is told what is measured next

    NetworkError if a comparator departs from the golden model by more than :data:`DEVIATION`.
    """
    networks = {name: NETWORKS[name]() for name in names}
    lanes = sorted({*lanes, *(entry.core.lanes for entry in routed)})
    rows = {}
    for name, network in networks.items():
        tell(f"{name}: golden model, NumPy, PyTorch")
        rows[name] = _software(name, network) | {"simulated": {}, "routed": {}}
    for count in lanes:
        for name, network in networks.items():
            tell(f"{name}: simulated core of {count} lanes")
            rows[name]["simulated"][str(count)] = _simulated(network, count)
    for entry in routed:
        for name, network in networks.items():
            seen = rows[name]["simulated"][str(entry.core.lanes)]
            rows[name]["routed"][entry.name] = _on_board(network, entry, seen, rows[name])
    return {"machine": {"processor": platform.machine(), "cores": os.cpu_count(),
                        "python": platform.python_version()},
            "pytorch": find_spec("torch") is not None, "lanes": lanes,
            "networks": rows}


def _software(name: str, network: Network) -> dict:
    differs = deviations(network)
    for what, deviation in differs.items():
        if not deviation <= DEVIATION:
            raise NetworkError(f"network '{name}': {what} departs from the golden model by "
                               f"{deviation:g}; the limit is {DEVIATION:g}")
    found = speeds(network)
    ratios = {f"golden / {what}": found["golden"] / found[what]
              for what in SOFTWARE if what != "golden" and found[what] is not None}
    return {"inputs": network.inputs, "neurons": network.neurons, "synapses": network.synapses,
            "outputs": network.outputs, "deviation": differs, "steps_per_second": found,
            "ratios": ratios}


def _simulated(network: Network, lanes: int) -> dict:
    program = compile_network(network)
    core = core_for(lanes, program)
    reason = refusal(core, program)
    if reason is not None:
        return {"refused": reason}
    seen: Simulated = simulate(network, core)
    return asdict(seen) | {"utilisation": seen.utilisation, "overhead": seen.overhead}


def _on_board(network: Network, entry: Routed, seen: dict, row: dict) -> dict:
    """Steps and updates per second at the routed clock, and ratios to what runs on a processor."""
    reason = refusal(entry.core, compile_network(network))
    if reason is not None:
        return {"refused": reason}
    steps = entry.megahertz * 1e6 / seen["cycles"]
    return {"device": entry.device, "lanes": entry.core.lanes, "megahertz": entry.megahertz,
            "steps_per_second": steps, "updates_per_second": steps * network.synapses,
            "ratios": {what: steps / speed for what, speed in row["steps_per_second"].items()
                       if speed is not None}}
