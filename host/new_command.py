"""``vle new``: a network file to start from."""

from pathlib import Path

import click

__all__ = ["new"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), metavar="CSV",
              help="Write a recording too that this network can learn: an oven's heater and its "
              "temperature.")
@click.option("--force", is_flag=True, help="Write over files that exist.")
def new(file, data, force):
    """Write a commented network to FILE, ready for vle stream.

    \b
        vle new oven.toml --data oven.csv
        vle stream oven.toml --input oven.csv --target oven.csv
    """
    from host.network_template import TEMPLATE, demo
    written = {file: TEMPLATE}
    if data is not None:
        written[data] = demo()
    if data == file:
        raise click.UsageError(f"--data {data} is the file of the network")
    for path, text in written.items():
        try:
            with path.open("w" if force else "x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError as error:
            raise click.UsageError(f"{path} exists; --force writes over it") from error
        except OSError as error:
            raise click.UsageError(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"written: {', '.join(map(str, written))}")
