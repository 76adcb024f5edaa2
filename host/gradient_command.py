"""``vle gradient``: what each rule does to the weights, against the exact gradient."""

import click

from host.findings import show_findings
from host.options import (
    MOST_STEPS,
    Known,
    Several,
    json_option,
    known_tasks,
    seed_option,
    step_bar,
)

__all__ = ["gradient"]


def _known():
    """Rules and variants by name."""
    from model.variants import VARIANTS
    return VARIANTS


@click.command()
@click.argument("task", type=Known("task", known_tasks))
@seed_option
@click.option("--rules", type=Several(Known("rule", _known)), metavar="RULE,…",
              default="vle,gle,instant,feedback", show_default=True,
              help="What to measure: the rules, and the variants of vle that change one thing.")
@click.option("--steps", type=click.IntRange(0, MOST_STEPS), default=0, show_default=True,
              metavar="N", help="Train by vle for so long first; 0: at the initial weights.")
@click.option("--out", metavar="DIR", help="Write result.json and gradient.png there.")
@json_option
def gradient(task, seed, rules, steps, out, as_json):
    """Set what each rule does to the weights of TASK beside the exact gradient."""
    from host import gradient_report
    from host.gradient import gradient_steps, measure_gradient
    from host.report import claim_folder
    folder = claim_folder(out) if out is not None else None
    chosen = known_tasks()[task]
    with step_bar(gradient_steps(chosen, rules, steps), f"gradient {task}") as advance:
        found = measure_gradient(chosen, rules=rules, seed=seed, steps=steps, progress=advance)
    written = gradient_report.write(found, folder) if folder is not None else []
    show_findings(found.json(), gradient_report.summary(found), written, as_json=as_json)
