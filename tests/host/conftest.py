"""Devices that tests of this folder run on, and an oven whose data they stream."""

from contextlib import ExitStack

import numpy as np
import pytest

from host.device import open_device
from host.network_file import parse_network
from host.network_template import TEMPLATE
from tests.host.oven import HALF, STEPS, write_csv
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


@pytest.fixture(scope="module")
def data():
    """A heater in watts, and a temperature that lags behind; some of it unknown."""
    time = np.arange(STEPS) / 10
    heater = 50 + 40 * np.sin(0.5 * time) * np.sign(np.sin(0.31 * time))
    temperature = 60 + 15 * np.sin(0.5 * time - 0.9)
    temperature[100:130] = np.nan
    return np.stack([heater, temperature], axis=1)


@pytest.fixture
def folder(tmp_path, monkeypatch, data):
    """A folder with a network and its data in every form."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(TEMPLATE, encoding="utf-8")
    write_csv(tmp_path / "all.csv", data)
    write_csv(tmp_path / "first.csv", data[:HALF])
    write_csv(tmp_path / "rest.csv", data[HALF:])
    write_csv(tmp_path / "bare.csv", data, header=False)
    np.save(tmp_path / "x.npy", data[:, 0])
    np.save(tmp_path / "y.npy", data[:, 1:])
    return tmp_path


@pytest.fixture(scope="module")
def expected(data):
    """Outputs of the whole stream and the state after it, by the device itself."""
    setup = parse_network(TEMPLATE)
    with open_device("model") as device:
        device.load(setup)
        rates = device.stream(setup.input.rates(data[:, :1]), setup.output.rates(data[:, 1:]))
        return setup.output.values(rates), device.save()
