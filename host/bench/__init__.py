"""Speed: the core, the golden model, the simulated core, and what else one would pick.

    networks.py     the networks that are measured, and streams for them
    floats.py       a network as real numbers, for NumPy and PyTorch
    numpy_net.py, torch_layers.py, torch_net.py   the same dynamics and rule, as written there
    software.py     seen to agree with the golden model, and timed
    devices.py      cycles and speed of simulated cores;  boards.py: routed clocks
    run.py, table.py, growth.py, command.py       ``vle bench`` and ``vle growth``
"""
