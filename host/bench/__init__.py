"""Speed: the core, the golden model, the simulated device, and what else one would pick.

    networks.py   the networks that are measured, and streams for them
    floats.py     a network as real numbers, for NumPy and PyTorch
    numpy_net.py, torch_net.py   the same dynamics and rule, as one would write them there
"""
