"""Tasks that a network learns online, by name."""

from model.tasks.chain import CHAIN
from model.tasks.notes import NOTES
from model.tasks.task import PARTS, Stream, Task
from model.tasks.xor import XOR

__all__ = ["PARTS", "TASKS", "Stream", "Task"]

TASKS: dict[str, Task] = {task.name: task for task in (XOR, CHAIN, NOTES)}
