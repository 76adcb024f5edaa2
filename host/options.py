"""Arguments, options and progress bars that the commands of ``vle`` share."""

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import contextmanager

import click

from hdl.config import MAX_LANES

__all__ = [
    "MOST_STEPS", "Known", "KnownDevice", "Several", "device_option", "json_option",
    "known_compared", "known_devices", "known_rules", "known_runs", "known_tasks", "lanes_option",
    "print_json", "sample_bar", "seed_option", "step_bar", "trial_bar",
]

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


class Several(click.ParamType):
    """Names of one kind, separated by commas, without repetitions."""

    def __init__(self, one: Known):
        self.name, self.one = one.name, one

    def convert(self, value, param, ctx):
        names = [name.strip() for name in value.split(",")]
        return tuple(dict.fromkeys(self.one.convert(name, param, ctx) for name in names))


def known_tasks():
    """Tasks by name."""
    from model.tasks import TASKS
    return TASKS


def known_runs():
    """All that ``vle run`` can run, by name: tasks of streams and of samples, and experiments."""
    from model.tasks import EXPERIMENTS, RECORDED, SAMPLE_TASKS, TASKS
    return TASKS | RECORDED | SAMPLE_TASKS | EXPERIMENTS


def known_devices():
    """Devices by name."""
    from host.device import DEVICES
    return DEVICES


class KnownDevice(Known):
    """A device by name, with its address where it has one: ``serial:URL``."""

    def __init__(self):
        super().__init__("device", known_devices)

    def convert(self, value, param, ctx):
        from host.device import known_device
        from model.network import NetworkError
        try:
            known_device(value)
        except NetworkError as error:
            raise click.UsageError(str(error)) from error
        return value


def known_rules():
    """Rules by name."""
    from model.rules import RULES
    return RULES


def known_compared():
    """What ``vle compare`` can compare, by name."""
    from host.trial import COMPARED
    return COMPARED


def lanes_option(command):
    """``--lanes``, which changes no number that is learned."""
    return click.option("--lanes", type=click.IntRange(1, MAX_LANES), default=4, metavar="L",
                        show_default=True, help=f"Synapses a clock, 1 to {MAX_LANES}; no number "
                        "learned depends on it.  More than 16 take minutes to compile, once."
                        )(command)


def seed_option(command):
    """``--seed``."""
    return click.option("--seed", type=click.IntRange(0, MOST_SEED), default=0, metavar="S",
                        show_default=True, help="Seed of everything random.")(command)


def json_option(command):
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True,
                        help="One JSON object on standard output, nothing else.")(command)


def device_option(default: str, why: str):
    """``--device``, with its default and what to say of it."""
    return click.option("--device", type=KnownDevice(), default=default,
                        show_default=True, metavar="model|sim|netlist|serial:URL", help=why)


@contextmanager
def step_bar(total: int | None, what: str | None):
    """A bar on a terminal: yields advance(steps, error or nothing).

    The total may be unknown; without a name for it there is no bar.
    """
    from tqdm import tqdm
    with tqdm(total=total, desc=what, unit=" steps", unit_scale=True, leave=False,
              disable=what is None or not sys.stderr.isatty(), file=sys.stderr) as bar:
        def advance(steps: int, error: float | None = None) -> None:
            if error is not None:
                bar.set_postfix_str(f"error {error:.3g}", refresh=False)
            bar.update(steps)
        yield advance


@contextmanager
def sample_bar(total: int, what: str):
    """A bar on a terminal: yields advance(samples, validation accuracy or nothing)."""
    from tqdm import tqdm
    with tqdm(total=total, desc=what, unit=" samples", leave=False,
              disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        def advance(samples: int, accuracy: float | None = None) -> None:
            if accuracy is not None:
                bar.set_postfix_str(f"validation {accuracy:.1%}", refresh=False)
            bar.update(samples)
        yield advance


@contextmanager
def trial_bar(what: str):
    """A bar on a terminal: yields show(trials done, trials in all), of which the total may grow."""
    from tqdm import tqdm
    with tqdm(desc=what, unit=" trials", leave=False, disable=not sys.stderr.isatty(),
              file=sys.stderr) as bar:
        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)
        yield show


def print_json(value: dict) -> None:
    """One JSON object, on one line of standard output."""
    click.echo(json.dumps(value, allow_nan=False))
