"""Tasks that a network learns online, by name."""

from model.tasks.chain import CHAIN
from model.tasks.lagline import LAGLINE
from model.tasks.notes import NOTES
from model.tasks.task import PARTS, Stream, Task
from model.tasks.xor import XOR
from model.tasks.xor_deep import XOR_DEEP

__all__ = ["PARTS", "TASKS", "Stream", "Task"]

TASKS: dict[str, Task] = {task.name: task for task in (XOR, CHAIN, NOTES, LAGLINE, XOR_DEEP)}
