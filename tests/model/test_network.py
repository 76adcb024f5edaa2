"""Compiling networks: what fits becomes integers, what does not is refused in one clear line."""

import dataclasses

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import RATIO, TAP_STATE, WEIGHT
from model.frames import Frames
from model.network import Network, NetworkError, Population, Projection

HIDDEN = Population(name="hidden", size=2, tau_m=0.5, tau_r=0.1, noise=2.0**-5)
OUT = Population(name="out", size=1, tau_m=0.1, tau_r=0.1, output=True)
LOWER = Projection(source="input", target="hidden", weights=np.full((2, 1), 0.5))
UPPER = Projection(source="hidden", target="out", weights=np.full((1, 2), 0.25))


def network(hidden=None, out=None, lower=None, upper=None, **changes) -> Network:
    """A legal network of 1 → 2 → 1 with the named fields of its parts replaced."""
    parts = {"dt": 0.01, "inputs": 1,
             "populations": [dataclasses.replace(HIDDEN, **hidden or {}),
                             dataclasses.replace(OUT, **out or {})],
             "projections": [dataclasses.replace(LOWER, **lower or {}),
                             dataclasses.replace(UPPER, **upper or {})]}
    return Network(**parts | changes)


def many_activations() -> list[Population]:
    return [dataclasses.replace(OUT, name=name, activation=name)
            for name in ("linear", "tanh", "softplus", "sigmoid", "relu")]


NAN, INF = float("nan"), float("inf")
REFUSED = {
    "W with a NaN": (network(lower={"weights": [[0.1], [NAN]]}),
                     "projection input>hidden: W holds a value that is not finite"),
    "B with an infinity": (network(upper={"backward": [[INF, 0.0]]}),
                           "projection hidden>out: B holds a value that is not finite"),
    "W too large": (network(lower={"weights": [[0.1], [-8.0]]}),
                    "projection input>hidden: W reaches 8; weights are below 8"),
    "W of another shape": (network(lower={"weights": [[0.1, 0.2]]}),
                           r"W has shape \(1, 2\); it must have \(2, 1\)"),
    "bias too large": (network(hidden={"bias": 9.0}),
                       "population hidden: bias reaches 9; weights are below 8"),
    "bias with a NaN": (network(hidden={"bias": [0.0, NAN]}), "bias holds a value that is not f"),
    "negative τm": (network(hidden={"tau_m": -1.0}), "hidden: τm = -1 s must be positive"),
    "τr of zero": (network(hidden={"tau_r": 0.0}), "hidden: τr = 0 s must be positive"),
    "τm not a number": (network(hidden={"tau_m": NAN}), "hidden: τm = nan s must be positive"),
    "τr below dt": (network(hidden={"tau_r": 0.005}),
                    r"hidden: τr = 0.005 s is below dt = 0.01 s"),
    "τr above τm": (network(hidden={"tau_r": 0.6}), r"hidden: τr = 0.6 s is above τm = 0.5 s"),
    "τm too long": (network(hidden={"tau_m": 1e9}), r"hidden: dt/τm = 1e-11 is outside"),
    "noise": (network(hidden={"noise": 0.03}), "noise = 0.03 is not a power of two"),
    "noise negative": (network(hidden={"noise": -0.5}), "noise = -0.5 is not a power of two"),
    "noise too large": (network(hidden={"noise": 2.0}), r"noise = 2 is outside 2\^-15 … 2\^0"),
    "nudging": (network(hidden={"nudging": 0.3}), "nudging = 0.3 is not a power of two"),
    "gain": (network(out={"gain": 3.0}), "out: gain β = 3 is not a power of two"),
    "gain too large": (network(out={"gain": 256.0}), r"β = 256 is outside 2\^-8 … 2\^7"),
    "feedback rate": (network(upper={"feedback_rate": 1e-4}),
                      "feedback rate = 0.0001 is not a power of two"),
    "decay": (network(upper={"decay": 0.1}), "decay = 0.1 is not a power of two"),
    "rate too large": (network(upper={"rate": 100.0}), r"rate × dt = 1 is outside .* … 0.5"),
    "rate negative": (network(upper={"rate": -1.0}), r"rate × dt = -0.01 must be finite and not"),
    "bias rate": (network(hidden={"bias_rate": INF}), "bias rate × dt = inf must be finite"),
    "tap rate": (network(hidden={"tap_rate": 200.0}), r"tap rate × dt = 2 is outside 0 … 1"),
    "tap limit": (network(hidden={"tap_limit": 40.0}), r"tap limit = 40 is outside 0 … 32"),
    "taps": (network(hidden={"taps": (0.5, -33.0)}), r"tap -33 does not fit ±32"),
    "taps of GLE": (network(hidden={"taps": "gle", "tau_m": 4.0}),
                    r"tap 40 does not fit ±32; τm/τr = 40"),
    "kind of taps": (network(hidden={"taps": "sharp"}), "unknown taps 'sharp'; there are: learned"),
    "activation": (network(hidden={"activation": "step"}), "unknown activation 'step'; there are"),
    "activations": (network(populations=many_activations()),
                    "5 different activations; a program holds 4"),
    "rule": (network(hidden={"rule": "hebb"}), "unknown rule 'hebb'; there are: trace, prosp"),
    "feedback": (network(upper={"feedback": "magic"}), "unknown feedback 'magic'; there are"),
    "size": (network(hidden={"size": 0}), "population hidden: size = 0 must be at least 1"),
    "source": (network(upper={"source": "hiden"}), "unknown population 'hiden'; there are: hidden"),
    "target": (network(upper={"target": "up"}), "unknown population 'up'; there are: hidden, out"),
    "source range": (network(upper={"source": ("input", "out")}),
                     r"projection input\+out>out: 'out' does not follow the source before it"),
    "names": (network(out={"name": "hidden"}), "population names must differ"),
    "name of the input": (network(out={"name": "input"}), "none be 'input'"),
    "dt": (network(dt=0.0), "dt = 0 s must be positive"),
    "inputs": (network(inputs=0), "inputs = 0; a network needs at least 1"),
    "projections": (network(projections=[]), "a network needs at least one projection"),
    "outputs": (network(out={"output": False}), "needs at least one output population"),
    "two amplitudes of noise": (
        network(out={"noise": 2.0**-4}, upper={"source": ("hidden", "out"),
                                               "weights": np.zeros((1, 3))}),
        r"sources have different noise amplitudes \[0.03125, 0.0625\]"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(what):
    illegal, message = REFUSED[what]
    with pytest.raises(NetworkError, match=message) as caught:
        compile_network(illegal)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_legal_network_compiles_to_what_it_says():
    program = compile_network(network())
    assert program.population_names == ["input", "hidden", "out"]
    assert program.projection_names == ["input>hidden", "hidden>out"]
    assert (program.neurons, program.synapses, program.traces, program.outputs) == (4, 4, 3, 1)
    assert program.state["W"].tolist() == WEIGHT.quantize([0.5, 0.5, 0.25, 0.25]).tolist()
    assert RATIO.real(program.populations["ratio"]).tolist() == [0, RATIO.quantize(0.2) / 2**16, 1]
    assert program.state["generator"][0] != 0


def test_constants_are_kept_to_seventeen_bits():
    for tau_m in (0.0123, 0.5, 7.7, 1234.5):
        record = compile_network(network(hidden={"tau_m": tau_m, "tau_r": 0.0123})).populations[1]
        alpha = record["membrane_mantissa"] / 2.0 ** (16 + record["membrane_shift"])
        assert alpha == pytest.approx(0.01 / tau_m, rel=2.0**-17)


def test_extremes_that_fit_are_accepted():
    compile_network(network(
        dt=0.1, hidden={"tau_m": 0.1, "noise": 1.0, "bias": -7.99, "tap_limit": 32.0},
        out={"gain": 128.0, "tau_m": 0.1}, upper={"rate": 0.0},
        lower={"weights": [[7.99], [-7.99]]}))


@pytest.mark.parametrize(("taps", "pair"), [
    ("learned", (1.0, 0.0)), ("instant", (1.0, 0.0)), ("gle", (5.0, -4.0)), ((2.0, 3), (2.0, 3.0))])
def test_taps_start_as_asked_for(taps, pair):
    state = compile_network(network(hidden={"taps": taps})).state
    assert TAP_STATE.real([state["c0"][1], state["c1"][1]]).tolist() == list(pair)


def test_source_ranges_span_adjacent_populations():
    net = network(upper={"source": ("input", "hidden"), "weights": np.zeros((1, 3))})
    assert net.source_range(net.projections[1]) == (0, 3)
    assert net.projections[1].name == "input+hidden>out"
    assert (net.neurons, net.outputs, net.synapses) == (3, 1, 5)


def test_seeds_start_different_generators():
    words = {int(compile_network(network(), seed=seed).state["generator"][0]) for seed in range(99)}
    assert len(words) == 99 and 0 not in words


@pytest.mark.parametrize(("options", "message"), [
    ({"inputs": [[NAN]]}, r"input at step 0 is nan; the limit is ±4"),
    ({"inputs": [[0.0], [4.0]]}, r"input at step 1 is 4; the limit is ±4"),
    ({"inputs": [[0.0]], "targets": [[-5.0]]}, r"target at step 0 is -5; the limit is ±4"),
    ({"inputs": [[0.0]], "modulator": 8.0}, r"neuromodulator at step 0 is 8; the limit is ±8"),
    ({"inputs": [[0.0]], "targets": [[0.0]], "errors": [[0.0]]}, "targets or errors, not both")])
def test_frames_refuse_what_does_not_fit(options, message):
    with pytest.raises(NetworkError, match=message):
        Frames.of(**options, outputs=1)
