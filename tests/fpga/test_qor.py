"""Quality of results: what is told of a configuration, and what changed."""

from fpga import qor
from fpga.configurations import CONFIGURATIONS
from fpga.place import Routed


def test_comparison_names_what_moved():
    routed = Routed(resources={"LUT": (110, 500), "DSP": (4, 28)}, megahertz=99.0, path="a → b")
    now = qor.row("small", CONFIGURATIONS["small"], {1: routed, 2: routed})
    assert now["Fmax"] == [99.0, 99.0] and now["seeds"] == [1, 2] and now["LUT"] == 110
    xor, wide = now["networks"]["xor"], now["networks"]["256-256 recurrent"]
    assert xor["updates_per_second"] == round(99e6 / xor["cycles"] * xor["synapses"])
    assert "256-256 recurrent" in wide["refused"]
    lines = "\n".join(qor.compare([now], [now | {"LUT": 100}]))
    assert "small    LUT                  100       110  +10.0 %" in lines
    assert "DSP                    4         4  same" in lines
    assert "small    Fmax_median         99.0      99.0  same" in lines
    assert all(line.endswith("new") for line in qor.compare([now], []))
