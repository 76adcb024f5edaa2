"""Random networks: legal for every key, varied, and alive."""

from collections import Counter

import numpy as np
import pytest

from model.compiler import compile_network
from model.formats import MODULATOR, RATE
from model.golden import Golden
from model.network import INPUT
from model.random_network import random_frames, random_network

KEYS = range(150)


def test_every_key_compiles_to_a_network_of_moderate_size():
    for key in KEYS:
        program = compile_network(random_network(key), seed=key)
        assert 3 <= program.neurons <= 220
        assert program.synapses <= 1500
        assert program.outputs <= 96


@pytest.mark.parametrize("scale", [2, 6, 8])
def test_networks_of_a_larger_scale_are_wider_and_legal(scale):
    widths = Counter()
    for key in KEYS:
        program = compile_network(random_network(key, scale=scale), seed=key)
        assert program.synapses <= scale * 1500
        assert program.outputs <= 96
        assert program.traces <= scale * 400
        widths.update(min(int(size) // (8 * scale), 1) for size in program.populations["size"][1:])
    assert widths[0] > 100 and widths[1] > 50, "as many lanes as the scale is for: few take rows"


def test_all_kinds_of_parts_occur():
    seen = Counter()
    for key in KEYS:
        network = random_network(key)
        order = [INPUT, *(p.name for p in network.populations)]
        for p in network.populations:
            taps = p.taps if isinstance(p.taps, str) else "fixed"
            seen.update([p.activation, p.rule, taps, f"size 1: {p.size == 1}",
                         f"τr = τm: {p.tau_r == p.tau_m}", f"noise: {p.noise > 0}",
                         f"nudging: {p.nudging > 0}"])
        for p in network.projections:
            sources = (p.source,) if isinstance(p.source, str) else p.source
            last, target = order.index(sources[-1]), order.index(p.target)
            seen.update([p.feedback, f"plastic: {p.plastic}", f"decay: {p.decay > 0}",
                         f"self-scaling: {p.self_scaling}", f"spans: {len(sources) > 1}",
                         "recurrent" if last >= target else "forward",
                         "skip" if last < target - 1 else "next"])
    wanted = ["linear", "tanh", "softplus", "sigmoid", "relu", "trace", "prospective", "learned",
              "gle", "instant", "fixed", "mirror", "kolen-pollack", "tied", "recurrent", "forward",
              "skip", "next"]
    wanted += [f"{what}: {value}" for value in (True, False)
               for what in ("size 1", "τr = τm", "noise", "nudging", "plastic", "decay",
                            "self-scaling", "spans")]
    assert {name for name in wanted if seen[name] < 10} == set()


def test_the_same_key_gives_the_same_network_and_stream():
    first, again, other = (compile_network(random_network(3, part)) for part in (0, 0, 1))
    assert np.array_equal(first.state["W"], again.state["W"])
    assert first.synapses != other.synapses or (first.state["W"] != other.state["W"]).any()
    streams = [random_frames(first, 200, 3, part) for part in (0, 0, 1)]
    assert np.array_equal(streams[0].inputs, streams[1].inputs)
    assert (streams[0].inputs != streams[2].inputs).any()


def test_streams_reach_the_limits_and_stay_within():
    program = compile_network(random_network(0))
    frames = random_frames(program, 20_000, 0)
    frames.check(program)
    for values, form in ((frames.inputs, RATE), (frames.teach, RATE),
                         (frames.modulator, MODULATOR)):
        assert (values.min(), values.max()) == (form.min, form.max)
    assert (frames.modulator == 0).any()
    assert set(np.unique(frames.kind)) == {0, 1, 2}
    assert set(np.unique(frames.flags)) == set(range(64))


@pytest.mark.parametrize("scale", [1, 6])
def test_networks_learn_and_answer_within_a_few_steps(scale):
    for key in KEYS:
        program = compile_network(random_network(key, scale=scale), seed=key)
        golden = Golden(program)
        rates = golden.run(random_frames(program, 40, key)).rates
        assert (golden.state["W"] != program.state["W"]).any(), key
        assert max(len(np.unique(column)) for column in rates.T) > 5, key
