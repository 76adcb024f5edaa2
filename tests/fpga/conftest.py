"""What tests of routes share: a device's wires, read once."""

import pytest

from fpga.fabric import Database
from tests.fpga.stirred import DEVICE


@pytest.fixture(scope="session")
def database():
    return Database(DEVICE)
