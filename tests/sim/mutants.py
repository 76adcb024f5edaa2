"""Mutants of the core: one simulation that holds hundreds of faults, each behind a number.

A mutant inverts one bit of one register, or one condition, of the generated Verilog while its
number is in force.  The number is a variable of the design that a write to the last bus address,
which belongs to no region, sets; 0 leaves the core as it is.
"""

import random
import re
from dataclasses import dataclass

__all__ = ["NUMBER_ADDRESS", "Site", "mutate", "sites"]

NUMBER_ADDRESS = 0xFFFFFF
WORD = 32
NAME = r"(?P<name>\\\S+ |\w+)"
DECLARATION = re.compile(rf"^  (?:wire|reg) (?:\[(?P<high>\d+):0\] )?{NAME}")
REGISTER = re.compile(rf"^    {NAME} *<= .*;$")
LIMIT = re.compile(r"^~ \\?\S+ *\[\d+\]$")
CONDITION = re.compile(r"^  assign (?P<name>\\\$\d+ ) = (?P<expression>.*[|&~!=<?].*);$")
NUMBERS = re.compile(r"\\?\$\d+|\d+'h\w+|_\d+\b|\$\d+$")


@dataclass(frozen=True)
class Site:
    """A line of the Verilog whose right-hand side a mutant changes.

    module   path of the component below the core
    what     the register's name, or the condition's expression
    line     number of the line, from 0
    mask     the bits that are inverted, see :func:`_mask`
    """

    module: str
    what: str
    line: int
    mask: int

    def __str__(self) -> str:
        return f"{self.module or 'top'}: {self.what} ^ {self.mask:#x}"

    @property
    def shape(self) -> tuple[str, str]:
        """What it has in common with its likes: delays of one value, bits of one multiplexer."""
        return self.module, NUMBERS.sub("", self.what).replace("\\", "")


def sites(verilog: str) -> list[Site]:
    """One site of every shape: of all registers with a name, and of all conditions in use.

    Which one is drawn from the shape itself, so that a change elsewhere changes nothing here.
    """
    shapes, number = {}, 0
    for text in re.split(r"^(?=module )", verilog, flags=re.MULTILINE):
        for site in _sites(text, number):
            shapes.setdefault(site.shape, []).append(site)
        number += text.count("\n")
    return [random.Random(str(shape)).choice(alike) for shape, alike in shapes.items()]


def _mask(width: int) -> int:
    """Which bits of a register to invert.

    Low enough for addresses, most of which are wider than memories are deep; above what rounding
    takes away from products and sums; all of them where a register holds many fields, or a word of
    the bus or of a descriptor, of which each reader wants some.
    """
    if width > 40 or width == WORD:
        return (1 << width) - 1
    return 1 << (width // 3 if width <= 20 else 3 * width // 4)


def _sites(text: str, first: int) -> list[Site]:
    """Sites of one module, whose text starts at line ``first``."""
    lines = text.splitlines()
    module = lines[0].split("(")[0].removeprefix("module").strip().lstrip("\\")
    module = module.removeprefix("core").removeprefix(".component").removeprefix(".")
    high = {match["name"].strip(): int(match["high"] or 0)
            for match in map(DECLARATION.match, lines) if match}
    words = re.findall(r"\\\S+", text)
    found = []
    for number, line in enumerate(lines, first):
        if match := REGISTER.match(line):
            name = match["name"].strip()
            if not re.match(r"\\\$|_\d", name):
                found.append(Site(module, name, number, _mask(high[name] + 1)))
        elif match := CONDITION.match(line):
            name = match["name"].strip()
            told = any(map(str.isalpha, NUMBERS.sub("", match["expression"])))
            # Declared, assigned, and used; made of something that has a name; and not a bit of the
            # limit of a saturation, which needs that very saturation to show: those are the
            # business of the components' benches.
            if (not high[name] and words.count(name) > 2 and told
                    and not LIMIT.match(match["expression"])):
                found.append(Site(module, match["expression"], number, 1))
    return found


def mutate(verilog: str, chosen: list[Site]) -> str:
    """The Verilog with mutant n at the n-th of the ``chosen`` sites, counted from 1."""
    lines = verilog.splitlines()
    for number, site in enumerate(chosen, 1):
        left, operator, right = re.split(r"( <?= )", lines[site.line], maxsplit=1)
        mask = f"{site.mask.bit_length()}'h{site.mask:x}"
        lines[site.line] = (f"{left}{operator}({right.removesuffix(';')}) ^ "
                            f"((mutants::number == {number}) ? {mask} : 1'h0);")
    top = next(k for k, line in enumerate(lines) if line.startswith("module core("))
    end = lines.index("endmodule", top)
    lines.insert(end, f"  always @(posedge clk) if (bus_request & bus_write & bus_address == "
                      f"24'd{NUMBER_ADDRESS}) mutants::number <= bus_write_data;")
    return "package mutants; bit [31:0] number; endpackage\n" + "\n".join(lines) + "\n"
