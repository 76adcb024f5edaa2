"""A bad cable: every sample is learned once and in order, every answer is right, or it is said."""

from dataclasses import replace

import numpy as np
import pytest

from hdl.link.commands import LINK_REGISTERS, Command
from host.device import DeviceError
from host.faults import Faults, FaultyLine
from host.remote import RemoteCore, link_address
from host.serial_device import SerialDevice
from model.frames import Frames
from model.golden import Golden
from model.program import State
from tests.host.served import simulated_line
from tests.host.test_device import samples, small_program

FRAMES = 10_000


def frames(count: int) -> Frames:
    return Frames.of(*samples(count), outputs=1)


def faulty(faults: Faults, **options):
    """A device on a faulty line, and the line."""
    line = FaultyLine(simulated_line(), faults, seed=1)
    return SerialDevice(line=lambda: line, **options), line


def after(steps: int) -> Golden:
    """The golden model after so many frames."""
    golden = Golden(small_program())
    golden.run(frames(FRAMES)[:steps])
    return golden


def assert_same_states(device: SerialDevice, golden: Golden, *, inputs: bool = True) -> None:
    """Every state; without ``inputs``, but for their rates, which the next frame brings anew."""
    for name in State.names():
        first = 0 if inputs or name != "r" else device.program.inputs
        assert np.array_equal(device.read(name)[first:], golden.state[name][first:]), name


@pytest.mark.parametrize("rate", [1e-4, 5e-4, 2e-3])
def test_no_sample_is_lost_doubled_or_wrong(rate, capsys):
    faults = Faults(drop=rate / 3, flip=rate / 3, double=rate / 3, delay=0.02, cut=10 * rate)
    device, line = faulty(faults)
    with device:
        device.load(small_program())
        found = device.run(frames(FRAMES))
        golden = Golden(small_program())
        expected = golden.run(frames(FRAMES))
        steps = device.counters()["steps"]
        wrong = int((found.rates != expected.rates).sum() + (found.errors != expected.errors).sum())
        assert_same_states(device, golden)
        link = device.link_counters()
    with capsys.disabled():
        print(f"\n  {rate:g} of the bytes: {FRAMES} frames, {FRAMES - steps} lost or doubled, "
              f"{wrong} wrong; {dict(line.injected)}; {link}")
    assert (steps, wrong) == (FRAMES, 0)
    assert all(line.injected[kind] for kind in ("dropped", "flipped", "doubled", "delayed"))
    assert link["bad_packets"] and link["bad_answers"] and link["gaps"] and link["repeats"]
    assert link["overruns"] <= link["repeats"]
    assert np.std(found.rates) > 0


def test_a_cable_cut_and_back_goes_unnoticed():
    device, line = faulty(Faults())
    with device:
        device.load(small_program())
        for start in range(0, 300, 100):
            line.cut(1.0)
            device.run(frames(FRAMES)[start : start + 100])
        assert device.counters()["steps"] == 300
        assert_same_states(device, after(300))
        assert line.injected["lost to a cut"]


def test_a_cable_cut_for_good_is_an_error_and_the_core_is_found_as_it_was():
    device, line = faulty(Faults(), patience=3.0)
    device.load(small_program())
    device.run(frames(FRAMES)[:100])
    line.cut(1e9)
    with pytest.raises(DeviceError, match=r"has not answered for 3 s, asked [0-9]+ times"):
        device.run(frames(FRAMES)[100:200])
    line.cut(0)
    with SerialDevice(line=lambda: line) as again:
        again.adopt(small_program())
        steps = again.counters()["steps"]
        assert steps == 100
        assert_same_states(again, after(steps))


def test_a_host_that_stops_amid_a_frame_leaves_whole_steps():
    line = simulated_line()
    device = SerialDevice(line=lambda: line)
    device.load(small_program())
    device.run(frames(FRAMES)[:50])
    other = RemoteCore(line)
    other.write([link_address(LINK_REGISTERS["frame_words"].offset)], [4])
    assert other.session.ask(Command.STREAM, b"\1\0\0" * 2) == b""
    with SerialDevice(line=lambda: line) as again:
        again.adopt(small_program())
        assert again.counters()["steps"] == 50
        assert_same_states(again, after(50), inputs=False)
        again.run(frames(FRAMES)[50:80])
        assert_same_states(again, after(80))


def test_only_the_program_that_runs_is_adopted():
    program, line = small_program(), simulated_line()
    with (SerialDevice(line=simulated_line) as device,
          pytest.raises(DeviceError, match="the core runs 0 populations; the program has 3")):
        device.adopt(program)
    device = SerialDevice(line=lambda: line)
    device.load(program)
    device.adopt(small_program(1))  # Other weights to begin with: the same network.
    for place, name in (("projections", "rate_mantissa"), ("populations", "tap_limit"),
                        ("tables", None)):
        other = replace(program, **{place: getattr(program, place).copy()})
        values = getattr(other, place)[name] if name else other.tables
        values[-1] += 1
        with pytest.raises(DeviceError, match="the core runs another network of the size of "):
            device.adopt(other)
    device.adopt(program)
    RemoteCore(line).reset()
    with (SerialDevice(line=lambda: line) as again,
          pytest.raises(DeviceError, match="the core runs 0 populations")):
        again.adopt(program)
