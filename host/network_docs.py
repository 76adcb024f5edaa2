"""``python -m host.network_docs`` writes the tables of docs/networks.md anew, from the schema."""

from pathlib import Path

from pydantic import BaseModel

from host.network_schema import tables

__all__ = ["render", "section"]

PAGE = Path(__file__).parents[1] / "docs" / "networks.md"
BEGIN, END = "<!-- keys: begin -->\n", "<!-- keys: end -->"


def render() -> str:
    """One table of keys per table of the file."""
    return "\n".join(_table(header, model) for header, model in tables().items())


def section(page: str) -> str:
    """The part of a page that :func:`render` fills."""
    return page.split(BEGIN)[1].split(END)[0]


def _table(header: str, model: type[BaseModel]) -> str:
    lines = [f"### {f'`{header}`' if header else 'At the top'}", "", model.__doc__, "",
             "| key | what | allowed | default |", "|---|---|---|---|"]
    for name, key in model.model_fields.items():
        default = "" if key.is_required() else _default(key.default)
        lines.append(f"| `{name}` | {key.description} | {key.json_schema_extra['allowed']} | "
                     f"{default} |")
    return "\n".join(lines) + "\n"


def _default(value) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{value:g}`" if isinstance(value, int | float) else ""


def main() -> None:
    """Rewrite the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + BEGIN + render() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
