"""``vle save`` and ``vle restore``: checkpoints of networks and of what a device has learned."""

from pathlib import Path

import click

from host.options import KnownDevice, device_option, json_option, lanes_option, print_json

__all__ = ["read_setup", "restore", "save"]


def read_setup(path: Path):
    """The network of a TOML file or a checkpoint, with the steps that lie behind it."""
    if path.suffix == ".npz":
        from host.checkpoint import read_checkpoint
        checkpoint = read_checkpoint(path)
        return checkpoint.setup, checkpoint.steps
    from host.network_file import read_network
    return read_network(path), 0


def _summary(setup, steps: int, **more) -> dict:
    program = setup.program
    return {"network": program.name, "steps": steps, "inputs": program.inputs,
            "outputs": program.outputs, "neurons": program.neurons - program.inputs,
            "synapses": program.synapses, **more}


def _say(summary: dict, what: str, as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    click.echo("{network}: {inputs} inputs, {neurons} neurons, {synapses} synapses, {outputs} "
               "outputs, after {steps} steps; ".format(**summary) + what)


@click.command()
@click.argument("network", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--device", type=KnownDevice(), metavar="serial:URL",
              help="Save what this device holds, which runs NETWORK since an earlier command.")
@json_option
def save(network, file, device, as_json):
    """Make the checkpoint FILE of NETWORK, a .toml file or the checkpoint that it went on from.

    Without a device it holds the network as it starts. A board goes on running between commands:
    name it to save what it has learned. For the others there is vle stream --save.
    """
    from host.checkpoint import save_checkpoint
    from host.device import open_device
    setup, steps = read_setup(network)
    with open_device(device or "model") as opened:
        if device is None:
            opened.load(setup)
        else:
            opened.adopt(setup)
            steps += opened.counters()["steps"]
        save_checkpoint(file, opened, setup, steps=steps)
    _say(_summary(setup, steps, file=str(file)), f"written: {file}", as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@device_option("model", "The device to load it into.")
@lanes_option
@json_option
def restore(file, device, lanes, as_json):
    """Check the checkpoint FILE, load it into a device and read it back.

    To go on from it: vle stream FILE --input …
    """
    from host.checkpoint import load_checkpoint
    from host.device import DeviceError, open_device
    with open_device(device, lanes=lanes) as opened:
        checkpoint = load_checkpoint(file, opened)
        wanted, found = checkpoint.setup.program.state, opened.save()
        for name in wanted.present():
            if (wanted[name] != found[name]).any():
                raise DeviceError(f"device '{device}' holds another state '{name}' than {file}")
    _say(_summary(checkpoint.setup, checkpoint.steps, device=device, made_by=checkpoint.made_by),
         f"restored on {device} and read back", as_json)
