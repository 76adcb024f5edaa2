"""docs/registers.md is the tables of the code, and no two things share a place in them."""

from hdl.link.commands import (
    COMMANDS,
    INFO_OFFSET,
    LINK_REGION,
    LINK_REGISTERS,
    STATUSES,
    Command,
    Status,
)
from hdl.link.document import PAGE, register_map
from hdl.region import REGISTERS, Region


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == register_map(), (
        "docs/registers.md is old; run python -m hdl.link.document")


def test_everything_is_described():
    assert set(COMMANDS) == set(Command) and set(STATUSES) == set(Status)
    page = register_map()
    assert all(f"`{name}`" in page for name in (*REGISTERS, *LINK_REGISTERS))
    assert all(f"| {int(region)} | {region.name} |" in page for region in Region)


def test_places_are_apart():
    offsets = [register.offset for register in LINK_REGISTERS.values()]
    assert len(set(offsets)) == len(offsets) and max(offsets) < INFO_OFFSET
    assert LINK_REGION not in [int(region) for region in Region]
