"""``vle``: the command line.

Exit codes: 0 done, 1 a failed verification or build, 2 bad input, 130 interrupted.  What is asked
for goes to standard output; progress and errors go to standard error, an error as one line.
"""

import click

from host.bench.command import bench, growth
from host.checkpoint_command import restore, save
from host.compare_command import compare
from host.diff_command import diff
from host.formats_command import formats
from host.gradient_command import gradient
from host.link_commands import info, serve
from host.new_command import new
from host.options import (
    MOST_STEPS,
    device_option,
    json_option,
    known_devices,
    known_runs,
    lanes_option,
    print_json,
    seed_option,
    step_bar,
)
from host.run_command import run
from host.sensitivity_command import sensitivity
from host.stream_command import stream
from model.network import NetworkError
from sim.library import StuckError
from sim.tools import BuildError

__all__ = ["main"]

# Commands import what they use: ``vle --version`` need not wait for compilers and plots.


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vle-core", prog_name="vle")
@click.pass_context
def cli(context):
    """A core that learns temporal signals online, with rules local in space and time."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@device_option("sim", "The device to compare with the golden model.")
@lanes_option
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), default=20_000, show_default=True,
              metavar="N", help="Steps in all, over all random networks.")
@seed_option
@click.option("--eligibility", is_flag=True,
              help="Networks with eligibilities, on a core that has them.")
@json_option
def verify(device, lanes, steps, seed, eligibility, as_json):
    """Compare a device with the golden model, every value, on random networks and streams."""
    from host.device import open_device
    from host.verify import verify as compare
    with open_device(device, lanes=lanes) as opened, open_device("model", lanes=lanes) as golden, \
            step_bar(steps, "verify") as advance:
        found = compare(opened, golden, steps=steps, seed=seed, eligibility=eligibility,
                        progress=advance)
    if as_json:
        print_json(found.json())
    else:
        click.echo(f"{device}, {found.lanes} lanes, seed {seed}: {found.networks} networks, "
                   f"{found.steps} steps, {found.values_compared:,} values compared, "
                   f"{found.mismatches} mismatches, {'alive' if found.alive else 'not alive'}")
    if found.first_mismatch is not None:
        _complain(f"first mismatch: {found.first_mismatch}")
    if not found.alive:
        _complain(f"not alive: {found.dead}")
    return 0 if found.passed else 1


@cli.command()
@json_option
def tasks(as_json):
    """List the tasks."""
    rows = {name: {"about": task.about, length: getattr(task, length)}
            for name, task in known_runs().items()
            for length in ("epochs", "steps") if hasattr(task, length)}
    if as_json:
        print_json(rows)
        return
    for name, row in rows.items():
        length = ", ".join(f"{row[what]} {what}" for what in ("epochs", "steps") if what in row)
        click.echo(f"{name:<14} {row['about']} ({length})")


@cli.command()
@json_option
def devices(as_json):
    """List the devices."""
    rows = {name: {"about": device.about} for name, device in known_devices().items()}
    if as_json:
        print_json(rows)
        return
    for name, row in rows.items():
        click.echo(f"{name:<13} {row['about']}")


cli.add_command(bench)
cli.add_command(compare)
cli.add_command(diff)
cli.add_command(formats)
cli.add_command(gradient)
cli.add_command(growth)
cli.add_command(run)
cli.add_command(sensitivity)
cli.add_command(info)
cli.add_command(new)
cli.add_command(restore)
cli.add_command(save)
cli.add_command(serve)
cli.add_command(stream)


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
