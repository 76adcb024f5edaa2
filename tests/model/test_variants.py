"""Variants change one thing of ``vle``; scaled rates; the exact gradient as a learner."""

import numpy as np
import pytest

from model.network import Network, NetworkError, Population, Projection
from model.offline import descend, run_up
from model.pace import scaled
from model.reference import Reference
from model.rules import RULES
from model.tasks import TASKS
from model.variants import VARIANTS, variant

XOR = TASKS["xor"]


def _differences(name: str) -> tuple[set, set]:
    """Fields of populations, and of projections, in which a variant differs from vle."""
    one, other = variant(XOR, name, seed=3), variant(XOR, "vle", seed=3)
    found = []
    for kind in ("populations", "projections"):
        pairs = zip(getattr(one, kind), getattr(other, kind), strict=True)
        found.append({field for a, b in pairs for field in vars(a)
                      if not np.array_equal(getattr(a, field), getattr(b, field))})
    return found[0], found[1]


@pytest.mark.parametrize(("name", "populations", "projections"), [
    ("vle", set(), set()), ("prospective", {"rule"}, set()), ("fixed-taps", {"taps"}, set()),
    ("one-gain", {"taps"}, set()), ("tied", {"noise"}, {"feedback"}),
])
def test_one_change_at_a_time(name, populations, projections):
    assert _differences(name) == (populations, projections)


def test_rules_are_those_of_the_task():
    assert set(VARIANTS) > set(RULES)
    for rule in RULES:
        ours, theirs = variant(XOR, rule, seed=1), XOR.network(rule, 1)
        assert [p.rule for p in ours.populations] == [p.rule for p in theirs.populations]
        assert all(np.array_equal(a.weights, b.weights)
                   for a, b in zip(ours.projections, theirs.projections, strict=True))
    with pytest.raises(NetworkError, match="bptt"):
        variant(XOR, "bptt")


def test_scaled_rates_leave_taps():
    network = XOR.network("vle", 0)
    faster = scaled(network, 4.0)
    assert [p.rate for p in faster.projections] == [4 * network.rate(p)
                                                    for p in network.projections]
    assert [p.bias_rate for p in faster.populations] == [4 * p.bias_rate
                                                         for p in network.populations]
    slow = TASKS["lagline"].network("vle", 0)
    assert [p.tau_rate for p in scaled(slow, 4.0).populations] == [4 * p.tau_rate
                                                                   for p in slow.populations]
    assert all(p.tau_rate > 0 for p in slow.populations)
    assert [p.tap_rate for p in faster.populations] == [p.tap_rate for p in network.populations]
    for factor in (0.0, -1.0, float("nan")):
        with pytest.raises(NetworkError, match="factor"):
            scaled(network, factor)
    with pytest.raises(NetworkError, match="unknown rates 'tap'"):
        scaled(network, 2.0, "tap")


@pytest.mark.parametrize(("what", "name"), [("taps", "tap_rate"), ("noise", "noise")])
def test_one_kind_of_rate_of_populations(what, name):
    network = XOR.network("vle", 0)
    halved = scaled(network, 0.5, what)
    assert halved.projections == network.projections
    for population, before in zip(halved.populations, network.populations, strict=True):
        assert getattr(population, name) == getattr(before, name) / 2
        assert population.bias_rate == before.bias_rate > 0


def test_the_rate_of_backward_weights():
    network = XOR.network("vle", 0)
    halved = scaled(network, 0.5, "feedback")
    assert halved.populations == network.populations
    assert [p.feedback_rate for p in halved.projections] == [p.feedback_rate / 2
                                                             for p in network.projections]
    assert [p.rate for p in halved.projections] == [p.rate for p in network.projections]


def slow_neuron(weight: float, bias: float, tau: float = 1.0, tau_rate: float = 0.0,
                **more) -> Network:
    return Network(dt=0.1, inputs=1, populations=[
        Population(name="hidden", size=1, tau_m=tau, tau_r=0.1, bias=bias, bias_rate=0.1,
                   tau_rate=tau_rate),
        Population(name="out", size=1, tau_m=0.5, tau_r=0.1, activation="linear", output=True)],
        projections=[Projection(source="input", target="hidden", weights=[[weight]]),
                     Projection(source="hidden", target="out", weights=[[1.0]], **more)])


def test_the_exact_gradient_finds_the_teacher():
    inputs = np.random.default_rng(0).normal(size=(6000, 1))
    teacher, student = (Reference(slow_neuron(*start, plastic=False))
                        for start in ((1.5, 0.4), (0.5, 0.0)))
    targets = teacher.run(inputs)
    used = list(descend(student, inputs, targets))
    assert used == sorted(used) and used[-1] == len(inputs)
    assert student.weights[0] == pytest.approx(teacher.weights[0], abs=0.01)
    assert student.bias == pytest.approx([0.4, 0.0], abs=0.01) and student.bias[1] == 0


def steps_of_noise(steps: int) -> np.ndarray:
    """A random level every ten steps."""
    return np.repeat(np.random.default_rng(0).normal(size=(steps // 10, 1)), 10, axis=0)


def test_the_exact_gradient_finds_time_constants():
    inputs = steps_of_noise(6000)
    teacher, student = (Reference(slow_neuron(1.0, 0.2, tau, rate, plastic=False))
                        for tau, rate in ((2.0, 0.0), (1.0, 0.1)))
    list(descend(student, inputs, teacher.run(inputs)))
    assert student.tau_m[0] == pytest.approx(2.0, abs=0.02) and student.tau_m[1] == 0.5


def test_time_constants_stop_at_the_look_ahead():
    inputs = steps_of_noise(3000)
    teacher, student = (Reference(slow_neuron(1.0, 0.2, tau, rate, plastic=False))
                        for tau, rate in ((0.1, 0.0), (0.2, 0.1)))
    # A target that comes before its cause asks for less memory than there can be.
    list(descend(student, inputs, np.roll(teacher.run(inputs), -4, axis=0)))
    assert student.tau_m[0] == student.tau_r[0]


def test_frozen_weights_stay_put():
    inputs = np.random.default_rng(0).normal(size=(200, 1))
    student = Reference(slow_neuron(0.5, 0.0, plastic=False))
    list(descend(student, inputs, np.ones((200, 1))))
    assert student.weights[1] == 1.0 and student.weights[0] != 0.5


def test_a_run_up_covers_the_longest_path():
    reference = Reference(slow_neuron(1.0, 0.0))
    assert run_up(reference) == 75
    reference.tau_m[0] = 2.0
    assert run_up(reference) == 125
