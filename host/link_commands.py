"""``vle serve`` and ``vle info``: a simulated board, and what a device says of itself."""

import click

from host.options import device_option, json_option, lanes_option, print_json

__all__ = ["info", "serve"]


@click.command()
@click.option("--tcp", "port", type=click.IntRange(0, 65535), required=True, metavar="PORT",
              help="Port on the loopback interface; 0 lets the system choose.")
@lanes_option
@click.option("--pace", type=click.IntRange(1, 100_000), default=1, metavar="CLOCKS",
              show_default=True, help="Clock cycles that a byte takes on the line; 160 is 3 Mbaud "
              "at 48 MHz.")
def serve(port, lanes, pace):
    """Serve a simulated core on a TCP port, byte for byte as a board on its serial port.

    \b
        vle serve --tcp 7000
        vle run xor --device serial:socket://localhost:7000
    """
    from hdl.config import Config
    from host.serve import Server
    from sim.build import build_linked
    from sim.link import SimulatedLink
    library = build_linked(Config(lanes=lanes))
    try:
        server = Server(SimulatedLink(library, pace=pace), port=port)
    except OSError as error:
        raise click.UsageError(f"cannot listen on port {port}: {error.strerror}") from error
    click.echo(f"serving {lanes} lanes at serial:socket://localhost:{server.port}; "
               "Ctrl-C ends it")
    try:
        server.serve()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


@click.command()
@device_option("sim", "The device to ask.")
@lanes_option
@json_option
def info(device, lanes, as_json):
    """Say what a device is: board, revision, lanes, capacities, formats, counters of its link."""
    from host.device import open_device
    with open_device(device, lanes=lanes) as opened:
        told = opened.info()
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
        click.echo(f"{name:<16} {_plain(value)}")


def _plain(value) -> str:
    """A value as people write it; a format is width.fraction."""
    return ".".join(map(str, value)) if isinstance(value, list) and len(value) == 2 else (
        ", ".join(map(str, value)) if isinstance(value, list) else str(value))
