"""``vle bench``: the core, the golden model, the simulated core, NumPy and PyTorch in one run."""

import json
import os
from pathlib import Path

import click

from host.options import Known, Several, json_option, print_json

__all__ = ["bench"]

MOST_LANES = 64


def _names():
    from host.bench.networks import NETWORKS
    return NETWORKS


def _lanes(context, option, value: str) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(int(part) for part in value.split(",")))
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a list of numbers such as 1,4,16") from None
    for number in numbers:
        if not 1 <= number <= MOST_LANES:
            raise click.BadParameter(f"{number} lanes are outside 1 … {MOST_LANES}")
    return numbers


@click.command()
@click.option("--networks", type=Several(Known("network", _names)), metavar="A,B",
              help="Which networks.  [default: all]")
@click.option("--lanes", callback=_lanes, default="1,4,16", show_default=True, metavar="L,M",
              help="Lanes of the simulated cores, 1 to 64; those of routed ones are added.  More "
              "than 16 take minutes to compile, once.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Also write the JSON to this file.")
@json_option
def bench(networks, lanes, out, as_json):
    """Measure cycles and steps per second on networks of several sizes, and compare.

    Every comparator is first held against the golden model on the same stream.  PyTorch is compared
    where it is installed (`make bench` sees to that); boards where docs/qor.json has their clock.
    """
    # One thread each: libraries read this when they are loaded.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    from host.bench.boards import read_qor
    from host.bench.run import measure
    from host.bench.table import tables
    result = measure(names=networks or _names(), lanes=lanes, routed=read_qor(),
                     tell=lambda what: click.echo(f"== {what}", err=True))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, allow_nan=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        click.echo(tables(result))
