"""What was measured, as tables in Markdown: for a terminal and for docs/bench.md alike."""

from host.bench.software import SOFTWARE

__all__ = ["tables"]


def tables(result: dict) -> str:
    """The tables of a result of :func:`host.bench.run.measure`."""
    parts = [_software(result), _core(result), _routed(result)]
    return "\n\n".join(part for part in parts if part)


def _software(result: dict) -> str:
    columns = ["network", "synapses", *SOFTWARE.values(),
               *(f"golden / {title}" for name, title in SOFTWARE.items() if name != "golden")]
    rows = []
    for name, network in result["networks"].items():
        speeds, ratios = network["steps_per_second"], network["ratios"]
        rows.append([name, f"{network['synapses']:,}", *(_number(speeds[s]) for s in SOFTWARE),
                     *(_ratio(ratios.get(f"golden / {s}")) for s in SOFTWARE if s != "golden")])
    return _titled("Learning steps per second of processor time, one core", columns, rows)


def _core(result: dict) -> str:
    columns = ["network", "lanes", "cycles/step", "synapse words", "others", "utilisation",
               "simulated steps/s"]
    rows = []
    for name, network in result["networks"].items():
        for lanes, seen in network["simulated"].items():
            if "refused" in seen:
                rows.append([name, lanes, "does not fit", "", "", "", ""])
                continue
            rows.append([name, lanes, f"{seen['cycles']:,.1f}", f"{seen['words']:,}",
                         f"{seen['overhead']:.1f}", f"{seen['utilisation']:.3f}",
                         _number(seen["steps_per_second"])])
    return _titled("The core, by its own counter of cycles", columns, rows)


def _routed(result: dict) -> str:
    compared = [name for name in SOFTWARE if name != "golden"]
    columns = ["network", "configuration", "lanes", "MHz", "steps/s", "updates/s",
               *(f"/ {SOFTWARE[name]}" for name in compared)]
    rows = []
    for name, network in result["networks"].items():
        for configuration, seen in network["routed"].items():
            if "refused" in seen:
                rows.append([name, configuration, *["does not fit"], *[""] * (3 + len(compared))])
                continue
            rows.append([name, f"{configuration} ({seen['device']})", str(seen["lanes"]),
                         f"{seen['megahertz']:.1f}", _number(seen["steps_per_second"]),
                         f"{seen['updates_per_second']:.2e}",
                         *(_ratio(seen["ratios"].get(what)) for what in compared)])
    if not rows:
        return "No routed clock: docs/qor.json is not there, so nothing is said of boards."
    return _titled("On a board, at the clock that place and route reached", columns, rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f} ×"


def _titled(title: str, columns: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]

    def line(cells: list[str]) -> str:
        padded = [cell.ljust(width) if k == 0 else cell.rjust(width)
                  for k, (cell, width) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = [("-" * width) if k == 0 else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    return "\n".join([f"{title}:", "", line(columns), line(rule), *map(line, rows)])
