"""States of one address in a bank: pages and halves apart, every state the host's by itself."""

import random

import pytest
from amaranth.sim import Simulator

from hdl.bank import StateBank

PAGES = [{"wide": 30, "bit": 1, "rate": 18}, {"word": 32, "error": 10}]
DEPTH, CLOCKS, READ = 11, 5000, 3


def drive(ctx, bank, source, widths):
    """Draw what the ports see in a clock; returns (place read, {state: value} written, where)."""
    near = source.randrange(DEPTH)
    halves = {kind: source.randrange(2) for kind in ("read", "write", "host")}
    pages = {kind: source.randrange(2) for kind in ("read", "write", "host")}
    own = {"read": near, "write": (near + source.randrange(1, 4)) % DEPTH}
    values = {name: source.getrandbits(width) for name, width in widths.items()}
    given, offset = source.getrandbits(32), source.randrange(DEPTH)
    active, write = source.random() < 0.3, source.random() < 0.7
    names = list(PAGES[pages["host"]])
    chosen = source.choice([None, *names])
    for kind in own:
        ctx.set(getattr(bank, f"{kind}_address"), own[kind])
    for kind, half in halves.items():
        if bank.buffered:
            ctx.set(getattr(bank, f"{kind}_half"), half)
        ctx.set(getattr(bank, f"{kind}_page"), pages[kind])
    ctx.set(bank.write, write)
    for name, value in values.items():
        host = getattr(bank, f"host_{name}")
        ctx.set(getattr(bank, f"write_{name}"), value)
        ctx.set(host.active, active)
        ctx.set(host.write, name == chosen)
        ctx.set(host.offset, offset)
        ctx.set(host.data, given)

    def place(kind, address):
        return pages[kind], address, halves[kind] * bank.buffered

    if active:
        written = {chosen: given & (1 << widths[chosen]) - 1} if chosen else {}
        return place("host", offset), written, place("host", offset)
    written = {name: values[name] for name in PAGES[pages["write"]]} if write else {}
    return place("read", own["read"]), written, place("write", own["write"])


@pytest.mark.parametrize("buffered", [False, True])
def test_every_state_is_where_it_was_written(buffered):
    bank = StateBank(PAGES, depth=DEPTH, buffered=buffered)
    widths, source = PAGES[0] | PAGES[1], random.Random(3)
    held, due, compared = {}, [], 0

    async def bench(ctx):
        nonlocal compared
        for _ in range(CLOCKS):
            at, written, where = drive(ctx, bank, source, widths)
            # What is read in the clock of its write is nobody's.
            due.append(None if written and at == where else {
                name: held.get((at, name)) for name in PAGES[at[0]]})
            held.update({(where, name): value for name, value in written.items()})
            if len(due) > READ and (expected := due[-READ - 1]):
                for name, value in expected.items():
                    if value is not None:
                        assert ctx.get(getattr(bank, f"read_{name}")) == value, name
                        compared += 1
            await ctx.tick()

    simulator = Simulator(bank)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert compared > CLOCKS
