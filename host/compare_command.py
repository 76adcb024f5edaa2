"""``vle compare``: every rule at its own best rate, against the exact gradient."""

import click

from host.findings import show_findings
from host.options import (
    MOST_STEPS,
    Known,
    Several,
    json_option,
    known_compared,
    known_tasks,
    trial_bar,
)

__all__ = ["compare"]


@click.command()
@click.argument("task", type=Known("task", known_tasks))
@click.option("--rules", type=Several(Known("rule", known_compared)), metavar="RULE,…",
              help="What to compare, by default everything: the rules, the variants of vle that "
              "change one thing, and adjoint, the exact gradient in float64.")
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True, metavar="N",
              help="Seeds 0 to N − 1; the rates are chosen on others.")
@click.option("--steps", type=click.IntRange(1, MOST_STEPS), metavar="N",
              help="Training steps; the task's own number by default.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="J",
              help="Processes.")
@click.option("--out", metavar="DIR",
              help="Write result.json, table.md, curves.csv and compare.png there; trials.jsonl "
              "keeps every finished trial, so that a comparison that was interrupted goes on.")
@json_option
def compare(task, rules, seeds, steps, jobs, out, as_json):
    """Compare the rules on TASK, each at its own best rate, against the exact gradient."""
    from host import compare_report
    from host.compare import compare as compare_rules
    from host.report import claim_folder
    from host.store import Store
    from host.trial import COMPARED
    folder = claim_folder(out) if out is not None else None
    store = Store(folder / "trials.jsonl" if folder is not None else None)
    with trial_bar(task) as shown:
        found = compare_rules(task, rules=rules or tuple(COMPARED), seeds=seeds, steps=steps,
                              jobs=jobs, store=store, progress=shown)
    written = compare_report.write(found, folder) if folder is not None else []
    show_findings(compare_report.result(found), compare_report.markdown(found), written,
                  as_json=as_json)
