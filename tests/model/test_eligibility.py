"""Eligibilities: what a synapse remembers, and what it learns when the error comes."""

from dataclasses import replace

import numpy as np
import pytest

from model.compiler import compile_network
from model.eligibility import SCALES
from model.formats import ELIGIBILITY, ERROR, RATE, SLOPE, WEIGHT
from model.frames import Frames
from model.golden import Golden
from model.network import Eligibility, Network, NetworkError, Population, Projection
from model.program import ELIGIBILITY_FORMATS, Flag, State

DT = 0.02
HOLD = 0
INTEGRATE, LEARN = Flag.INTEGRATE, Flag.LEARN
STEPS = 120


def network(eligibility: Eligibility | None, *, rate: float = 1.0, **options) -> Network:
    """2 inputs → 4 tanh → 3 linear, all synapses plastic with the same eligibility."""
    rng = np.random.default_rng(5)
    made = Network(dt=DT, inputs=2, populations=[
        Population(name="hidden", size=4, tau_m=0.3, tau_r=0.1, noise=2.0**-5),
        Population(name="out", size=3, tau_m=0.1, tau_r=0.1, activation="linear", output=True)])
    made.projections = [
        Projection(source="input", target="hidden", weights=rng.normal(size=(4, 2)), rate=rate,
                   feedback="fixed", eligibility=eligibility),
        Projection(source="hidden", target="out", weights=rng.normal(size=(3, 4)) / 2, rate=rate,
                   backward=rng.normal(size=(3, 4)) / 2, eligibility=eligibility,
                   **({"feedback": "kolen-pollack"} | options))]
    return made


def inputs(steps: int = STEPS) -> np.ndarray:
    return np.sin(DT * np.arange(steps)[:, None] * np.array([3.1, 7.7]))


def stream(model: Golden, values=None, errors=None, **options):
    values = np.zeros((len(errors), 2)) if values is None else values
    return model.run(Frames.of(values, errors=errors, outputs=3, **options))


def matrices(model: Golden, name: str) -> list[np.ndarray]:
    return [model.program.matrix(model.state, k, name).astype(np.int64) for k in range(2)]


def remembered(model: Golden, scale: float) -> list[np.ndarray]:
    return [ELIGIBILITY.real(E) / scale for E in matrices(model, "eligibility")]


def test_only_programs_with_eligibilities_have_their_states():
    without, present = (Golden(compile_network(network(e))) for e in (None, Eligibility()))
    assert not without.program.eligible and present.program.eligible
    assert without.state.present() == State.names()
    assert set(present.state.present()) == set(State.names()) | set(ELIGIBILITY_FORMATS)
    with pytest.raises(IndexError):
        without.state["slope"][0]
    copied = present.state.copy()
    copied["eligibility"][0] = 1
    assert present.state["eligibility"][0] == 0


@pytest.mark.parametrize("scale", sorted(SCALES))
@pytest.mark.parametrize("retention", [0.0, 0.75, 1.0])
@pytest.mark.parametrize("factor", ["slope", "sign"])
def test_it_gathers_factor_times_trace(scale, retention, factor):
    chosen = Eligibility(factor=factor, retention=retention, scale=scale)
    model = Golden(compile_network(network(chosen, rate=0.5)))
    expected, limit = [np.zeros((4, 2)), np.zeros((3, 4))], ELIGIBILITY.limit / scale
    # The output has no noise and so no sign: nothing is remembered there.
    alive, limited = 1 if factor == "sign" else 2, False
    for value in inputs():
        slopes, signs = SLOPE.real(model.state["slope"]), model.state["explored"].copy()
        told = slopes if factor == "slope" else signs
        psi = RATE.real(model.state["psi"])
        for k, (rows, sources) in enumerate(((slice(2, 6), slice(0, 2)),
                                             (slice(6, 9), slice(2, 6)))):
            moved = retention * expected[k] + np.outer(told[rows], psi[sources])
            expected[k] = moved.clip(-limit, limit)
            limited |= k < alive and bool(np.abs(moved).max() > limit)
        stream(model, value[None], flags=INTEGRATE | Flag.NOISE)
    unit = 1.0 / (scale * ELIGIBILITY.one)
    for found, wanted in list(zip(remembered(model, scale), expected, strict=True))[:alive]:
        assert np.abs(wanted).max() > 0.3
        assert np.allclose(found, wanted, atol=5 * unit * np.sqrt(STEPS))
    assert limited == bool(model.saturations.any())


def test_an_error_that_comes_late_descends_the_summed_loss():
    """Streamed, then held while the error travels, then one frame that learns: for the output
    ΔW = η a Σ ψ, for the hidden layer η (B e) Σ φ' ψ, where e is
    a times the sum of slopes over 64."""
    rate, error = 2.0, np.array([0.5, -0.25, 0.125])
    model = Golden(compile_network(network(Eligibility(), rate=rate)))
    stream(model, inputs(), flags=INTEGRATE)
    E, W, B = remembered(model, 2.0**-3), *(matrices(model, name) for name in "WB")
    held = {name: model.state[name].copy() for name in ("u", "psi", "eligibility", "W", "B")}
    stream(model, errors=np.tile(error, (2, 1)), flags=HOLD)
    assert all(np.array_equal(model.state[name], values) for name, values in held.items())
    stream(model, errors=error[None], flags=LEARN)
    assert np.array_equal(model.state["eligibility"], held["eligibility"])
    back = WEIGHT.real(B[1]).T @ error * STEPS / 64
    for k, a in enumerate((back, error)):
        moved = WEIGHT.real(matrices(model, "W")[k] - W[k])
        wanted = rate * DT * a[:, None] * E[k]
        assert np.abs(wanted).max() > 0.02
        assert np.allclose(moved, wanted, atol=3 / WEIGHT.one)
    assert np.array_equal(matrices(model, "B")[1] - B[1], matrices(model, "W")[1] - W[1])
    assert not model.saturations.any()


def test_without_memory_it_is_the_trace_rule_of_an_error_one_step_later():
    rng = np.random.default_rng(2)
    errors = np.repeat(rng.normal(size=(30, 3)) / 4, 20, axis=0)
    moves = []
    for eligibility, late in ((None, 0), (Eligibility(retention=0.0, scale=1.0), 1)):
        made = network(eligibility, rate=0.2)
        model = Golden(compile_network(made))
        start = matrices(model, "W")[1]
        stream(model, inputs(600), np.roll(errors, late, axis=0), flags=INTEGRATE | LEARN)
        moves.append((matrices(model, "W")[1] - start).ravel().astype(float))
    assert np.linalg.norm(moves[0]) > 1000
    cosine = moves[0] @ moves[1] / np.linalg.norm(moves[0]) / np.linalg.norm(moves[1])
    assert cosine > 0.999
    assert np.linalg.norm(moves[1]) == pytest.approx(np.linalg.norm(moves[0]), rel=0.02)


def test_by_sign_weights_step_in_the_direction_of_the_momentum():
    step = 2.0**-9
    chosen = Eligibility(update="sign", step=step, momentum=0.5)
    model = Golden(compile_network(network(chosen, rate=4.0)))
    error = np.array([0.5, -0.25, 0.125])
    stream(model, inputs(), flags=INTEGRATE)
    stream(model, errors=np.tile(error, (2, 1)), flags=HOLD)
    start = matrices(model, "W")
    # The first frame finds no momentum; the second, with m = ½, takes half a step.
    for expected, modulator in ((0.0, 1.0), (step / 2, 0.5)):
        momenta = matrices(model, "momentum")
        stream(model, errors=error[None], flags=LEARN, modulator=modulator)
        for k in range(2):
            moved = WEIGHT.real(matrices(model, "W")[k] - start[k])
            assert np.array_equal(moved, expected * np.sign(momenta[k]))
    assert all(np.abs(m).min() > 0 for m in momenta)
    gathered = WEIGHT.real(matrices(model, "momentum")[1])
    wanted = 4.0 * DT * error[:, None] * remembered(model, 2.0**-3)[1]
    assert np.allclose(gathered, wanted * (0.5 * 0.5 + 0.5 * 0.5), atol=3 / WEIGHT.one)


def test_resets_forget_and_frozen_synapses_stay():
    made = network(Eligibility())
    made.projections[0] = replace(made.projections[0], plastic=False)
    model = Golden(compile_network(made))
    stream(model, inputs(), flags=INTEGRATE)
    assert model.state["eligibility"].all() and model.state["slope"][2:].all()
    stream(model, errors=np.full((3, 3), 0.25), flags=HOLD)
    assert (ERROR.real(model.state["above"][6:]) == 0.25).all() and model.state["above"][2:6].all()
    start = model.state["W"].copy()
    stream(model, errors=np.full((1, 3), 0.25), flags=LEARN)
    moved = model.state["W"] != start
    assert not moved[:8].any() and moved[8:].all()
    stream(model, np.zeros((1, 2)), flags=INTEGRATE | LEARN | Flag.RESET_STATE | Flag.RESET_TRACE)
    assert not model.state["eligibility"].any()


def test_a_rate_too_large_for_the_scale_is_refused():
    with pytest.raises(NetworkError) as refused:
        compile_network(network(Eligibility(scale=2.0**-6), rate=2.0))
    assert "rate × dt = 0.04; with an eligibility of scale 2^-6 it must be below 0.015625" in str(
        refused.value)


@pytest.mark.parametrize("wrong, message", [
    ({"factor": "rate"}, "input>hidden: eligibility's factor = 'rate'; there are: slope, sign"),
    ({"update": "adam"}, "eligibility's update = 'adam'; there are: plain, sign"),
    ({"scale": 0.5}, "eligibility's scale = 0.5; there are: 1.0, 0.125, 0.015625"),
    ({"retention": 1.5}, "retention ϑ = 1.5 is outside 0 … 1"),
    ({"retention": 0.7}, "1 − ϑ = 0.3 is not a power of two"),
    ({"step": 3.0}, "step = 3 is not a power of two"),
    ({"momentum": 2.0}, "momentum = 2 is outside 2^-15 … 2^0"),
])
def test_what_cannot_be_represented_is_refused(wrong, message):
    with pytest.raises(NetworkError) as refused:
        compile_network(network(Eligibility(**wrong)))
    assert message in str(refused.value)
