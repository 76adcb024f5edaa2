"""Ports that may be on any pins: each on the free one that is nearest to what it is wired to."""

from collections import defaultdict

import numpy as np
from scipy.optimize import linear_sum_assignment

from fpga.fabric import Database
from fpga.packed import Packed
from fpga.sites import place_of, top_of

__all__ = ["place_ports"]

PORT = "TRELLIS_IO"


def place_ports(packed: Packed, database: Database) -> None:
    """Those of a placed design that have no bel get one.  ValueError if there are too few pins."""
    found = top_of(packed.document)["cells"]
    members = defaultdict(set)
    for number, name in enumerate(packed.names):
        for bits in found[name]["connections"].values():
            for bit in bits:
                members[bit].add(number)
    ports = [number for number, name in enumerate(packed.names)
             if found[name]["type"] == PORT and packed.bels[number] is None]
    taken = {bel for bel in packed.bels if bel is not None}
    free = [bel for bel in database.pads if bel not in taken]
    if len(ports) > len(free):
        raise ValueError(f"{len(ports)} ports, but {len(free)} free pins")
    if not ports:
        return
    at = np.array([place_of(bel)[:2] for bel in free])
    cells, wished = packed.cells, []
    for number in ports:
        near = {member for bits in found[packed.names[number]]["connections"].values()
                for bit in bits for member in members[bit] if packed.bels[member] is not None}
        wished.append([np.mean([axis[member] for member in near]) if near else 0
                       for axis in (cells.x, cells.y)])
    far = np.abs(np.array(wished)[:, None] - at[None]).sum(2)
    for port, pad in zip(*linear_sum_assignment(far), strict=True):
        packed.bels[ports[port]] = free[pad]
