"""The golden model's contract: frame flags, timing, resuming, saturation counters."""

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import COUNTERS, RATE
from model.frames import FROZEN, LEARNING, Frames
from model.golden import Golden
from model.network import Network, NetworkError, Population, Projection
from model.program import STATE_FORMATS, Flag, State, Teach

STEPS = 400
LEARNED = ("W", "B", "bias", "c0", "c1")
INTEGRATED = ("u", "v", "x", "s", "current", "change", "change_mean", "low", "psi")


def network(**changes) -> Network:
    """2 inputs → 4 slow → 3 → 1 with mixed rules and feedback, everything plastic."""
    rng = np.random.default_rng(1)
    common = {"noise": 2.0**-5, "bias_rate": 0.5, "tap_rate": 0.5} | changes
    net = Network(dt=0.02, inputs=2, populations=[
        Population(name="slow", size=4, tau_m=0.8, tau_r=0.1, **common),
        Population(name="fast", size=3, tau_m=0.1, tau_r=0.1, rule="prospective", **common),
        Population(name="out", size=1, tau_m=0.3, tau_r=0.1, activation="linear", output=True,
                   **common)])
    for source, target, shape, feedback in (
            ("input", "slow", (4, 2), "fixed"), ("slow", "fast", (3, 4), "mirror"),
            ("fast", "fast", (3, 3), "kolen-pollack"), (("slow", "fast"), "out", (1, 7), "mirror")):
        net.projections.append(Projection(
            source=source, target=target, weights=rng.normal(size=shape) / 2,
            backward=rng.normal(size=shape) / 2, rate=0.5, feedback=feedback,
            feedback_rate=2.0**-8))
    return net


def stream(steps: int = STEPS, **options) -> Frames:
    rng = np.random.default_rng(2)
    t = 0.02 * np.arange(steps)[:, None]
    inputs = np.sin(t * [2.0, 5.0])
    return Frames.of(inputs, np.sin(3 * t) + rng.normal(size=(steps, 1)) / 10, outputs=1, **options)


def golden(seed: int = 1, **changes) -> Golden:
    return Golden(compile_network(network(**changes), seed=seed))


def differing(a: State, b: State) -> set[str]:
    """Names of the states in which ``a`` and ``b`` differ."""
    return {name for name in State.names() if not np.array_equal(a[name], b[name])}


def test_everything_moves_while_learning():
    model = golden()
    outputs = model.run(stream())
    # No τm is learned here.
    assert differing(model.state, model.program.state) == set(State.names()) - {"alpha"}
    for name in LEARNED:
        moved = model.state[name] != model.program.state[name]
        assert moved.any(), name
    assert RATE.real(outputs.rates).std() > 0.1
    assert outputs.errors.any()
    assert not model.saturations.any()
    assert model.steps == STEPS


def test_seeds_differ_in_noise_only():
    one, two = golden(seed=1), golden(seed=2)
    assert differing(one.state, two.state) == {"generator"}
    frozen = stream(flags=FROZEN)
    np.testing.assert_array_equal(one.run(frozen).rates, two.run(frozen).rates)
    assert not np.array_equal(one.run(stream()).rates, two.run(stream()).rates)


def test_without_learn_nothing_learned_moves():
    model = golden()
    model.run(stream())
    before = model.state.copy()
    outputs = model.run(stream(flags=LEARNING & ~Flag.LEARN))
    assert differing(model.state, before).isdisjoint(LEARNED)
    assert {"u", "s", "e", "v", "psi", "generator"} <= differing(model.state, before)
    assert outputs.errors.std() > 0


def test_zero_modulator_freezes_weights_but_not_taps_and_mirrors():
    model = golden()
    model.run(stream(modulator=0.0))
    moved = differing(model.state, model.program.state)
    assert moved.isdisjoint({"W", "bias"})
    assert {"B", "c0", "c1"} <= moved
    program = model.program
    mirrored = [program.matrix(model.state, k, "B") != program.matrix(program.state, k, "B")
                for k in range(4)]
    assert [m.any() for m in mirrored] == [False, True, False, True]


def test_modulator_scales_and_turns_the_change_of_weights():
    def change(modulator):
        model = golden(noise=0.0)
        model.run(stream(100, flags=LEARNING & ~Flag.LEARN))
        before = model.state["W"].astype(np.int64)
        model.run(stream(1, modulator=modulator))
        return model.state["W"] - before

    plus, double, minus = change(1.0), change(2.0), change(-1.0)
    assert np.abs(plus).max() > 10
    # Rounding is stochastic: it adds less than one unit to each change.
    assert np.abs(double - 2 * plus).max() <= 2
    assert np.abs(minus + plus).max() <= 1


def test_without_integrate_states_are_held_and_errors_still_travel():
    model = golden(noise=0.0)
    model.run(stream(flags=FROZEN))
    before = model.state.copy()
    model.run(stream(5, flags=0))
    held = differing(model.state, before)
    assert held.isdisjoint(INTEGRATED) and held.isdisjoint(LEARNED)
    assert {"error", "e"} <= held


def test_errors_travel_one_hop_per_held_step():
    chain = Network(dt=0.01, inputs=1, populations=[
        Population(name=name, size=1, tau_m=0.1, tau_r=0.1, output=name == "c") for name in "abc"])
    for source, target in (("input", "a"), ("a", "b"), ("b", "c")):
        chain.projections.append(Projection(source=source, target=target, weights=[[0.5]],
                                            feedback="tied", plastic=False))
    model = Golden(compile_network(chain))
    frames = Frames.of(np.ones((3, 1)), outputs=1, errors=np.ones((3, 1)), flags=0)
    reached = []
    for t in range(3):
        model.run(frames[t : t + 1])
        reached.append([bool(e) for e in model.state["e"][1:]])
    assert reached == [[False, False, True], [False, True, True], [True, True, True]]


def test_held_steps_learn_from_held_traces():
    model = golden(noise=0.0)
    model.run(stream(flags=FROZEN))
    before = model.state.copy()
    model.run(stream(5, flags=Flag.LEARN))
    moved = differing(model.state, before)
    assert {"W", "bias"} <= moved
    assert moved.isdisjoint({"low", "psi", "u", "v", "x", "c0", "c1"})


def test_reset_equals_a_fresh_start_with_what_was_learned():
    used = golden()
    used.run(stream())
    fresh = golden()
    for name in (*LEARNED, "change_mean", "word", "generator"):
        fresh.state[name][:] = used.state[name]
    frames = stream()
    frames.flags[0] |= Flag.RESET_STATE | Flag.RESET_TRACE
    outputs, expected = used.run(frames), fresh.run(stream())
    np.testing.assert_array_equal(outputs.rates, expected.rates)
    np.testing.assert_array_equal(outputs.errors, expected.errors)
    assert not differing(used.state, fresh.state)


@pytest.mark.parametrize(("flag", "cleared", "kept"), [
    (Flag.RESET_STATE, ("u", "v", "x", "current", "s"), ("low", "psi", "W")),
    (Flag.RESET_TRACE, ("low", "psi"), ("u", "v", "x", "current", "s", "W"))])
def test_resets_clear_their_own_states_only(flag, cleared, kept):
    def after(extra):
        model = golden(noise=0.0)
        model.run(stream(flags=FROZEN))
        model.run(stream(1, flags=extra))
        return model.state

    changed, plain = after(flag), after(0)
    for name in kept:
        np.testing.assert_array_equal(changed[name], plain[name], err_msg=name)
    for name in cleared:
        assert plain[name].any() and not changed[name][2:].any(), name


def test_noise_is_a_sign_that_the_flag_turns_off():
    model = golden()
    signs, frames = [], stream(200)
    for t in range(200):
        model.run(frames[t : t + 1])
        signs.append(model.state["xi"][2:].copy())
    assert set(np.unique(signs)) == {-1, 1}
    assert (np.abs(np.mean(signs, axis=0)) < 0.3).all()
    model.run(stream(1, flags=LEARNING & ~Flag.NOISE))
    assert not model.state["xi"].any()


def test_noise_is_sent_but_not_returned():
    model = golden()
    outputs = model.run(stream())
    sent = model.state["r"][-1] - outputs.rates[-1, 0]
    assert abs(sent) == RATE.quantize(2.0**-5)
    assert sent * model.state["xi"][-1] > 0


def test_nan_targets_teach_nothing():
    untaught = stream()
    untaught = Frames.of(RATE.real(untaught.inputs), np.full((STEPS, 1), np.nan), outputs=1)
    model = golden()
    outputs = model.run(untaught)
    assert not outputs.errors.any() and outputs.rates.any()
    assert not {"W", "bias"} & differing(model.state, model.program.state)


def test_given_errors_are_targets_less_rates():
    frames = stream()
    taught, told = golden(), golden()
    for t in range(50):
        outputs = taught.run(frames[t : t + 1])
        now = frames[t : t + 1]
        now.teach, now.kind = now.teach - outputs.rates, np.full_like(now.kind, Teach.ERROR)
        told.run(now)
    assert not differing(taught.state, told.state)
    assert taught.state["W"].any()


def test_a_resumed_run_equals_the_unbroken_one():
    frames, whole, first, second = stream(), golden(), golden(), golden(seed=9)
    expected = whole.run(frames)
    parts = [first.run(frames[:151]).rates]
    second.state = first.state.copy()
    first.run(frames[:7])
    parts.append(second.run(frames[151:]).rates)
    np.testing.assert_array_equal(np.concatenate(parts), expected.rates)
    assert not differing(second.state, whole.state)
    assert "W" in differing(whole.state, whole.program.state)


def test_saturations_are_counted_where_they_happen():
    net = network()
    for projection in net.projections:
        projection.weights = np.full_like(projection.weights, 7.9)
    net.projections[0].rate = 20.0
    model = Golden(compile_network(net))
    model.run(Frames.of(np.full((STEPS, 2), 3.9), np.full((STEPS, 1), -3.9), outputs=1,
                        modulator=7.9))
    counted = dict(zip(COUNTERS, model.saturations.tolist(), strict=True))
    for name in ("current", "membrane", "rate", "error", "weight"):
        assert counted[name] > 0, name
    for name, form in STATE_FORMATS.items():
        if form is not None:
            assert form.min <= model.state[name].min() <= model.state[name].max() <= form.max, name


def test_frames_of_another_shape_are_refused():
    with pytest.raises(NetworkError, match=r"inputs has shape \(3, 1\); .* needs \(3, 2\)"):
        golden().run(Frames.of(np.zeros((3, 1)), outputs=1))
