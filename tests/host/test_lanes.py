"""Numbers of lanes that are no power of two: rows have places that no neuron takes."""

import pytest

from host.device import open_device
from host.verify import verify


@pytest.mark.parametrize("lanes", [3, 6])
def test_random_networks_agree_on_lanes_that_are_no_power_of_two(lanes):
    with open_device("sim", lanes=lanes) as device, open_device("model") as golden:
        report = verify(device, golden, steps=1500, seed=90 + lanes)
    assert report.passed, report
    assert (report.lanes, report.networks, report.steps) == (lanes, 3, 1500)
    assert report.values_compared > 30_000
