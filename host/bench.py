"""Speed of the devices on the network of task ``xor``: learning steps per second.

    python -m host.bench [--lanes L] [--out FILE]

Prints a table and one JSON object, which ``--out`` also writes to a file.
"""

import json
import os
import platform
import time
from pathlib import Path

import click

from host.device import Device, open_device
from model.compiler import compile_network
from model.frames import Frames
from model.tasks import TASKS

__all__ = ["measure"]

STEPS = {"model": 400_000, "sim": 40_000}
BLOCK = 4000
REPEATS = 3


def measure(device: Device, *, steps: int, repeats: int = REPEATS) -> dict:
    """Best steps per second of ``repeats`` turns of ``steps`` steps, and cycles per step."""
    task = TASKS["xor"]
    program = compile_network(task.network("vle", 0), seed=0)
    stream = task.streams(0, steps, "train")
    frames = Frames.of(stream.inputs, stream.targets, outputs=program.outputs)
    device.load(program)
    device.run(frames[:BLOCK])  # Compiles, and warms the caches.
    before, best = device.counters(), float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        for start in range(0, steps, BLOCK):
            device.run(frames[start : start + BLOCK])
        best = min(best, time.perf_counter() - began)
    after, cycles = device.counters(), None
    if after["cycles"] is not None:
        cycles = (after["cycles"] - before["cycles"]) / (after["steps"] - before["steps"])
    return {"steps": steps, "steps_per_second": round(steps / best), "cycles_per_step": cycles}


@click.command()
@click.option("--lanes", type=click.IntRange(1, 8), default=4, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Also write the JSON to this file.")
def bench(lanes: int, out: Path | None) -> None:
    """Measure steps per second of the golden model and of the simulated core."""
    found = {}
    for name, steps in STEPS.items():
        with open_device(name, lanes=lanes) as device:
            found[name] = measure(device, steps=steps)
    result = {
        "task": "xor", "lanes": lanes, "processor": platform.machine(), "cores": os.cpu_count(),
        "devices": found,
        "ratio": found["model"]["steps_per_second"] / found["sim"]["steps_per_second"],
    }
    click.echo(f"{'device':<8} {'steps/s':>12} {'cycles/step':>12} {'× sim':>8}", err=True)
    for name, row in found.items():
        cycles = "-" if row["cycles_per_step"] is None else f"{row['cycles_per_step']:.1f}"
        times = row["steps_per_second"] / found["sim"]["steps_per_second"]
        click.echo(f"{name:<8} {row['steps_per_second']:>12,} {cycles:>12} {times:>8.1f}", err=True)
    text = json.dumps(result)
    click.echo(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    bench()
