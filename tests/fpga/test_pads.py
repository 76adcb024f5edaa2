"""Ports on any pins."""

from types import SimpleNamespace

import numpy as np
import pytest

from fpga.pads import place_ports
from fpga.sites import sites, top_of
from tests.fpga.stirred import DEVICE, prepare, read


@pytest.fixture
def packed(tmp_path):
    """The stirred design, placed, but for its ports; and their numbers."""
    folder = prepare(tmp_path)
    packed = read(folder, sites(folder, DEVICE))
    cells = top_of(packed.document)["cells"]
    ports = [number for number, name in enumerate(packed.names)
             if cells[name]["type"] == "TRELLIS_IO"]
    for number in ports:
        packed.bels[number] = None
    return packed, ports


def test_ports_get_pins_of_their_own_close_by(packed, database):
    packed, ports = packed
    held = packed.bels[ports[0]] = database.pads[7]
    place_ports(packed, database)
    chosen = [packed.bels[number] for number in ports]
    assert packed.bels[ports[0]] == held
    assert len(set(chosen)) == len(chosen) > 50 and set(chosen) <= set(database.pads)

    def far(bels):
        middle = packed.cells.x.mean(), packed.cells.y.mean()
        at = np.array([[int(part[1:]) for part in bel.split("/")[:2]] for bel in bels])
        return np.abs(at - middle).sum(1).mean()
    assert far(chosen) < far(database.pads)


def test_more_ports_than_pins(packed, database):
    packed, ports = packed
    few = SimpleNamespace(pads=database.pads[:20])
    with pytest.raises(ValueError, match=f"{len(ports)} ports, but 20 free pins"):
        place_ports(packed, few)
