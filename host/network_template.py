"""What ``vle new`` writes: a commented network that runs as it is, and data for it."""

import numpy as np

__all__ = ["DEMO_STEPS", "TEMPLATE", "demo"]

DEMO_STEPS = 15_000

TEMPLATE = """\
# A network for `vle stream`: learn the second column of a CSV file from the first, on line.
# Times are in seconds, rates of learning per second. All keys: docs/networks.md

name = "oven"
dt = 0.1            # length of a step: one sample, one line of a file
rule = "vle"        # how everything learns: vle, gle, instant, feedback (or custom, see the docs)
seed = 0            # of the weights drawn below, of rounding and of noise

[input]
channels = 1
columns = ["heater"]        # names in the CSV file's header; leave out to count from the left
offset = 50.0               # value = offset + scale × rate: 50 W is 0 inside,
scale = 25.0                # 75 W is 1; what is beyond ±4 is limited, and counted

[output]                    # as [input], for outputs and their targets
columns = ["temperature"]
offset = 60.0
scale = 20.0

# Populations: neurons that share time constants. A neuron looks back with its membrane (tau_m)
# and ahead with tau_r, dt ≤ tau_r ≤ tau_m: tau_m far above tau_r remembers, equal ones react.
# Choose tau_m around the times over which your signal matters.

[[population]]
name = "slow"
size = 8
tau_m = 4.0
tau_r = 0.2
activation = "tanh"         # linear, tanh, leaky-tanh, softplus, sigmoid, relu
bias_rate = 0.03

[[population]]
name = "fast"
size = 8
tau_m = 1.0
tau_r = 0.2
bias_rate = 0.03

[[population]]
name = "hidden"
size = 12
tau_m = 0.2
tau_r = 0.2
bias_rate = 0.03

[[population]]
name = "out"
size = 1                    # one neuron per output
tau_m = 0.2
tau_r = 0.2
activation = "linear"
bias_rate = 0.03
output = true               # its rates leave the network, and it is taught

# Projections: synapses from all neurons of the source to all of the target.
# weights: {normal = σ}, {uniform = limit}, {constant = value}, rows of numbers, or a file.

[[projection]]
source = "input"
target = "slow"
weights = {normal = 1.0}
plastic = true              # they learn, at a rate that suits most networks; false keeps them

[[projection]]
source = "input"
target = "fast"
weights = {normal = 1.0}

[[projection]]
source = ["slow", "fast"]   # populations that stand side by side above make one source
target = "hidden"

[[projection]]
source = "hidden"
target = "out"
"""


def demo() -> str:
    """A CSV text: an oven's heater and its temperature, which lags behind in two steps."""
    rng, dt = np.random.default_rng(7), 0.1
    heater = np.clip(np.repeat(rng.uniform(0, 100, DEMO_STEPS // 30), 30), 0, 100)
    element, oven, lines = 50.0, 60.0, ["time,heater,temperature"]
    for step, power in enumerate(heater):
        lines.append(f"{step * dt:.1f},{power:.2f},{oven:.3f}")
        element += dt / 0.5 * (power - element)
        oven += dt / 4.0 * (20 + 0.8 * element - oven)
    return "\n".join(lines) + "\n"
