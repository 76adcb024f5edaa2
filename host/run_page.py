"""The page of a run of a task of streams."""

from functools import partial

from host.page import Page, Section, Table, numbers_of, saturation_section
from host.plots import draw_plot
from host.run import Run
from host.run_plots import SHOWN_STEPS, draw_alignment, draw_error, draw_output, draw_taps
from host.weight_section import weight_section
from model.network import Population

__all__ = ["run_page"]

BROAD = (11.0, 2.8)
"""Size of a plot as wide as the page, in inches."""
MOST_OUTPUTS = 4
"""Outputs that are drawn; beyond, the first."""
CLOCK = 50e6
"""Hz, for which a core's rate is worked out from its cycles."""


def run_page(run: Run, command: str) -> Page:
    """All that the ``command`` found, as a page."""
    result, number = run.result, numbers_of(run.result)
    headline = [("frozen error / variance", number("frozen_error", ".3g"))]
    if result["frozen_accuracy"] is not None:
        headline.append(("unseen symbols right", number("frozen_accuracy", ".2%")))
    headline.append(("online error / variance", number("online_error", ".3g")))
    headline.append(("steps a second", number("steps_per_second", ",.0f")))
    if result["cycles_per_step"] is not None:
        headline.append(("cycles a step", number("cycles_per_step", ".1f")))
    sections = [_learning(run), _speed(run), _output(run), _alignment(run), _taps(run),
                weight_section(run.network, run.before, run.after), _learned(run),
                saturation_section(result), _what(run, command), _network(run)]
    return Page(
        title=f"{result['task']}: rule {result['rule']} on device {result['device']}",
        about=run.about, headline=headline,
        sections=[section for section in sections if section is not None])


def _learning(run: Run) -> Section:
    number = numbers_of(run.result)
    return Section(
        title="Learning curve", plots=[draw_plot("error", partial(draw_error, run=run))],
        text="Mean square error over the target's variance. While it learns, an online learner "
             "tracks its target: only the frozen error says what was learned.",
        facts=[("online, last tenth", number("online_error", ".3g")),
               ("frozen, unseen stream", number("frozen_error", ".3g")),
               ("frozen, mean square", number("frozen_mse", ".3g"))])


def _speed(run: Run) -> Section:
    result, number = run.result, numbers_of(run.result)
    facts = [("steps", number("steps", ",")), ("seconds", number("seconds", ",.1f")),
             ("steps a second, here", number("steps_per_second", ",.0f")),
             ("simulated time", f"{result['steps'] * run.dt:,.0f} s, "
              f"{result['steps_per_second'] * run.dt:,.1f} times real time"),
             ("cycles a step", number("cycles_per_step", ".2f"))]
    text = "The golden model has no clock; the simulated core counts its cycles."
    if result["cycles_per_step"] is not None:
        text = "Cycles are the core's own count, from the first frame of the training to its last."
        facts.append((f"steps a second at {CLOCK / 1e6:.0f} MHz",
                      f"{CLOCK / result['cycles_per_step']:,.0f}, by these cycles"))
    return Section(title="Cycles and rates", text=text, facts=facts)


def _output(run: Run) -> Section:
    outputs = run.frozen.outputs.shape[1]
    drawn = range(outputs if outputs <= MOST_OUTPUTS else 1)
    slim = [draw_plot(f"output{k}", partial(draw_output, run=run, output=k,
                                            steps=SHOWN_STEPS // 2)) for k in drawn]
    broad = [draw_plot(f"outputs{k}", partial(draw_output, run=run, output=k), size=BROAD)
             for k in drawn]
    more = "" if outputs == len(drawn) else f" The first of {outputs} outputs."
    return Section(title="Output against target", plots=slim, broad=broad, whole=True,
                   text="Plasticity and noise are off; the first steps that are scored." + more)


def _alignment(run: Run) -> Section | None:
    result, number = run.result, numbers_of(run.result)
    text = ("Errors travel down through weights B that are learned beside W. Cosine of B and Wᵀ: "
            "1 where they agree.")
    names = list(result["backward_alignment"])
    if not names:
        return Section(title="Backward alignment", text="No projection passes errors down.")
    rows = [(name, number(f"backward_alignment/{name}", ".4f")) for name in names]
    return Section(title="Backward alignment", text=text,
                   plots=[draw_plot("alignment", partial(draw_alignment, run=run))],
                   tables=[Table(("projection", "cosine at the end"), rows)])


def _taps(run: Run) -> Section:
    taps = {name: run.curves.matching(name) for name in ("c0", "c1")}
    if not taps["c0"]:
        return Section(title="Learned taps", text="This rule's error taps are fixed.")
    rows = [(name, f"{run.network.population(name).tau_m:g} s",
             *(f"{taps[tap][name][-1]:.3f}" for tap in taps)) for name in taps["c0"]]
    return Section(
        title="Learned taps", plots=[draw_plot("taps", partial(draw_taps, run=run))],
        text="How far each population's error looks ahead: e = c0 v + c1 (what v will be), means "
             "over its neurons, from (1, 0).",
        tables=[Table(("population", "τm", "c0", "c1"), rows)])


def _learned(run: Run) -> Section | None:
    learned, number = run.result["learned"], numbers_of(run.result)
    if learned is None:
        return None
    rows = [(name, number(f"learned/{name}/learned", ".4f"),
             number(f"learned/{name}/teacher", ".4g")) for name in learned]
    return Section(title="Learned parameters", text="Beside those of the teacher.", whole=True,
                   tables=[Table(("parameter", "learned", "teacher"), rows)])


def _what(run: Run, command: str) -> Section:
    result, number = run.result, numbers_of(run.result)
    return Section(
        title="What was run",
        facts=[("command", command), ("task", run.about), ("device", result["device"]),
               ("rule", result["rule"]), ("seed", number("seed")), ("lanes", number("lanes")),
               ("training steps", number("steps", ",")), ("a step", f"{run.dt:g} s")])


def _network(run: Run) -> Section:
    network = run.network
    rows = [_population(population) for population in network.populations]
    return Section(
        title="The network", whole=True,
        text=f"Inputs: {network.inputs}; neurons: {sum(p.size for p in network.populations)}; "
             f"synapses: {sum(matrix.size for matrix in run.before.values())}.",
        tables=[Table(("population", "neurons", "τm", "τr", "activation", "learns"), rows)])


def _population(population: Population) -> tuple[str, ...]:
    learns = [what for what, on in (
        ("biases", population.bias_rate), ("taps", population.taps in ("learned", "gain")),
        ("τm", population.tau_rate)) if on]
    return (population.name + (" (output)" if population.output else ""), str(population.size),
            f"{population.tau_m:g} s", f"{population.tau_r:g} s", population.activation,
            ", ".join(learns) or "–")
