"""What a network can learn, by name: streams, labelled samples, and experiments."""

from model.tasks.chain import CHAIN
from model.tasks.co2 import CO2
from model.tasks.digits import DIGITS
from model.tasks.experiment import Experiment
from model.tasks.eyeblink import EYEBLINK
from model.tasks.lagline import LAGLINE
from model.tasks.mnist1d import MNIST1D, MNIST1D_72, MNIST1D_SCALAR
from model.tasks.notes import NOTES
from model.tasks.reward import REWARD
from model.tasks.samples import SampleTask
from model.tasks.songbird import SONGBIRD
from model.tasks.task import PARTS, Stream, Task
from model.tasks.xor import XOR
from model.tasks.xor_deep import XOR_DEEP

__all__ = ["EXPERIMENTS", "PARTS", "RECORDED", "SAMPLE_TASKS", "TASKS", "Experiment",
           "SampleTask", "Stream", "Task"]

TASKS: dict[str, Task] = {task.name: task for task in (XOR, CHAIN, NOTES, LAGLINE, XOR_DEEP)}
"""Tasks of endless streams, which every rule can learn."""

RECORDED: dict[str, Task] = {CO2.name: CO2}
"""The same on recorded series, which end."""

SAMPLE_TASKS: dict[str, SampleTask] = {
    task.name: task for task in (MNIST1D, MNIST1D_72, MNIST1D_SCALAR, DIGITS)}
"""Tasks of labelled samples, whose label comes at the end."""

EXPERIMENTS: dict[str, Experiment] = {task.name: task for task in (EYEBLINK, SONGBIRD, REWARD)}
"""Tasks from biology, with their controls."""
