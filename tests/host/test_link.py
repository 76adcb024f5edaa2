"""The link itself: fuzzed decoders, every command and refusal, and how full the line is."""

import random

import numpy as np
import pytest

from hdl.link.commands import LINK_REGION, LINK_REGISTERS, MOST_BODY, Command
from hdl.region import OFFSET_BITS, Region, address
from host.bursts import ReadPlan, write_bodies
from host.device import open_device
from host.frame_packets import FramePlan
from host.line import BAUD, LinkError, SerialLine
from host.link_session import LinkSession
from host.packets import Splitter, packet
from host.remote import RemoteCore, link_address
from host.serial_device import SerialDevice
from model.compiler import compile_network
from model.frames import LEARNING, Frames
from model.network import INPUT, Network, Population, Projection
from model.program import Flag
from tests.host.served import linked, simulated_line
from tests.host.test_device import samples, small_program

FUZZ_BYTES = 1_000_000
IDENTITY = bytes([1]) + address(Region.REGISTERS).to_bytes(3, "little") + b"\0"


def noise(kind: str, count: int, chance: random.Random) -> bytes:
    """Bytes at random; with many delimiters; or packets with damage that their CRC must find."""
    if kind == "uniform":
        return chance.randbytes(count)
    if kind == "zeros":
        return bytes(0 if chance.random() < 0.1 else byte for byte in chance.randbytes(count))
    found = b""
    while len(found) < count:
        body = chance.randbytes(chance.randrange(MOST_BODY + 1))
        whole = bytearray(packet(chance.randrange(256), chance.randrange(1, 5), body))
        whole[chance.randrange(len(whole) - 1)] ^= 1 << chance.randrange(8)
        found += whole
    return found


def answers(link, data: bytes) -> list[bytes]:
    """What the core says to ``data``."""
    link.feed(data)
    splitter, found = Splitter(), []
    while True:
        found += splitter.feed(link.run(100_000))
        if link.idle:
            return found


def test_the_core_finds_the_next_packet_after_any_noise(capsys):
    chance, fed = random.Random(5), 0
    with linked() as link:
        assert len(answers(link, packet(0, Command.HELLO, b"\1\2"))) == 1
        number = 1
        while fed < FUZZ_BYTES:
            for kind in ("uniform", "zeros", "damaged"):
                data = noise(kind, 4096, chance)
                assert answers(link, data + b"\0") == []
                answer = answers(link, packet(number, Command.READ, IDENTITY))
                assert len(answer) == 1 and answer[0][0] == number and answer[0][-1] == 0
                number, fed = (number + 1) % 256, fed + len(data)
    with capsys.disabled():
        print(f"\n  {fed} bytes of noise; the packet after it was answered every time")


def test_the_host_finds_the_next_answer_after_any_noise():
    chance, splitter = random.Random(6), Splitter()
    for _ in range(100):
        for kind in ("uniform", "zeros", "damaged"):
            assert splitter.feed(noise(kind, 4096, chance) + b"\0") == []
            assert splitter.feed(packet(7, 0, b"body")) == [b"\7\0body"]
    assert splitter.bad > 1000


def wide_program(outputs: int):
    """60 inputs to so many outputs, learning."""
    chance = np.random.default_rng(outputs)
    out = Population(name="out", size=outputs, tau_m=0.1, tau_r=0.1, noise=2.0**-6, output=True)
    return compile_network(Network(dt=0.05, inputs=60, populations=[out], projections=[
        Projection(source=INPUT, target="out", weights=chance.normal(0, 0.2, (outputs, 60)))]))


def opened(line=None) -> LinkSession:
    return LinkSession(line or simulated_line(), key=7)


@pytest.mark.parametrize("command, body, message", [
    (9, b"", "no such command"),
    (Command.READ, b"", "the body ends too early"),
    (Command.READ, b"\1\0\0", "the body ends too early"),
    (Command.WRITE, b"\1" + bytes(4) + b"\1\2", "the body ends too early"),
    (Command.READ, b"\1" + bytes(3) + b"\x7f", "the answer does not fit a packet"),
    (Command.STREAM, b"\1\2\3", "a frame's size is not set"),
])
def test_what_cannot_be_served_is_refused_and_ends_the_session(command, body, message):
    session = opened()
    with pytest.raises(LinkError, match=f"'simulated' refused a request: .*{message}"):
        session.ask(command, body)
    with pytest.raises(LinkError, match="no session is open"):
        session.ask(Command.READ, IDENTITY)


def test_a_new_session_follows_a_refused_one():
    line = simulated_line()
    with pytest.raises(LinkError):
        opened(line).ask(9)
    assert opened(line).ask(Command.READ, IDENTITY)[1:] == b"ELV"


def test_a_core_that_never_moves_is_told():
    session = opened()
    # A frame of which the core takes nothing, for it has no inputs yet that would end it.
    head = link_address(LINK_REGISTERS["frame_words"].offset)
    for body in write_bodies([head, head + 1], [2, 1], lanes=4):
        session.ask(Command.WRITE, body)
    with pytest.raises(LinkError, match="the core did not move a word"):
        session.ask(Command.STREAM, bytes(6))


@pytest.mark.parametrize(("url", "baud"), [("loop://", BAUD), ("loop://@1000000", 1_000_000)])
def test_a_port_brings_its_speed(url, baud):
    line = SerialLine(url)
    line.write(b"abc")
    assert (line.baud, line.name, line.read(1.0)) == (baud, url, b"abc")
    line.close()


def test_a_line_that_is_dead_is_an_error():
    class Dead(type(simulated_line())):
        def write(self, data):
            """Nothing arrives."""

    with pytest.raises(LinkError, match=r"has not answered for 2 s, asked [0-9]+ times"):
        LinkSession(Dead(linked()), patience=2.0)


def test_reads_and_writes_are_bursts():
    words = np.arange(40)[:, None] << 6 | np.arange(4)
    places = address(Region.W, np.random.default_rng(1).permutation(words.ravel()))
    assert len(ReadPlan(places, lanes=4).bodies) == 2
    assert len(ReadPlan(places, lanes=5).bodies) == 2
    assert len(list(write_bodies(places, np.zeros(160), lanes=4))) == 1
    assert sum(map(len, write_bodies(places, np.zeros(160), lanes=4))) < 20
    core = RemoteCore(simulated_line())
    values = np.random.default_rng(2).integers(-2**17, 2**17, 160)
    core.write(places, values & 0xFFFFFFFF)
    assert np.array_equal(core.read(places), values & 0xFFFFFF)
    core.write(places[:50], np.full(50, 7))
    assert (core.read(places[:50]) == 7).all()
    assert np.array_equal(core.read(places[50:]), values[50:] & 0xFFFFFF)


def test_registers_keep_the_order_in_which_they_are_written():
    core = RemoteCore(simulated_line())
    place = address(Region.REGISTERS, 3)
    core.write([place, place + 2, place, place + 1], [1, 2, 5, 4])
    assert core.read([place + 1, place, place + 2]).tolist() == [4, 5, 2]


@pytest.mark.parametrize("words, results, probes", [(3, 2, 0), (40, 62, 3), (250, 90, 5),
                                                    (2, 200, 70), (129, 64, 32), (30, 2, 1)])
def test_frames_of_any_size_fill_their_packets(words, results, probes):
    frames = np.random.default_rng(words).integers(0, 1 << 24, (23, words), np.uint32)
    probed = np.arange(23) % 3 == 1
    plan = FramePlan(frames, results=results, probes=probes, probed=probed)
    bodies = list(plan.bodies())
    assert b"".join(bodies) == b"".join(int(w).to_bytes(3, "little") for w in frames.ravel())
    assert max(map(len, bodies)) <= MOST_BODY
    wide = 4 * probes * (probed & (probes > 0))
    assert len(bodies) <= 2 + max(3 * frames.size, 23 * 3 * results + wide.sum()) / 120


@pytest.mark.parametrize("outputs, link", [(1, {}), (60, {}), (60, {"slots": 2})])
def test_frames_larger_than_packets_go_through(outputs, link):
    """Heads that change, probes now and then: the device's own numbers, whatever the packing, and
    however few packets the core has room for."""
    program = wide_program(outputs)
    steps, few = 20, min(outputs, 30)
    chance = np.random.default_rng(3)
    flags = np.where(np.arange(steps) % 4 == 2, LEARNING | Flag.PROBE, LEARNING)
    frames = Frames.of(chance.uniform(-1, 1, (steps, 60)), chance.uniform(-1, 1, (steps, outputs)),
                       outputs=outputs, flags=flags, modulator=chance.uniform(0, 1, steps))
    with (SerialDevice(line=lambda: simulated_line(**link)) as device,
          open_device("model") as golden):
        for one in (device, golden):
            one.load(program)
            one.probe([("u", slice(60, 60 + few)), ("W", 3), ("word", 60)])
        found, expected = device.run(frames), golden.run(frames)
    for name in ("rates", "errors", "probes"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    assert np.std(found.rates) > 0 and found.probes.shape == (5, few + 2)


PACE = 40
"""Clocks a byte: a line four times as fast as 3 Mbaud at 48 MHz, so that the test is short."""


def test_samples_fill_the_line(capsys):
    frames = Frames.of(*samples(60 * 41), outputs=1)
    line = simulated_line(pace=PACE)
    with SerialDevice(line=lambda: line) as device:
        device.load(small_program())
        device.run(frames[:41])
        began = line.now()
        device.run(frames[41:])
        took = (line.now() - began) * 50e6
    share = 9 * 59 * 41 * PACE / took
    with capsys.disabled():
        print(f"\n  samples: {share:.1%} of what the line can carry")
    assert share >= 0.9


def test_reading_weights_fills_the_line(capsys):
    words = np.arange(1024)[:, None] << 6 | np.arange(4)
    places = address(Region.W, words.ravel())
    line = simulated_line(pace=PACE)
    core = RemoteCore(line)
    count, began = 0, line.now()
    while count < 100_000:
        count += 3 * len(core.read(places))
    times = (line.now() - began) * 50e6 / (count * PACE)
    with capsys.disabled():
        print(f"\n  {count} bytes of weights: {times:.3f} × the line's minimum")
    assert times < 1.3


def test_the_description_is_the_cores():
    core = RemoteCore(simulated_line())
    assert core.config.lanes == core.info["core"]["lanes"] == 4
    assert core.info["formats"]["W"] == [18, 14]
    assert link_address(0) == LINK_REGION << OFFSET_BITS
