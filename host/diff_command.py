"""``vle diff``: the first difference of two traces, or of two devices on the same samples."""

from pathlib import Path

import click

from host.checkpoint_command import read_setup
from host.options import (
    MOST_STEPS,
    KnownDevice,
    json_option,
    lanes_option,
    print_json,
    step_bar,
)

__all__ = ["diff"]

MOST_BLOCK = 4096
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--network", type=_PATH, metavar="FILE",
              help="For devices: the network, a .toml file or a checkpoint.")
@click.option("--input", "inputs", type=_PATH, metavar="FILE",
              help="For devices: the samples, as for vle stream.")
@click.option("--target", "targets", type=_PATH, metavar="FILE", help="What the outputs should be.")
@click.option("--probe", "probes", multiple=True, metavar="NAME",
              help="For devices: what to compare, such as slow.u; everything by default.")
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), metavar="N",
              help="For devices: steps at most.")
@lanes_option
@json_option
def diff(first, second, network, inputs, targets, probes, steps, lanes, as_json):
    """Name the first difference of FIRST and SECOND, two trace files or two devices.

    \b
        vle diff yesterday.npz today.npz
        vle diff model sim --network oven.toml --input oven.csv --target oven.csv --steps 2000

    Exit code 0 if they are the same, 1 if they differ.
    """
    if Path(first).suffix in (".npz", ".csv") and Path(second).suffix in (".npz", ".csv"):
        if network is not None or inputs is not None:
            raise click.UsageError("--network and --input are for devices, not for trace files")
        from host.diff import diff_traces
        from host.trace_file import read_trace
        found = diff_traces(read_trace(Path(first)), read_trace(Path(second)))
    else:
        if network is None or inputs is None:
            raise click.UsageError("two devices need --network FILE and --input FILE; "
                                   "two traces end in .npz or .csv")
        found = _devices((first, second), network, inputs, targets, probes, steps, lanes)
    if as_json:
        print_json(found.json())
    elif found.difference is None:
        still = "" if found.moved else ", none of which ever changed"
        click.echo(f"the same: {found.values:,} values in {found.steps:,} steps{still}")
    else:
        click.echo(f"{found.difference}; {found.differing} values differ in that step, "
                   "none before")
    return 0 if found.difference is None else 1


def _devices(names, network, inputs, targets, probes, steps, lanes):
    from host.device import open_device
    from host.diff import diff_devices
    from host.interrupt import Interrupt
    from host.sources import LIVE, open_source
    if inputs == LIVE or targets == LIVE:
        raise click.UsageError("two devices need samples from files, not from a pipe")
    known = KnownDevice()
    names = [known.convert(name, None, None) for name in names]
    setup, _ = read_setup(network)
    source = open_source(setup, inputs, targets, None, -1, Interrupt())
    with (open_device(names[0], lanes=lanes) as one, open_device(names[1], lanes=lanes) as other,
          step_bar(steps or source.length, "diff") as advance):
        return diff_devices((one, other), setup, _frames(setup, source, steps),
                            names=probes or ("*",), progress=advance)


def _frames(setup, source, steps: int | None):
    """Learning frames of the samples, ``steps`` in all at most."""
    from host.scaling import limited
    from model.formats import RATE
    from model.frames import Frames
    left = MOST_STEPS if steps is None else steps
    for samples in source.blocks(min(left, MOST_BLOCK)):
        values = samples.values
        inputs, _ = limited(setup.input.rates(values["input"][:left]), RATE)
        targets = None
        if "target" in values:
            targets, _ = limited(setup.output.rates(values["target"][:left]), RATE)
        yield Frames.of(inputs, targets, outputs=len(setup.output))
        left -= len(inputs)
        if not left:
            return
