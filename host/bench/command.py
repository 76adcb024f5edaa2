"""``vle bench`` and ``vle growth``: the core and the golden model beside NumPy and PyTorch, and how
cost grows with size and lanes."""

import json
from pathlib import Path

import click

from hdl.config import MAX_LANES
from host.options import Known, Several, json_option, print_json

__all__ = ["bench", "growth"]


def _names():
    from model.reference_networks import NETWORKS
    return NETWORKS


def _numbers(what: str, low: int, high: int):
    """A callback for a list such as 1,4,16 of numbers from ``low`` to ``high``."""
    def parse(context, option, value: str) -> tuple[int, ...]:
        try:
            numbers = tuple(dict.fromkeys(int(part) for part in value.split(",")))
        except ValueError:
            raise click.BadParameter(f"'{value}' is not a list of numbers such as 1,4,16") from None
        for number in numbers:
            if not low <= number <= high:
                raise click.BadParameter(f"{what} {number} is outside {low} … {high}")
        return numbers
    return parse


def _tell(what: str) -> None:
    click.echo(f"== {what}", err=True)


def _write(result: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, allow_nan=False, indent=1) + "\n", encoding="utf-8")


@click.command()
@click.option("--networks", type=Several(Known("network", _names)), metavar="A,B",
              help="Which networks.  [default: all]")
@click.option("--lanes", callback=_numbers("lanes", 1, MAX_LANES), default="1,4,16",
              show_default=True, metavar="L,M", help="Lanes of the simulated cores, 1 to "
              f"{MAX_LANES}; those of routed ones are added.  More than 16 take minutes to "
              "compile, once.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Also write the JSON to this file.")
@json_option
def bench(networks, lanes, out, as_json):
    """Measure cycles and steps per second on networks of several sizes, and compare.

    Every comparator is first held against the golden model on the same stream.  PyTorch is compared
    where it is installed, boards where docs/qor.json has their clock.  `make bench` sees to PyTorch
    and to one thread each (OPENBLAS_NUM_THREADS=1).
    """
    from host.bench.boards import read_qor
    from host.bench.run import measure
    from host.bench.table import tables
    result = measure(names=networks or _names(), lanes=lanes, routed=read_qor(),
                     tell=_tell)
    if out is not None:
        _write(result, out)
    if as_json:
        print_json(result)
    else:
        click.echo(tables(result))


@click.command()
@click.option("--widths", callback=_numbers("width", 4, 2048), default="16,32,64,128,256,512",
              show_default=True, metavar="N,M", help="Widths n of the networks n-n-n/4.")
@click.option("--lanes", callback=_numbers("lanes", 1, MAX_LANES), default="1,2,4,8,16,32,48,64",
              show_default=True, metavar="L,M", help="Lanes of the simulated cores.")
@click.option("--out", type=click.Path(path_type=Path), default="build/growth.png",
              show_default=True, metavar="FILE", help="The figure, a PNG.")
@json_option
def growth(widths, lanes, out, as_json):
    """Draw how cycles per step, and the golden model's steps per second, grow with a network."""
    from host.bench.growth import draw, grow
    result = grow(widths=widths, lanes=lanes, tell=_tell)
    draw(result, out)
    if as_json:
        print_json(result)
        return
    for row in result["cycles"]:
        click.echo(f"{row['width']:>5} wide, {row['lanes']:>2} lanes: {row['cycles']:>9,.1f} "
                   f"cycles/step, utilisation {row['utilisation']:.3f}")
    for row in result["model"]:
        click.echo(f"{row['width']:>5} wide, golden model: {row['steps_per_second']:>9,.0f} "
                   "steps/s")
    click.echo(f"written: {out}")
