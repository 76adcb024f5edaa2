"""``vle sensitivity``: what becomes of every task when a default rate is off."""

import click

from host.findings import show_findings
from host.options import MOST_STEPS, Known, json_option, known_tasks, trial_bar

__all__ = ["sensitivity"]


@click.command()
@click.argument("tasks", type=Known("task", known_tasks), nargs=-1)
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True, metavar="N",
              help="Validation seeds, from 100 on; no report uses them.")
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), metavar="N",
              help="Training steps; each task's own number by default.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="J",
              help="Processes.")
@click.option("--out", metavar="DIR",
              help="Write sensitivity.json, .md and .png there; trials.jsonl keeps every finished "
              "trial, so that a sweep that was interrupted goes on.")
@json_option
def sensitivity(tasks, seeds, steps, jobs, out, as_json):
    """Change each default rate alone, × 1/4 to × 4, on TASKS (all five without any)."""
    from host import sensitivity_report as report
    from host.report import claim_folder
    from host.sensitivity import TASKS_SWEPT, measure_sensitivity
    from host.store import Store
    folder = claim_folder(out) if out is not None else None
    store = Store(folder / "trials.jsonl" if folder is not None else None)
    with trial_bar("sensitivity") as shown:
        result = measure_sensitivity(tasks or TASKS_SWEPT, seeds=seeds, steps=steps, jobs=jobs,
                                     store=store, progress=shown)
    written = report.write(result, folder) if folder is not None else []
    show_findings(result, report.markdown(result), written, as_json=as_json)
