"""Numbers of lanes that are no power of two, whose rows have places that no neuron takes; and cores
with eligibilities, which run networks without them as well."""

import pytest

from hdl.config import Config
from host.device import open_device
from host.verify import verify


@pytest.mark.parametrize("lanes, eligible, networks_eligible", [
    (3, False, False), (6, False, False), (12, False, False), (1, True, True), (4, True, False),
    (4, True, True)])
def test_random_networks_agree(lanes, eligible, networks_eligible):
    config = Config(lanes=lanes, eligibility=eligible)
    with open_device("sim", config=config) as device, open_device("model") as golden:
        report = verify(device, golden, steps=1500, seed=90 + lanes, eligibility=networks_eligible)
    assert report.passed, report
    assert (report.lanes, report.networks, report.steps) == (lanes, 3, 1500)
    assert report.values_compared > 30_000
