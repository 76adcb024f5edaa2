"""Devices that tests of this folder run on."""

from contextlib import ExitStack

import pytest

from host.device import open_device
from tests.host.served import served
from tests.host.small_network import small_program


@pytest.fixture(scope="module", params=["model", "sim", "micro", "serial"])
def opened(request):
    """Every back end, the serial one by a link that is served on this machine."""
    with ExitStack() as stack:
        name = stack.enter_context(served()) if request.param == "serial" else request.param
        yield stack.enter_context(open_device(name))


@pytest.fixture
def device(opened):
    """Every back end, at the start of the small program."""
    opened.load(small_program())
    return opened
