"""``vle``: the command line.

Exit codes: 0 done, 1 a failed verification or build, 2 bad input, 130 interrupted.  What is asked
for goes to standard output; progress and errors go to standard error, an error as one line.
"""

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import contextmanager

import click

from model.network import NetworkError
from sim.library import StuckError
from sim.tools import BuildError

__all__ = ["main"]

# Commands import what they use: ``vle --version`` need not wait for compilers and plots.

MOST_LANES = 8
MOST_STEPS = 10_000_000
MOST_SEED = 2**32 - 1


class Known(click.ParamType):
    """One of a set of names that is looked up when it is needed."""

    def __init__(self, name: str, names: Callable[[], Iterable[str]]):
        self.name = name
        self.names = names

    def convert(self, value, param, ctx):
        known = list(self.names())
        if value not in known:
            raise click.UsageError(f"unknown {self.name} '{value}'; there are: {', '.join(known)}")
        return value


def _tasks():
    from model.tasks import TASKS
    return TASKS


def _devices():
    from host.device import DEVICES
    return DEVICES


def _rules():
    from model.rules import RULES
    return RULES


def _lanes(command):
    return click.option("--lanes", type=click.IntRange(1, MOST_LANES), default=4, metavar="L",
                        show_default=True, help="Synapses a clock, 1 to 8; no number learned "
                        "depends on it.")(command)


def _seed(command):
    return click.option("--seed", type=click.IntRange(0, MOST_SEED), default=0, metavar="S",
                        show_default=True, help="Seed of everything random.")(command)


def _json(command):
    return click.option("--json", "as_json", is_flag=True,
                        help="One JSON object on standard output, nothing else.")(command)


def _device(default: str, why: str):
    return click.option("--device", type=Known("device", _devices), default=default,
                        show_default=True, metavar="model|sim", help=why)


@contextmanager
def _progress(total: int, what: str):
    """A bar on a terminal: yields advance(steps, error or nothing)."""
    from tqdm import tqdm
    with tqdm(total=total, desc=what, unit=" steps", unit_scale=True, leave=False,
              disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        def advance(steps: int, error: float | None = None) -> None:
            if error is not None:
                bar.set_postfix_str(f"error {error:.3g}", refresh=False)
            bar.update(steps)
        yield advance


def _print_json(value: dict) -> None:
    click.echo(json.dumps(value, allow_nan=False))


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vle-core", prog_name="vle")
@click.pass_context
def cli(context):
    """A core that learns temporal signals online, with rules local in space and time."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@click.argument("task", type=Known("task", _tasks))
@_device("model", "Where the network lives: the golden model, quick, or the simulated core. "
         "Both learn the same numbers.")
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), metavar="N",
              help="Training steps; the task's own number by default.")
@_seed
@click.option("--rule", type=Known("rule", _rules), default="vle", show_default=True,
              metavar="vle|gle|instant|feedback",
              help="vle: trace, learned taps, learned B. gle: prospective, fixed taps, B tied. "
              "instant: plain ΔW = ē r. feedback: vle with fixed random B.")
@_lanes
@click.option("--out", metavar="DIR",
              help="Write result.json, curves.csv, frozen.csv and learning.png there.")
@_json
def run(task, device, steps, seed, rule, lanes, out, as_json):
    """Train TASK online, then freeze plasticity and noise and test on an unseen stream."""
    from host import report
    from host.device import open_device
    from host.run import run_task
    folder = report.claim_folder(out) if out is not None else None
    chosen = _tasks()[task]
    with open_device(device, lanes=lanes) as opened, \
            _progress(steps or chosen.steps, task) as advance:
        finished = run_task(chosen, opened, rule=rule, seed=seed, steps=steps, progress=advance)
    written = report.write(finished, folder) if folder is not None else []
    if as_json:
        _print_json(finished.result)
        return
    click.echo(report.summary(finished))
    if written:
        click.echo(f"  {'written':<19} {', '.join(map(str, written))}")


@cli.command()
@_device("sim", "The device to compare with the golden model.")
@_lanes
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), default=20_000, show_default=True,
              metavar="N", help="Steps in all, over all random networks.")
@_seed
@_json
def verify(device, lanes, steps, seed, as_json):
    """Compare a device with the golden model, every value, on random networks and streams."""
    from host.device import open_device
    from host.verify import verify as compare
    with open_device(device, lanes=lanes) as opened, open_device("model", lanes=lanes) as golden, \
            _progress(steps, "verify") as advance:
        found = compare(opened, golden, steps=steps, seed=seed, progress=advance)
    if as_json:
        _print_json(found.json())
    else:
        click.echo(f"{device}, {lanes} lanes, seed {seed}: {found.networks} networks, "
                   f"{found.steps} steps, {found.values_compared:,} values compared, "
                   f"{found.mismatches} mismatches, {'alive' if found.alive else 'not alive'}")
    if found.first_mismatch is not None:
        _complain(f"first mismatch: {found.first_mismatch}")
    if not found.alive:
        _complain(f"not alive: {found.dead}")
    return 0 if found.passed else 1


@cli.command()
@_json
def tasks(as_json):
    """List the tasks."""
    rows = {name: {"about": task.about, "steps": task.steps} for name, task in _tasks().items()}
    if as_json:
        _print_json(rows)
        return
    for name, row in rows.items():
        click.echo(f"{name:<8} {row['about']} ({row['steps']} steps)")


@cli.command()
@_json
def devices(as_json):
    """List the devices."""
    rows = {name: {"about": device.about} for name, device in _devices().items()}
    if as_json:
        _print_json(rows)
        return
    for name, row in rows.items():
        click.echo(f"{name:<8} {row['about']}")


def _complain(message: str) -> None:
    click.echo(f"vle: {' '.join(message.split())}", err=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        return cli.main(arguments, prog_name="vle", standalone_mode=False) or 0
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return 130
    except click.ClickException as error:
        _complain(error.format_message())
        return 2
    except NetworkError as error:
        _complain(str(error))
        return 2
    except (BuildError, StuckError) as error:
        _complain(str(error))
        return 1
