"""Deep XOR: its stream asks for the symbol before the last, and its network learns to remember."""

import numpy as np

from model.compiler import compile_network
from model.formats import RATE
from model.frames import FROZEN, Frames
from model.golden import Golden
from model.tasks.xor_deep import XOR_DEEP


def test_the_target_is_the_xor_with_the_symbol_before_the_last():
    stream = XOR_DEEP.streams(5, 20 * 400, "train")
    middle = slice(10, None, 20)
    symbols, answers = np.sign(stream.inputs[middle, 0]), np.sign(stream.targets[middle, 0])
    assert np.array_equal(answers[2:], -symbols[2:] * symbols[:-2])
    assert np.array_equal(answers, stream.symbols)
    assert 0.4 < np.mean(stream.symbols == 1) < 0.6
    for others in (symbols[2:], symbols[1:-1], symbols[2:] * symbols[1:-1]):
        assert abs(np.corrcoef(others, answers[2:])[0, 1]) < 0.15


def test_two_layers_of_slow_and_fast_neurons():
    network = XOR_DEEP.network("vle", 0)
    slow = {name: [p for p in network.populations if p.name.startswith(name) and p.tau_m > p.tau_r]
            for name in ("lower", "upper")}
    assert [len(slow[name]) for name in slow] == [6, 6]
    assert [network.population(f"{name}-fast").size for name in slow] == [2, 4]
    assert network.neurons == 8 + 10 + 12 + 1
    assert network.synapses == 8 + 8 * 10 + 10 * 12 + 12


def frozen(golden: Golden, seed: int) -> float:
    """Share of unseen symbols right, plasticity and noise off."""
    stream = XOR_DEEP.streams(seed, XOR_DEEP.test_steps, "test")
    frames = Frames.of(stream.inputs, outputs=1, flags=FROZEN)
    return XOR_DEEP.accuracy(stream, RATE.real(golden.run(frames).rates))


def test_it_learns_online_and_keeps_it_frozen():
    program = compile_network(XOR_DEEP.network("vle", 203), seed=203)
    golden = Golden(program)
    golden.run(XOR_DEEP.streams(203, 200_000, "train").lesson())
    assert frozen(Golden(program), 203) < 0.7
    assert frozen(golden, 203) > 0.8
