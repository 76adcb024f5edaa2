"""Rules set what they say, and leave the rest of the network as it is."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.defaults import NOISE
from model.network import Network, NetworkError, Population, Projection
from model.rules import RULES, apply_rule

SETTINGS = {
    # plasticity, taps, feedback between populations, noise of the hidden population
    "vle": ("trace", "learned", "mirror", NOISE),
    "gle": ("prospective", "gle", "tied", 0.0),
    "instant": ("prospective", "instant", "tied", 0.0),
    "feedback": ("trace", "learned", "fixed", 0.0),
}


def two_layers(**hidden) -> Network:
    rng = np.random.default_rng(1)
    return Network(dt=0.01, inputs=2, populations=[
        Population(name="hidden", size=3, tau_m=0.5, tau_r=0.1, **hidden),
        Population(name="out", size=1, tau_m=0.1, tau_r=0.1, output=True),
    ], projections=[
        Projection(source="input", target="hidden", weights=rng.normal(size=(3, 2))),
        Projection(source="hidden", target="out", weights=rng.normal(size=(1, 3))),
    ])


def test_every_rule_is_described():
    assert set(RULES) == set(SETTINGS)
    assert all(RULES.values())


@pytest.mark.parametrize("rule", SETTINGS)
def test_settings(rule):
    network = two_layers()
    plasticity, taps, feedback, noise = SETTINGS[rule]
    changed = apply_rule(network, rule)
    assert [p.rule for p in changed.populations] == [plasticity] * 2
    assert [p.taps for p in changed.populations] == [taps] * 2
    assert [p.feedback for p in changed.projections] == ["fixed", feedback]
    assert [p.noise for p in changed.populations] == [noise, 0.0]
    assert changed.projections[0].backward is None
    compile_network(changed)
    for before, after in zip(network.projections, changed.projections, strict=True):
        assert np.array_equal(before.weights, after.weights)
    assert network.populations[0].taps == "learned"


def test_fixed_feedback_is_random_reproducible_and_of_the_size_of_the_weights():
    first, again, other = (apply_rule(two_layers(), "feedback", seed=seed).projections[1].backward
                           for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    limit = np.sqrt(3.0 * np.mean(np.square(two_layers().projections[1].weights)))
    assert 0 < np.abs(first).max() <= limit


def test_own_noise_and_own_feedback_are_kept():
    assert apply_rule(two_layers(noise=0.125), "vle").populations[0].noise == 0.125
    network = two_layers()
    network.projections[1].backward = np.ones((1, 3))
    assert np.all(apply_rule(network, "feedback").projections[1].backward == 1.0)


def test_gle_taps_are_not_bounded_like_learned_ones():
    program = compile_network(apply_rule(two_layers(), "gle"))
    c0 = program.state["c0"][2:5]
    assert np.all(c0 > program.populations[1]["tap_limit"] // 32)
    assert np.all(c0 <= program.populations[1]["tap_limit"])


def test_unknown_rule():
    with pytest.raises(NetworkError, match="unknown rule 'hebb'; there are: vle, gle, instant"):
        apply_rule(two_layers(), "hebb")
