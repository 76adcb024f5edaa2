"""The project from Python, in one name: networks in, a learning device out.

    with vle.open("sim", lanes=4) as core:
        core.load(network)              # or vle.read_network("network.toml")
        outputs = core.stream(inputs, targets)
"""

from host.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from host.device import DEVICES, Device, open_device
from host.network_file import read_network
from host.recorder import Recorder
from host.run import run_task
from host.stream import Streamer
from host.trace_file import read_trace
from model.compiler import compile_network
from model.frames import FROZEN, LEARNING, Frames
from model.network import INPUT, Network, NetworkError, Population, Projection
from model.rules import RULES, apply_rule
from model.tasks import TASKS

__all__ = [
    "DEVICES", "FROZEN", "INPUT", "LEARNING", "RULES", "TASKS", "Device", "Frames", "Network",
    "NetworkError", "Population", "Projection", "Recorder", "Streamer", "apply_rule",
    "compile_network", "load_checkpoint", "open", "read_checkpoint", "read_network", "read_trace",
    "run_task", "save_checkpoint",
]

open = open_device
"""A device by name, as a context manager: ``with vle.open("sim", lanes=4) as core: …``"""
