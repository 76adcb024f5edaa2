"""Default rates: what a network gets that asks for none, and that the tasks ask for none."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.defaults import (
    FEEDBACK_RATE,
    MOST_SOURCES,
    NOISE,
    SOURCE_RATE,
    TAP_RATE,
    bias_rate,
    time_rate,
    weight_rate,
)
from model.network import INPUT, Network, Population, Projection
from model.tasks import TASKS


def two_layers(width: int, dt: float, rate: float | None = None) -> Network:
    """One input, ``width`` neurons, one output; ``rate`` of what goes to the output."""
    return Network(dt=dt, inputs=1, populations=[
        Population(name="hidden", size=width, tau_m=1.0, tau_r=0.1),
        Population(name="out", size=1, tau_m=0.1, tau_r=0.1, output=True)], projections=[
        Projection(source=INPUT, target="hidden", weights=np.ones((width, 1))),
        Projection(source="hidden", target="out", weights=np.ones((1, width)), rate=rate)])


def steps(network: Network) -> list[float]:
    """η dt of every projection, as compiled for a fixed binary point."""
    records = compile_network(network).projections
    return [float(r["rate_mantissa"]) * 2.0 ** -float(r["factor_shift"] + r["change_shift"])
            for r in records]


@pytest.mark.parametrize(("width", "counted"), [(1, 1), (3, 3), (8, 8), (40, 8)])
def test_a_rate_grows_with_the_number_of_sources_up_to_a_limit(width, counted):
    network = two_layers(width, 0.01)
    one, many = (network.rate(p) * network.dt for p in network.projections)
    assert one == pytest.approx(SOURCE_RATE) and MOST_SOURCES == 8
    assert many == pytest.approx(counted * SOURCE_RATE)
    first, second = steps(network)
    assert second / first == pytest.approx(counted, rel=1e-3)


def test_a_step_learns_the_same_however_long_it_is():
    assert steps(two_layers(5, 0.01)) == pytest.approx(steps(two_layers(5, 0.05)), rel=1e-3)
    for rate in (bias_rate, time_rate):
        assert rate(0.05) * 0.05 == pytest.approx(rate(0.01) * 0.01)
    assert bias_rate(0.01) == weight_rate(1, 0.01)


def test_a_rate_of_ones_own_is_kept():
    network = two_layers(5, 0.01, rate=0.7)
    assert network.rate(network.projections[1]) == 0.7
    assert steps(network)[1] != pytest.approx(steps(two_layers(5, 0.01))[1], rel=0.1)
    silent = two_layers(5, 0.01, rate=0.0)
    assert silent.rate(silent.projections[1]) == 0.0


@pytest.mark.parametrize("name", TASKS)
def test_every_task_learns_with_all_defaults(name):
    network = TASKS[name].network("vle", 0)
    for projection in network.projections:
        sources = network.source_range(projection)[1]
        assert network.rate(projection) == weight_rate(sources, network.dt)
        assert projection.feedback_rate == FEEDBACK_RATE
    for population in network.populations:
        assert population.bias_rate in (0.0, bias_rate(network.dt))
        assert population.tau_rate in (0.0, time_rate(network.dt))
        assert population.tap_rate == TAP_RATE and population.noise in (0.0, NOISE)
    assert NOISE in {population.noise for population in network.populations}


def test_other_rules_have_a_pace_of_their_own():
    task = TASKS["xor"]
    ours, theirs = task.network("vle", 0), task.network("gle", 0)
    pace = task.paces["gle"]
    assert 0 < pace < 1 and "vle" not in task.paces
    for one, other in zip(ours.projections, theirs.projections, strict=True):
        assert theirs.rate(other) == pytest.approx(pace * ours.rate(one))
    assert [p.bias_rate for p in theirs.populations] == [pace * p.bias_rate
                                                         for p in ours.populations]
