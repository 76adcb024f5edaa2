"""A core with AXI ports, among independent partners that pause at random on every channel."""

from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator

from hdl.axi.places import Places
from hdl.axi.top import AxiCore
from hdl.config import MICRO, Config
from hdl.layout import Layout
from hdl.link.commands import INFO_OFFSET, INFO_WORDS, LINK_REGION
from hdl.region import UPPER, Region, address
from model.compiler import compile_network
from sim.bench import run_bench
from tests.sim.cases import small_networks
from tests.sim.small_core import CONFIG

BENCH = Path(__file__).with_name("bench_axi.py")
KEY = 3
SIZES = {"rows": 48, "trace_rows": 80, "words": 500}


def test_axi():
    assert run_bench(AxiCore(CONFIG), BENCH) == 5


def existing(config: Config, places: np.ndarray) -> np.ndarray:
    """Which addresses a core of this size says there is something at."""
    dut, found = Places(config), []

    async def ask(ctx):
        for place in places:
            ctx.set(dut.address, int(place))
            await ctx.tick()
            found.append(ctx.get(dut.exists))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(ask)
    simulator.run()
    return np.array(found, bool)


@pytest.mark.parametrize("config", [
    Config(lanes=3, **SIZES), Config(lanes=3, eligibility=True, **SIZES), MICRO], ids=str)
def test_all_that_a_network_needs_is_there_and_what_is_beyond_is_not(config):
    network = small_networks(1, eligible=config.eligibility)[0]
    program = compile_network(network, seed=KEY)
    layout = Layout(config, program)
    states = np.concatenate([layout.addresses(name) for name in program.state.present()])
    places = np.unique(np.concatenate([layout.image()[0], states]))
    rare = places[np.random.default_rng(KEY).choice(len(places), 500, replace=False)]
    assert existing(config, rare).all() and existing(config, states[-200:]).all()
    beyond = np.array([
        address(Region.U, config.slots), address(Region.LOW, config.trace_slots),
        address(Region.W, config.lanes), address(Region.ALPHA, config.populations),
        address(Region.R, 1 << 17), address(LINK_REGION, INFO_OFFSET + INFO_WORDS)])
    assert not existing(config, beyond).any()
    upper = np.array([address(Region.ERROR, UPPER + 1), address(Region.R, UPPER)])
    assert (existing(config, upper) == config.eligibility).all()
