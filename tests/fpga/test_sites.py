"""A device's sites, as nextpnr tells them."""

from fpga.devices import DEVICES
from fpga.sites import KINDS, PER_TILE, census, sites


def test_census_counts_what_it_is_asked_for():
    cells = census({"DP16KD": 3, "MULT18X18D": 2})["modules"]["top"]["cells"].values()
    assert sorted(made["type"] for made in cells) == ["DP16KD"] * 3 + ["MULT18X18D"] * 2


def test_a_device_has_as_many_as_its_data_sheet_says(tmp_path):
    found = sites(tmp_path, DEVICES["LFE5U-25F"])
    assert {kind: len(set(bels)) for kind, bels in found.items()} == {
        "DP16KD": 56, "MULT18X18D": 28, PER_TILE: 24_288 // 8}
    assert set(found) == {*KINDS, PER_TILE}
