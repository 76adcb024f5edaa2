"""What becomes of the findings of a study: files in a folder, words on the terminal."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from host.options import print_json

__all__ = ["show_findings", "write_findings"]


def write_findings(folder: Path, names: Sequence[str], result: dict, text: str,
                draw: Callable[[dict, Path], None]) -> list[Path]:
    """Write ``result`` as JSON, ``text`` and what ``draw(result, path)`` draws; returns the paths.

    names   of the three files in ``folder``
    """
    paths = [folder / name for name in names]
    paths[0].write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    paths[1].write_text(text, encoding="utf-8")
    draw(result, paths[2])
    return paths


def show_findings(result: dict, text: str, written: Sequence[Path], *, as_json: bool) -> None:
    """Print ``result`` as one JSON object, or ``text`` and the files that were written."""
    if as_json:
        print_json(result)
        return
    click.echo(text)
    if written:
        click.echo(f"written: {', '.join(map(str, written))}")
