"""``vle formats``: ranges used of every number format, and the sweep of word lengths."""

import click

from host.findings import show_findings
from host.options import (
    MOST_STEPS,
    Known,
    json_option,
    known_rules,
    known_tasks,
    seed_option,
    step_bar,
    trial_bar,
)

__all__ = ["formats"]


@click.command()
@click.argument("task", type=Known("task", known_tasks))
@click.option("--rule", type=Known("rule", known_rules), default="vle", show_default=True,
              metavar="vle|gle|instant|feedback", help="The rule to learn by.")
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), metavar="N",
              help="Training steps; the task's own number by default.")
@seed_option
@click.option("--sweep", is_flag=True, help="Instead, train at operand lengths of 12 to 24 bits, "
              "W and B rounded stochastically and half up.")
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True, metavar="N",
              help="Seeds of the sweep, from --seed on.")
@click.option("--out", metavar="DIR", help="Write the result as .json, .md and .png there.")
@json_option
def formats(task, rule, steps, seed, sweep, seeds, out, as_json):
    """Show what TASK uses of every number format, while it learns and frozen."""
    from host.report import claim_folder
    chosen = known_tasks()[task]
    folder = claim_folder(out) if out is not None else None
    if sweep:
        from host import word_lengths_report as report
        from host.word_lengths import measure_word_lengths
        with trial_bar(task) as shown:
            result = measure_word_lengths(chosen, rule=rule, seed=seed, seeds=seeds, steps=steps,
                                          progress=shown)
    else:
        from host import formats_report as report
        from host.device import open_device
        from host.formats import measure_formats
        with (open_device("model") as device,
              step_bar((steps or chosen.steps) + chosen.test_steps, task) as advance):
            result = measure_formats(chosen, device, rule=rule, seed=seed, steps=steps,
                                     progress=advance)
    written = report.write(result, folder) if folder is not None else []
    show_findings(result, report.markdown(result), written, as_json=as_json)
