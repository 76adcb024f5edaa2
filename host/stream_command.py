"""``vle stream``: one's own network on one's own data, from files or live through a pipe."""

import sys
from contextlib import ExitStack, closing
from pathlib import Path

import click

from host.checkpoint_command import read_setup
from host.options import device_option, json_option, lanes_option, print_json
from model.network import NetworkError

__all__ = ["stream"]

_PATH = click.Path(path_type=Path)


def _modulator(context, option, value: str | None):
    """A number, or the path of a file."""
    if value is None:
        return 1.0
    try:
        return float(value)
    except ValueError:
        return Path(value)


@click.command()
@click.argument("network", type=_PATH)
@click.option("--input", "inputs", type=_PATH, required=True, metavar="FILE|-",
              help="Samples: .csv, .npy, .wav, or - for lines on standard input.")
@click.option("--target", "targets", type=_PATH, metavar="FILE|-",
              help="What the outputs should be: another file, or the same one with more columns. "
              "An empty field is not taught.")
@click.option("--modulator", callback=_modulator, metavar="NUMBER|FILE|-",
              help="Factor of all learning, below 8: one number, or one per sample.  [default: 1]")
@device_option("model", "Where the network lives.")
@lanes_option
@click.option("--learn/--no-learn", default=True, show_default=True,
              help="With --no-learn plasticity and noise are off, and targets only judge.")
@click.option("--adopt", is_flag=True,
              help="Go on with what the device holds, which runs NETWORK since an earlier command "
              "(serial:URL), instead of loading it.")
@click.option("--out", type=_PATH, metavar="FILE|-",
              help="Outputs: .csv, .npy, .wav or - for lines on standard output, where they go by "
              "default if the input is -.")
@click.option("--save", type=_PATH, metavar="FILE",
              help="Write a checkpoint at the end, also after Ctrl-C or bad input.")
@click.option("--save-every", type=click.IntRange(1), metavar="N",
              help="Write it every N samples too.")
@click.option("--probe", "probes", multiple=True, metavar="NAME",
              help="An internal value to record, such as slow.u, out.taps, 'slow>out.W[0,2:5]' or "
              "*; may be given several times.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, metavar="K",
              help="Record after every K-th step.")
@click.option("--trace", type=_PATH, metavar="FILE",
              help="Where to: .npz (an array per value) or .csv (written on the way).")
@json_option
def stream(network, inputs, targets, modulator, device, lanes, learn, adopt, out, save, save_every,
           probes, every, trace, as_json):
    """Run NETWORK, a .toml file or a checkpoint, on your own samples, learning on line.

    \b
        vle stream oven.toml --input oven.csv --target oven.csv --save oven.npz
        sensor | vle stream oven.npz --input - --no-learn | actuator

    Columns go by their names where the network and the file have them.  Otherwise those of one file
    count from the left: inputs, then targets, then the modulator, as far as they are asked for.
    """
    from host.device import open_device
    from host.recorder import Recorder
    from host.stream_session import Session
    if str(inputs) == "-" and out is None:
        out = Path("-")
    if as_json and str(out) == "-":
        raise click.UsageError("--json takes standard output: give --out a file")
    if save_every is not None and save is None:
        raise click.UsageError("--save-every needs --save FILE")
    if (trace is None) != (not probes):
        raise click.UsageError("--probe NAME and --trace FILE go together")
    setup, steps = read_setup(network)
    with ExitStack() as stack:
        opened = stack.enter_context(open_device(device, lanes=lanes))
        if adopt:
            opened.adopt(setup)
            steps += opened.counters()["steps"]
        else:
            opened.load(setup)
        run = None
        if trace is not None:
            run = stack.enter_context(closing(
                Recorder(opened, list(probes), every=every, first=steps, path=trace))).run
        session = Session(opened, setup, steps=steps, learn=learn, save=save,
                          save_every=save_every, run=run)
        try:
            session.run(inputs, targets, modulator, out)
        except (NetworkError, KeyboardInterrupt):
            if session.samples:
                _report(session.result(), as_json, quiet=str(out) == "-")
            raise
        _report(session.result(), as_json, quiet=str(out) == "-")


def _frequency(hertz: float) -> str:
    for unit, name in ((1e6, "MHz"), (1e3, "kHz")):
        if hertz >= unit:
            return f"{hertz / unit:.3g} {name}"
    return f"{hertz:.0f} Hz"


def _report(result: dict, as_json: bool, *, quiet: bool) -> None:
    if as_json:
        print_json(result)
        return
    lines = [("samples", f"{result['samples']} in {result['seconds']:.1f} s, "
              f"{result['samples_per_second']:,.0f} a second, "
              f"{result['times_real_time']:g} times real time"),
             ("overruns", f"{result['overruns']} samples answered later than one step")]
    if result["cycles_per_sample"] is not None:
        lines.append(("cycles", f"{result['cycles_per_sample']:.1f} a sample: real time for a core "
                      f"clocked at {_frequency(result['real_time_hertz'])} or more"))
    if result["device_overruns"] or result["link_errors"]:
        lines.append(("device", f"{result['device_overruns']} overruns, {result['link_errors']} "
                      "link errors"))
    if result["error"] is not None:
        lines.append(("error", f"{result['error']:.3g} of the target's variance; "
                      f"{result['recent_error']:.3g} in the last samples"))
    for name in ("limited", "saturations"):
        counts = ", ".join(f"{what} {count}" for what, count in result[name].items() if count)
        lines.append((name, counts or "none"))
    for name in ("out", "saved"):
        if result[name] is not None:
            lines.append((name, result[name]))
    title = (f"{result['network']} on {result['device']}, "
             f"{'learning' if result['learn'] else 'frozen'}")
    text = "\n".join([title, *(f"  {name:<12} {text}" for name, text in lines)])
    click.echo(text, file=sys.stderr if quiet else None)
