"""Who may begin a step: permissions as plain numbers of steps would give them, at every clock."""

import random

import pytest
from amaranth.sim import Simulator

from hdl.steps import COUNTERS, STEP_BITS, Steps

CLOCKS = 2500
BEGUN = {"loaded": "may_load", "issued": "may_issue", "traced": "may_trace", "sent": "may_send"}
"""Parts that work for a while once they may."""
AT_ONCE = {"fetched": "may_fetch", "recorded": "may_record"}


def permissions(done, learns_tau):
    """What follows from numbers of steps, not modulo anything."""
    known = {name: not learns_tau or done["settled"] == done[name]
             for name in ("traced", "recorded")}
    waits = {name: done[name] < done["loaded"] for name in COUNTERS}
    return {
        # A frame is written where the last but one was: nobody may read that any more.
        "may_load": min(done[name] for name in ("issued", "traced", "left")) > done["loaded"] - 2
        and done["loaded"] - done["sent"] < 3,
        "may_fetch": waits["fetched"],
        "may_issue": waits["issued"] and done["left"] >= done["issued"] - 1
        and done["traced"] >= done["issued"],
        "may_trace": waits["traced"] and done["issued"] >= done["traced"] and known["traced"],
        "may_record": waits["recorded"] and known["recorded"],
        "may_send": done["sent"] < min(done["settled"], done["traced"]),
        "idle": done["sent"] == done["loaded"],
    }


class Parts:
    """The parts of a core, each as fast as chance will have it."""

    def __init__(self, source):
        self.source, self.busy = source, set()
        self.done = dict.fromkeys(COUNTERS, 0)

    def draw_paces(self):
        self.paces = {name: self.source.choice((0.05, 0.3, 1)) for name in COUNTERS}

    def finish(self, allowed):
        """Names of the parts that finish a step at this clock."""
        done, source, finished = self.done, self.source, []
        follows = {"landed": done["landed"] < done["issued"],
                   "left": done["left"] < min(done["landed"], done["recorded"]),
                   "settled": done["settled"] < done["left"]}
        ready = follows | {name: name in self.busy for name in BEGUN} | {
            name: allowed[permission] for name, permission in AT_ONCE.items()}
        ready["issued"] &= done["fetched"] > done["issued"]
        for name in COUNTERS:
            if ready[name] and source.random() < self.paces[name]:
                finished.append(name)
        for name, permission in BEGUN.items():
            if name in finished:
                self.busy.discard(name)
            # Frames and whoever takes results may be late; words and traces begin at once.
            elif allowed[permission] and (
                    name in ("issued", "traced") or source.random() < self.paces[name]):
                self.busy.add(name)
        return finished


def run(learns_tau, seed):
    """How often each output was off and on, and how many steps were under way."""
    source, seen, under_way = random.Random(seed), {}, set()
    dut, parts = Steps(), Parts(random.Random(seed + 1))

    async def set_parity(ctx):
        parity = source.randrange(2)
        ctx.set(dut.set, 1)
        ctx.set(dut.parity, parity)
        await ctx.tick()
        ctx.set(dut.set, 0)
        parts.done = dict.fromkeys(COUNTERS, parity)

    async def bench(ctx):
        ctx.set(dut.learns_tau, learns_tau)
        for clock in range(CLOCKS):
            if clock % 40 == 0:
                parts.draw_paces()
            allowed = permissions(parts.done, learns_tau)
            for name, value in allowed.items():
                assert ctx.get(getattr(dut, name)) == value, (name, parts.done)
                seen.setdefault(name, [0, 0])[value] += 1
            for name in COUNTERS:
                assert ctx.get(getattr(dut, name)) == parts.done[name] % (1 << STEP_BITS)
            under_way.add((parts.done["loaded"] - parts.done["sent"],
                           parts.done["issued"] - parts.done["left"]))
            if allowed["idle"] and not parts.busy and source.random() < 0.5:
                await set_parity(ctx)
                continue
            finished = parts.finish(allowed)
            for name in COUNTERS:
                ctx.set(getattr(dut, f"{name}_done"), name in finished)
                parts.done[name] += name in finished
            await ctx.tick()
            for name in COUNTERS:
                ctx.set(getattr(dut, f"{name}_done"), 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen, under_way


@pytest.mark.parametrize("learns_tau", [False, True])
def test_permissions(learns_tau):
    seen, under_way = run(learns_tau, 5)
    assert all(min(counts) > CLOCKS // 100 for counts in seen.values()), seen
    # Up to three frames at once, and words that run ahead of the neurons of the step before.
    assert {loaded for loaded, _ in under_way} == {0, 1, 2, 3}
    assert {issued for _, issued in under_way} == {0, 1, 2}
