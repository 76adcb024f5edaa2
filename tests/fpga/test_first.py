"""First places: of all that a design has, legal ones, though nobody has placed it yet."""

import copy
import json

import pytest

from fpga.first import first_places
from fpga.packed import FIXED
from fpga.read_packed import read_packed
from fpga.sites import PER_TILE, sites, top_of
from tests.fpga.stirred import DEVICE, prepare
from tests.fpga.tile_rules import keeps_rules


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With a design that was packed and not placed."""
    return prepare(tmp_path_factory.mktemp("packed"), "--pack-only", out="packed.json")


@pytest.fixture(scope="module")
def found(folder):
    return sites(folder, DEVICE)


@pytest.fixture
def document(folder):
    return json.loads((folder / "packed.json").read_text())


def test_every_cell_has_a_place_by_the_rules_of_tiles(folder, found, document):
    first_places(document, found, found[PER_TILE])
    packed = read_packed(document, found, found[PER_TILE])
    assert (packed.cells.place[packed.cells.kind != FIXED] >= 0).all()
    packed.write(folder / "first.json")
    cells = top_of(json.loads((folder / "first.json").read_text()))["cells"]
    placed = {name: cell for name, cell in cells.items() if "BEL" in cell["attributes"]}
    # The ports of this design may be on any pins.
    assert {cell["type"] for name, cell in cells.items() if name not in placed} == {"TRELLIS_IO"}
    assert len({cell["attributes"]["BEL"] for cell in placed.values()}) == len(placed) > 1000
    keeps_rules(placed)


def test_wires_to_what_has_no_place_do_not_count(found, document):
    first_places(document, found, found[PER_TILE])
    packed = read_packed(document, found, found[PER_TILE])
    ports = {number for number, bel in enumerate(packed.bels) if bel is None}
    assert len(ports) > 70 and not ports & set(packed.nets.cell.tolist())


@pytest.mark.parametrize(("kind", "kept", "message"), [
    (PER_TILE, 40, "40 tiles are too few"), ("DP16KD", 0, "1 cells of DP16KD, 0 sites")])
def test_a_device_that_is_too_small_is_an_error(found, document, kind, kept, message):
    smaller = copy.deepcopy(found)
    smaller[kind] = smaller[kind][:kept]
    with pytest.raises(ValueError, match=f"^{message}$"):
        first_places(document, smaller, smaller[PER_TILE])
