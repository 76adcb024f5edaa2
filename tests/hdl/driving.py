"""What the benches of single components share: the clock, and fields of ports by name."""

from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from hdl.memory import HELD

__all__ = ["bus_read", "bus_write", "decays", "draw", "put", "start"]


async def start(dut) -> None:
    """Start the clock and reset; inputs are zero until they are driven."""
    dut.rst.value = 1
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


def put(dut, prefix: str, fields: dict) -> None:
    """Drive the ports ``prefix_name`` for every ``name`` of ``fields``; negative numbers fit."""
    for name, value in fields.items():
        port = getattr(dut, f"{prefix}_{name}")
        port.value = int(value) & ((1 << len(port)) - 1)


async def bus_write(dut, region: int, pairs, *, strobe: str = "write") -> None:
    """Write (offset, value) ``pairs`` to a region; data are there before ``strobe`` says so."""
    write = dut.bus_write if strobe == "write" else getattr(dut, strobe)
    dut.bus_active.value, dut.bus_region.value = 1, int(region)
    for offset, value in pairs:
        dut.bus_offset.value, dut.bus_data.value = int(offset), int(value) & 0xFFFFFFFF
        for strobed in (*[0] * HELD, 1):
            write.value = strobed
            await RisingEdge(dut.clk)
    dut.bus_active.value = write.value = 0
    # Memories know a clock later that the host is done, long before anything may begin.
    await RisingEdge(dut.clk)


async def bus_read(dut, region: int, offsets, port) -> list[int]:
    """Read offsets of a region that answers on ``port`` one clock later."""
    dut.bus_active.value, dut.bus_write.value, dut.bus_region.value = 1, 0, int(region)
    values = []
    for offset in [*offsets, 0]:
        dut.bus_offset.value = int(offset)
        await RisingEdge(dut.clk)
        values.append(int(port.value))
    dut.bus_active.value = 0
    return values[1:]


def draw(source, width: int) -> int:
    """Any magnitude of a signed field alike often, and its corners."""
    high = (1 << (width - 1)) - 1
    kind = source.random()
    if kind < 0.2:
        return source.choice((-high - 1, high))
    if kind < 0.3:
        return source.choice((0, 1, -1))
    magnitude = source.getrandbits(source.randint(1, width - 1))
    return source.choice((magnitude, ~magnitude))


def decays(shift: int | None, *, multiplied: bool) -> dict[str, int]:
    """What a lane is told of a decay by ``shift`` places, None for none, as a shift or as a scale:
    the product with it, divided by 2**17 where it is ``far``, is what the shift leaves."""
    if not multiplied:
        return {"active": int(shift is not None), "shift": shift or 0}
    if shift is None:
        return {"scale": 0}
    return {"scale": 1 << (33 - min(shift, 33) if shift > 16 else 16 - shift),
            "far": int(shift > 16)}
