"""The build's cache: made once, found again, made anew exactly when the hardware changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.build import HARNESS, LIBRARY, build_library
from sim.library import SimulatedCore
from sim.tools import BuildError
from tests.sim.dummy import Dummy

VERILOG = "generating Verilog"
COMPILE = "compiling the simulator (30 s for 4 lanes, minutes for many, once)"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of this test's own."""
    monkeypatch.setenv("VLE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Workshop:
    """Builds a dummy whose factor is the first word of a source file."""

    def __init__(self, source: Path):
        self.source = source

    def build(self) -> tuple[Path, list[str]]:
        """The library, and the stages that were announced."""
        stages: list[str] = []
        library = build_library(lambda: Dummy(factor=int(self.source.read_text().split()[0])),
                                identity="dummy", sources=[self.source], announce=stages.append)
        return library, stages


def answer(library: Path) -> int:
    with SimulatedCore(library) as core:
        return int(core.run([1, 10], 2)[0])


def test_rebuilds_only_what_changed(cache, tmp_path):
    workshop = Workshop(tmp_path / "source.txt")
    workshop.source.write_text("3")
    first, stages = workshop.build()
    assert stages == [VERILOG, COMPILE]
    assert answer(first) == 30
    assert workshop.build() == (first, [])

    workshop.source.write_text("3 with a comment")
    assert workshop.build() == (first, [VERILOG])
    assert workshop.build() == (first, [])

    workshop.source.write_text("5")
    second, stages = workshop.build()
    assert stages == [VERILOG, COMPILE]
    assert second != first
    assert (answer(first), answer(second)) == (30, 50)

    workshop.source.write_text("3")
    assert workshop.build() == (first, [])


def test_a_library_swept_away_is_made_again(cache, tmp_path):
    workshop = Workshop(tmp_path / "source.txt")
    workshop.source.write_text("2")
    library, _ = workshop.build()
    for file in library.parent.iterdir():
        file.unlink()
    library.parent.rmdir()
    assert workshop.build() == (library, [VERILOG, COMPILE])
    assert answer(library) == 20


def test_processes_that_build_at_once_share_one_library(cache, tmp_path):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sim.build import build_library\n"
        "from tests.sim.dummy import Dummy\n"
        "print(build_library(Dummy, identity='both', sources=[Path(sys.argv[1])]))\n"
    )
    source = tmp_path / "source.txt"
    source.write_text("same")
    started = [subprocess.Popen([sys.executable, "-c", script, str(source)], text=True,
                                cwd=HARNESS.parents[1], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    libraries = {Path(out.strip()) for out, _ in said}
    assert len(libraries) == 1
    assert sum(COMPILE in err for _, err in said) == 1
    assert answer(libraries.pop()) == 30
    assert len(list(cache.glob(f"core-*/{LIBRARY}"))) == 1
    assert not list(cache.glob("building-*"))


def test_a_failed_build_names_its_log(cache, tmp_path, monkeypatch):
    source = tmp_path / "source.txt"
    source.write_text("1")
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BuildError, match=r"^no C\+\+ compiler 'no-such-compiler' on PATH"):
        Workshop(source).build()
    broken = tmp_path / "broken-compiler"
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && echo broken 1.0 && exit 0\n'
                      "echo it is broken; exit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.raises(BuildError, match=r"^compiling \S+ failed \(exit 3\); see \S+$") as error:
        Workshop(source).build()
    log = Path(str(error.value).split("; see ")[1])
    assert "it is broken" in log.read_text()
    assert not list(cache.glob("core-*/"))
