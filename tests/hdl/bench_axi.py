"""The core behind AXI: networks loaded, streamed and read back by independent partners."""

import json

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiResp

from hdl.axi.registers import AXI_REGISTERS, COUNTERS, EVENTS
from hdl.layout import Layout
from hdl.link.commands import INFO_OFFSET, LINK_REGION
from hdl.region import LANE_BITS, REGISTERS, Region, address
from host.sim_device import pack
from model.compiler import compile_network
from model.golden import Golden
from model.program import State
from model.tasks import TASKS
from tests.hdl.axi_partners import Partners, core_register, register
from tests.sim.cases import Case, small_networks
from tests.sim.small_core import CONFIG

NETWORK = 5
"""Which of the small networks runs: one with mirrored and Kolen-Pollack projections."""
HOLD, LIVE = 1, 2
OVERRUN, MALFORMED, REFUSED = (1 << bit for bit in range(len(EVENTS)))
RUNNING, WAITING = 1, 2
SHARE = 0.3
"""Of the clocks, in which a channel pauses."""


def small_case(key: int, **options) -> Case:
    return Case(CONFIG, small_networks(NETWORK + 1)[NETWORK], key=key, length=1, **options)


async def prepare(dut, image, *, pauses: float = SHARE, seed: int) -> Partners:
    """A core with a network in it, and its partners, which pause from then on."""
    partners = await Partners(dut).start()
    await partners.write(*image)
    partners.watch()
    partners.pause(pauses, seed=seed)
    return partners


def send(partners: Partners, words) -> None:
    partners.source.send_nowait([int(word) for word in words])


async def until_idle(partners: Partners) -> None:
    while await partners.get("status") & RUNNING:
        pass


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def temporal_xor_is_learned_in_packets(dut):
    task, steps = TASKS["xor"], 80
    program = compile_network(task.network("vle", 0), seed=0)
    layout, golden = Layout(CONFIG, program), Golden(program)
    frames = task.draw(0, steps, "train").lesson()
    outputs = golden.run(frames)
    expected = np.concatenate([outputs.rates, outputs.errors], axis=1) & 0xFFFFFFFF
    assert len(np.unique(expected[:, 0])) > steps // 2
    assert (golden.state["W"] != program.state["W"]).mean() > 0.9
    partners = await prepare(dut, layout.image(), seed=1)
    for words in pack(frames).reshape(steps, -1):
        send(partners, words)
    assert await partners.results(steps) == expected.tolist()
    # The weights with pauses, all else without.
    for name in sorted(State.names(), key=lambda name: name != "W"):
        partners.pause(SHARE if name == "W" else 0, seed=8)
        found = await partners.read(layout.addresses(name))
        assert np.array_equal(found, golden.state[name].astype(np.int64) & 0xFFFFFFFF), name
    assert [await partners.get(name) for name in COUNTERS] == [steps, steps, 0, 0, 0]
    assert await partners.get("events") == 0 and partners.sink.empty()
    # Weights of one's own go in by the same addresses.
    partners.pause(SHARE, seed=9)
    places, weights = layout.addresses("W"), golden.state["W"].astype(np.int64) ^ 1
    await partners.write(places, weights & 0xFFFFFFFF)
    assert np.array_equal(await partners.read(places), weights & 0xFFFFFFFF)
    assert all(count > 10 for count in partners.watcher.forward.values())


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def packets_of_a_wrong_length_do_nothing_and_are_counted(dut):
    case = small_case(31, steps=12, probes=4)
    partners = await prepare(dut, case.image, seed=2)
    await partners.set("enable", MALFORMED)
    right = [block.words for block in case.blocks]
    size = len(right[0])
    assert await partners.get("frame_words") == size
    wrong = [right[0][:1], right[1][:-1], [*right[2], 0], [*right[3], *right[4]], [7] * 50, [7]]
    assert dut.interrupt.value == 0
    for k, words in enumerate(right):
        for other in wrong[k // 2:k // 2 + 1] if k % 2 else []:
            send(partners, other)
        send(partners, words)
    expected = [block.results.tolist() for block in case.blocks]
    assert await partners.results(len(right)) == expected
    # A result with probes is longer; TLAST knows.
    outputs = await partners.get("result_words")
    assert {len(words) for words in expected} == {outputs, outputs + 4}
    partners.pause(0, seed=0)
    assert np.array_equal(await partners.read(case.addresses), case.blocks[-1].states)
    assert [await partners.get(name) for name in COUNTERS] == [12, 12, 0, len(wrong), 0]
    partners.pause(SHARE, seed=8)
    assert dut.interrupt.value == 1 and await partners.get("events") == MALFORMED
    await partners.set("events", MALFORMED)
    assert dut.interrupt.value == 0 and await partners.get("events") == 0
    await partners.set("malformed_frames", 0)
    assert await partners.get("malformed_frames") == 0
    # A network that no frame fits: none is loaded.
    await partners.write([core_register("inputs") // 4], [CONFIG.inputs + 1])
    assert await partners.get("frame_words") == await partners.get("result_words") == 0
    send(partners, right[0])
    while await partners.get("malformed_frames") == 0:
        pass
    assert await partners.get("status") == 0


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_live_stream_drops_whole_frames_and_tells(dut):
    case = small_case(32, steps=30)
    partners = await prepare(dut, case.image, pauses=0, seed=3)
    await partners.set("control", LIVE)
    await partners.set("enable", OVERRUN | MALFORMED)
    partners.sink.pause = True  # The core fills up: its results find no taker.
    half = len(case.blocks) // 2
    for block in case.blocks[:half]:
        # Time enough for a step: once there is no room, there will be none for any that follows.
        send(partners, block.words)
        await ClockCycles(dut.aclk, 400)
    lost = await partners.get("overruns")
    taken = half - lost
    assert 2 < taken < half and await partners.get("status") == RUNNING | WAITING
    assert dut.interrupt.value == 1 and await partners.get("events") == OVERRUN
    partners.pause(SHARE, seed=4)
    # What was taken is answered, nothing else; then all is as if the others had never been.
    assert await partners.results(taken) == [
        block.results.tolist() for block in case.blocks[:taken]]
    await partners.set("control", 0)
    rest = case.blocks[taken:]
    for block in rest:
        send(partners, block.words)
    assert await partners.results(len(rest)) == [block.results.tolist() for block in rest]
    partners.pause(0, seed=0)
    assert np.array_equal(await partners.read(case.addresses), case.blocks[-1].states)
    assert [await partners.get(name) for name in COUNTERS] == [30, 30, lost, 0, 0]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def states_are_reached_between_frames_only(dut):
    case = small_case(33, steps=8)
    partners = await prepare(dut, case.image, pauses=0, seed=5)
    await partners.set("enable", REFUSED)
    size, outputs = await partners.get("frame_words"), core_register("outputs")
    # Half a frame stops nobody: it has not begun.
    partners.source.pause = True
    first = case.blocks[0].words
    send(partners, first)
    for _ in range(size - 1):
        partners.source.pause = False
        await ClockCycles(dut.aclk, 1)
    partners.source.pause = True
    assert await partners.get("status") == 0
    assert (await partners.lite.read(outputs, 4)).resp == AxiResp.OKAY
    # While its result has no taker, all of the core is closed, and the wrapper is not.
    partners.sink.pause = True
    partners.source.pause = False
    while await partners.get("frames") == 0:
        pass
    assert await partners.get("status") == RUNNING
    answer = await partners.lite.write(outputs, b"\x05\0\0\0")
    assert answer.resp == AxiResp.SLVERR
    assert (await partners.lite.read(outputs, 4)).resp == AxiResp.SLVERR
    assert await partners.get("refused_accesses") == 2 and dut.interrupt.value == 1
    await partners.set("events", REFUSED)
    assert dut.interrupt.value == 0
    # On hold, frames wait; what is under way is finished, and the core can be reached.
    await partners.set("control", HOLD)
    for block in case.blocks[1:4]:
        send(partners, block.words)
    partners.sink.pause = False
    await until_idle(partners)
    assert await partners.get("status") == WAITING
    assert np.array_equal(await partners.read(case.addresses), case.blocks[0].states)
    assert await partners.get("frames") == await partners.get("results") == 1
    partners.pause(SHARE, seed=6)
    await partners.set("control", 0)
    for block in case.blocks[4:]:
        send(partners, block.words)
    assert await partners.results(8) == [block.results.tolist() for block in case.blocks]
    partners.pause(0, seed=0)
    assert np.array_equal(await partners.read(case.addresses), case.blocks[-1].states)
    assert await partners.get("refused_accesses") == 2


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def addresses_and_bytes_are_judged(dut):
    partners = await Partners(dut).start()
    partners.watch()
    partners.pause(SHARE, seed=7)
    lite, lanes = partners.lite, CONFIG.lanes
    last = {
        Region.U: CONFIG.slots - 1, Region.PSI: CONFIG.trace_slots - 1,
        Region.W: (CONFIG.words - 1) << LANE_BITS | lanes - 1, Region.B: lanes - 1,
        Region.PROBES: CONFIG.probes - 1, Region.REGISTERS: len(REGISTERS) - 1,
        Region.COST: CONFIG.populations - 1, LINK_REGION: len(AXI_REGISTERS) - 1}
    for region, offset in last.items():
        place = 4 * address(region, offset)
        assert (await lite.read(place, 4)).resp == AxiResp.OKAY, hex(place)
        assert (await lite.read(place + 4, 4)).resp == AxiResp.DECERR, hex(place)
        assert (await lite.write(place + 4, bytes(4))).resp == AxiResp.DECERR, hex(place)
    # Of the core's words all bytes are written, or none.
    place = core_register("populations")
    assert (await lite.write(place, (0x1234).to_bytes(4, "little"))).resp == AxiResp.OKAY
    assert (await lite.write(place + 1, b"\x63")).resp == AxiResp.SLVERR
    assert await lite.read_dword(place) == 0x1234
    # Of the wrapper's, any byte; what is only read is refused.
    await partners.set("enable", 0b101)
    assert (await lite.write(register("enable") + 1, b"\x02")).resp == AxiResp.OKAY
    assert await partners.get("enable") == 0b101
    assert (await lite.write(register("enable"), b"\x02")).resp == AxiResp.OKAY
    assert await partners.get("enable") == 0b010
    for offset in (register("status"), 4 * address(LINK_REGION, INFO_OFFSET)):
        assert (await lite.write(offset, bytes(4))).resp == AxiResp.SLVERR
    assert await partners.get("refused_accesses") == 2 * len(last) + 3
    text = await lite.read(4 * address(LINK_REGION, INFO_OFFSET),
                           4 * await partners.get("info_words"))
    assert json.loads(text.data.rstrip(b"\0"))["core"]["lanes"] == lanes
    # Reads and writes at once take turns, and keep their order.
    writes = [lite.init_write(place, k.to_bytes(4, "little")) for k in range(20)]
    reads = [lite.init_read(register("enable"), 4) for _ in range(20)]
    for event in (*writes, *reads):
        await event.wait()
    assert await lite.read_dword(place) == 19
    # A second reset: as after the first.
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 3)
    assert not any(getattr(dut, name).value for name in (
        "m_axis_tvalid", "s_axi_bvalid", "s_axi_rvalid", "interrupt", "s_axis_tready",
        "s_axi_awready", "s_axi_wready", "s_axi_arready"))
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
    assert await partners.get("enable") == await partners.get("refused_accesses") == 0
