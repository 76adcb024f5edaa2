"""Learned time constants, and the energies of populations, in the golden model."""

from dataclasses import replace

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import ENERGY, ERROR, RATE
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.program import LEAST_ALPHA

DT = 0.01


def line(weights, times, *, tau_rate=0.0, rate=0.0, taps="learned", feedback="tied", nudging=0.0):
    """1-1-1, softplus, τr 0.1 s; the middle neuron learns its τm (two in series could swap)."""
    names = [INPUT, "middle", "out"]
    populations = [Population(name=name, size=1, tau_m=tau, tau_r=0.1, activation="softplus",
                              tau_rate=tau_rate * (name == "middle"), taps=taps, nudging=nudging,
                              output=name == "out")
                   for name, tau in zip(names[1:], times, strict=True)]
    projections = [Projection(source=source, target=target, weights=[[weight]], rate=rate,
                              feedback=feedback)
                   for source, target, weight in zip(names, names[1:], weights, strict=False)]
    return Network(dt=DT, inputs=1, populations=populations, projections=projections)


def mixture(steps):
    t = DT * np.arange(steps)
    return 0.5 * np.sin(0.7 * t) + 0.3 * np.sin(1.9 * t + 1) + 0.3 * np.sin(4.1 * t + 2)


def answers(network, inputs):
    frames = Frames.of(inputs, outputs=1, flags=FROZEN)
    return RATE.real(Golden(compile_network(network)).run(frames).rates)


@pytest.mark.parametrize(("start", "teacher"), [(0.5, 1.0), (2.0, 1.0)])
def test_a_time_constant_is_learned_from_a_teacher(start, teacher):
    inputs = mixture(120_000)
    targets = answers(line((1, 2), (teacher, 0.3)), inputs)
    program = compile_network(line((1, 2), (start, 0.3), tau_rate=3.0))
    model = Golden(program)
    assert program.tau_m(model.state, 1) == pytest.approx(start, rel=1e-3)
    model.run(Frames.of(inputs, targets, outputs=1))
    assert program.tau_m(model.state, 1) == pytest.approx(teacher, rel=0.1)
    assert np.array_equal(model.state["W"], program.state["W"])


def test_without_learn_or_modulator_time_constants_stay():
    inputs, program = mixture(2000), compile_network(line((1, 2), (0.5, 0.3), tau_rate=3.0))
    for flags, modulator, moves in ((FROZEN, 1.0, False), (LEARNING, 0.0, False),
                                    (LEARNING, 1.0, True)):
        model = Golden(program)
        model.run(Frames.of(inputs, inputs, outputs=1, flags=flags, modulator=modulator))
        moved = np.any(model.state["alpha"] != program.state["alpha"])
        assert moved == moves


@pytest.mark.parametrize(("start", "rate", "error"), [(0.11, 0.2, 3.9), (0.5, 15.0, -3.9)])
def test_time_constants_stay_between_look_ahead_and_the_longest(start, rate, error):
    program = compile_network(line((1, 2), (start, 0.3), tau_rate=rate))
    model = Golden(program)
    # The error asks the membrane to be faster, or slower, whichever way it is going.
    inputs = 3.0 * np.sign(np.sin(2 * DT * np.arange(12_000)))
    errors = error * inputs / 3.0
    limits = LEAST_ALPHA, program.populations["alpha_limit"][1]
    reached = set()
    for k in range(0, 12_000, 100):
        block = slice(k, k + 100)
        model.run(Frames.of(inputs[block], errors=errors[block], outputs=1))
        alpha = model.state["alpha"][1]
        assert limits[0] <= alpha <= limits[1]
        reached |= {alpha} & set(limits)
        assert program.tau_m(model.state, 1) >= 0.1 * (1 - 1e-4)
    assert reached


def test_a_time_constant_equal_to_the_look_ahead_starts_within_its_limit():
    at_limit = 0
    for dt in (0.009, 0.01, 0.011, 0.012, 0.013, 0.014):
        network = replace(line((1, 2), (0.1, 0.3), tau_rate=0.01), dt=dt)
        program = compile_network(network)
        alpha, limit = program.state["alpha"][1], program.populations["alpha_limit"][1]
        assert 0.9999 * limit < alpha <= limit
        at_limit += alpha == limit
    assert at_limit


def test_a_frame_without_learn_leaves_even_an_illegal_constant_alone():
    program = compile_network(line((1, 2), (0.1, 0.3), tau_rate=0.01))
    model, illegal = Golden(program), program.populations["alpha_limit"][1] + 1000
    model.state["alpha"][1] = illegal
    model.run(Frames.of(mixture(50), outputs=1, flags=FROZEN))
    assert model.state["alpha"][1] == illegal
    model.run(Frames.of(mixture(50), outputs=1))
    assert model.state["alpha"][1] < illegal


def test_unlearned_and_barely_learned_constants_give_the_same_network():
    inputs = mixture(3000)
    still = compile_network(line((1, 2), (0.8, 0.3)))
    ready = compile_network(line((1, 2), (0.8, 0.3), tau_rate=1.0))
    frames = Frames.of(inputs, outputs=1, flags=FROZEN)
    one, two = Golden(still).run(frames).rates, Golden(ready).run(frames).rates
    # α has three bits less where it must have room to grow to dt/τr.
    assert np.abs(one - two).max() <= 8
    assert np.unique(one).size > 500


def test_gle_taps_and_endless_time_constants_are_refused():
    with pytest.raises(NetworkError, match="τm cannot be learned with \"gle\" taps"):
        compile_network(line((1, 2), (0.5, 0.3), tau_rate=1.0, taps="gle"))
    with pytest.raises(NetworkError, match=r"τm = 500 s is too long .* the limit is"):
        compile_network(line((1, 2), (500.0, 0.3), tau_rate=1.0))


def test_energy_and_cost_are_the_sums_of_squares():
    model = Golden(compile_network(line((1, 2), (0.5, 0.3), rate=0.1)))
    inputs = mixture(501)
    model.run(Frames.of(inputs[:500], inputs[:500], outputs=1))
    rate = model.run(Frames.of(inputs[500:], inputs[500:], outputs=1)).rates[0, 0]
    errors = ERROR.real(model.state["e"])
    told = RATE.real(RATE.quantize(inputs[500]) - rate)
    energy, cost = ENERGY.real(model.state["energy"]), ENERGY.real(model.state["cost"])
    assert energy == pytest.approx(0.5 * errors**2, abs=ENERGY.real(1))
    assert cost == pytest.approx([0, 0, 0.5 * told**2], abs=ENERGY.real(1))
    assert (energy[1:] > 1e-3).all()
    assert cost[2] > 1e-3


def test_nudging_lowers_the_energy_along_a_trajectory():
    def energies(nudging):
        model = Golden(compile_network(line((1, 2), (0.5, 0.3), nudging=nudging, taps="instant")))
        inputs = mixture(4000)
        targets = 1.2 + 0.3 * inputs
        total = np.zeros(2)
        for k in range(0, 4000, 20):
            block = slice(k, k + 20)
            model.run(Frames.of(inputs[block], targets[block], outputs=1, flags=FROZEN))
            total += [ENERGY.real(model.state[name]).sum() for name in ("energy", "cost")]
        return total

    free, nudged, more = energies(0.0), energies(0.25), energies(0.5)
    assert (more < 0.9 * nudged).all()
    assert (nudged < 0.9 * free).all()
    assert (more > 0).all()
