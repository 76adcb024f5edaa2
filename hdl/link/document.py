"""``python -m hdl.link.document`` writes docs/registers.md, from the tables that the core and the
host are made of."""

from collections.abc import Callable
from pathlib import Path

from hdl.axi.registers import AXI_REGISTERS
from hdl.config import Config
from hdl.descriptor import (
    POPULATION_FIELDS,
    PROJECTION_FIELDS,
    WORDS,
    population_fields,
    projection_fields,
)
from hdl.link.commands import (
    COMMANDS,
    INFO_OFFSET,
    INFO_WORDS,
    LINK_REGION,
    LINK_REGISTERS,
    MOST_BODY,
    STATUSES,
)
from hdl.region import BEHIND, OFFSET_BITS, REGISTERS, UPPER, Region
from model.formats import COUNTERS, Format
from model.program import ELIGIBILITY_FORMATS, STATE_FORMATS

__all__ = ["PAGE", "register_map"]

PAGE = Path(__file__).parents[2] / "docs" / "registers.md"

HEAD = """# Commands and registers

Made by `python -m hdl.link.document`; the tables are `hdl/link/commands.py`, `hdl/region.py`,
`hdl/axi/registers.py` and `model/program.py`. How packets travel is in [protocol.md](protocol.md).
"""

REGION_ABOUT = {
    Region.REGISTERS: "registers, below",
    Region.POPULATIONS: f"descriptors of populations, {WORDS} words each",
    Region.PROJECTIONS: f"descriptors of projections, {WORDS} words each",
    Region.TABLES: "tables of the activations",
    Region.PROBES: "addresses to probe, one a word",
    Region.TOTALS: "sums Σ W r, by slot, write only",
    Region.SUMS: "sums Σ B e, by slot, write only",
}
_PLACES = {"W": "word « 6 + lane", "B": "word « 6 + lane",
           **dict.fromkeys(("low", "psi", "psi_xi"), "trace slot"),
           **dict.fromkeys(("alpha", "energy", "cost"), "population")}

REGISTER_ABOUT = {
    "identity": "«VLE» and the version of this map", "lanes": "lanes of the core",
    "parity": "which half of the double-buffered memories is current",
    "projections": "projections of the program", "populations": "populations, inputs included",
    "inputs": "inputs", "outputs": "outputs", "input_rows": "rows of slots that are inputs",
    "generator": "state of the xorshift32 generator", "probes": "entries of the probe list",
    "learning_taus": "populations that learn their time constant",
    "steps_low": "steps since the reset, low word", "steps_high": "steps, high word",
    "cycles_low": "clock cycles at work since the reset, low word", "cycles_high": "high word",
    **{f"saturation_{name}": f"saturations counted as {name}" for name in COUNTERS},
}
_WRITABLE = ("parity", "projections", "populations", "inputs", "outputs", "input_rows",
             "generator", "probes", "learning_taus")


def _table(*columns: str, rows) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def _state(region: Region) -> tuple[str, str]:
    """Meaning and format of a region that is a state."""
    name = next(name for name in STATE_FORMATS if name.upper() == region.name)
    return f"state `{name}`, by {_PLACES.get(name, 'slot')}", _format(name, STATE_FORMATS[name])


def _format(name: str, form: Format | None) -> str:
    if form is None:
        return "32 bits" if name == "word" else "2 bits"
    return f"{form.width} bits, {form.frac} fractional"


def _more(fields: Callable[[Config], dict], usual: dict) -> dict:
    """What eligibilities add to the usual fields of a descriptor."""
    return {name: width for name, width in fields(Config(eligibility=True)).items()
            if name not in usual}


def register_map() -> str:
    """The whole page."""
    regions = [(int(region), region.name, *(
        (REGION_ABOUT[region], "32 bits") if region in REGION_ABOUT else _state(region)))
        for region in Region]
    regions.append((LINK_REGION, "LINK", "the link itself, below", "32 bits"))
    registers = [(offset, f"`{name}`", "read, write" if name in _WRITABLE else "read",
                  REGISTER_ABOUT[name]) for name, offset in REGISTERS.items()]
    link = [(one.offset, f"`{name}`", one.access, one.about)
            for name, one in LINK_REGISTERS.items()]
    axi = [(one.offset, f"`{name}`", one.access, one.about) for name, one in AXI_REGISTERS.items()]
    info = (f"{INFO_OFFSET} … {INFO_OFFSET + INFO_WORDS - 1}", "`info`", "read",
            "description of the core, JSON in UTF-8, four bytes a word")
    return "\n".join([
        HEAD,
        f"## Commands\n\nSizes in bytes; numbers have their low byte first; a body has at most "
        f"{MOST_BODY} bytes.\n",
        _table("code", "command", "request", "answer", "meaning", rows=[
            (int(code), code.name, *told) for code, told in COMMANDS.items()]),
        "Options of READ and WRITE: bit 0 set, a word has 4 bytes; else the low 3.\n",
        "## Statuses\n",
        _table("code", "status", "meaning", rows=[
            (int(code), code.name, told) for code, told in STATUSES.items()]),
        f"## Address map\n\nAn address is `region « {OFFSET_BITS} + offset`; every word has 32 "
        "bits, of which a memory keeps as many as it has.\n",
        _table("region", "name", "what, addressed by", "format", rows=regions),
        "## Registers\n",
        _table("offset", "name", "access", "meaning", rows=registers),
        "## Registers of the link\n",
        _table("offset", "name", "access", "meaning", rows=[*link, info]),
        "## Registers of the AXI wrapper\n\nIn the place of those of the link; "
        "[soc.md](soc.md) tells how they are used.\n",
        _table("offset", "name", "access", "meaning", rows=[*axi, info]),
        "## Descriptors\n\nFields from bit 0 up, widths in bits; negative: signed.\n",
        "Population: " + _fields(POPULATION_FIELDS) + "\n",
        "Projection: " + _fields(PROJECTION_FIELDS) + "\n",
        "## Cores with eligibilities\n\nThey have further states, at the offsets of a region's own "
        f"states plus {UPPER}:\n",
        _table("state", "region", "format", rows=[
            (f"`{name}`", region.name, _format(name, ELIGIBILITY_FORMATS[name]))
            for name, region in BEHIND.items()]),
        "and further fields at the ends of descriptors:\n",
        "Population: " + _fields(_more(population_fields, POPULATION_FIELDS)) + "\n",
        "Projection: " + _fields(_more(projection_fields, PROJECTION_FIELDS)) + "\n",
    ])


def _fields(fields) -> str:
    return ", ".join(f"`{name}` {width}" for name, width in dict(fields).items()) + "."


if __name__ == "__main__":
    PAGE.write_text(register_map(), encoding="utf-8")
