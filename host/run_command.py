"""``vle run``: streams, labelled samples and experiments, each in its own way."""

import shlex
from functools import partial

import click

from host.options import (
    MOST_STEPS,
    Known,
    device_option,
    json_option,
    known_rules,
    known_runs,
    lanes_option,
    print_json,
    sample_bar,
    seed_option,
    step_bar,
)
from model.network import NetworkError
from model.tasks.experiment import Experiment
from model.tasks.samples import SampleTask

__all__ = ["run"]


@click.command()
@click.argument("task", type=Known("task", known_runs))
@device_option("model", "Where the network lives: the golden model, quick, or the simulated core. "
         "Both learn the same numbers.")
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), metavar="N",
              help="Training steps; the task's own number by default.")
@seed_option
@click.option("--rule", type=Known("rule", known_rules), default="vle", show_default=True,
              metavar="vle|gle|instant|feedback",
              help="vle: trace, learned taps, learned B. gle: prospective, fixed taps, B tied. "
              "instant: plain ΔW = ē r. feedback: vle with fixed random B.  For tasks of streams.")
@lanes_option
@click.option("--out", metavar="DIR",
              help="Write result.json, the curves as CSV, a figure, and all of it as report.html.")
@json_option
def run(task, device, steps, seed, rule, lanes, out, as_json):
    """Train TASK online, then freeze plasticity and noise and test on an unseen stream.

    Tasks of labelled samples train for epochs and end with a confusion matrix; experiments bring
    their controls and a figure of their own.
    """
    from host.device import open_device
    from host.report import claim_folder
    folder = claim_folder(out) if out is not None else None
    chosen = known_runs()[task]
    kind = next((conduct for what, conduct in (
        (SampleTask, _samples), (Experiment, _experiment)) if isinstance(chosen, what)), _stream)
    if kind is not _stream and rule != "vle":
        raise NetworkError(f"task {task} has no rule '{rule}'; it learns by eligibilities and by "
                           "rule vle")
    with open_device(device, lanes=lanes) as opened:
        result, text, write = kind(chosen, opened, steps=steps, seed=seed, rule=rule)
    written = []
    if folder is not None:
        command = ["vle", "run", task, "--device", device, "--seed", seed, "--lanes", lanes]
        command += ["--rule", rule] if kind is _stream else []
        command += ["--steps", steps] if steps is not None else []
        written = write(folder, shlex.join(map(str, command)))
    if as_json:
        print_json(result)
        return
    click.echo(text)
    if written:
        click.echo(f"  {'written':<19} {', '.join(map(str, written))}")


def _stream(task, device, *, steps, seed, rule):
    from host import report
    from host.run import run_task
    with step_bar(steps or task.steps, task.name) as advance:
        done = run_task(task, device, rule=rule, seed=seed, steps=steps, progress=advance)
    return done.result, report.summary(done), partial(report.write, done)


def _samples(task, device, *, steps, seed, rule):
    from host import epochs_report as report
    from host.epochs import run_samples, samples_of
    with sample_bar(samples_of(task, steps), task.name) as advance:
        done = run_samples(task, device, seed=seed, steps=steps, progress=advance)
    return done.result, report.summary(done), partial(report.write, done)


def _experiment(task, device, *, steps, seed, rule):
    from host import experiment
    with step_bar(steps or task.steps, task.name) as advance:
        done = experiment.run_experiment(task, device, seed=seed, steps=steps, progress=advance)
    return done.result, experiment.summary(done), partial(experiment.write, done)
