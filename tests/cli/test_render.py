"""mcheck render: every format, into the right file, or one line that says why not."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.cli.conftest import Call
from tests.cli.test_replay import forget_files

from mcheck.commands.render import FORMATS


@pytest.fixture
def trace(mcheck: Call) -> str:
    """A saved trace of two-phase commit."""
    ran = mcheck(
        "two-phase-commit", "--tweak", "commit-early", "--property", "Consistent", "--engine", "reference", "--json"
    )
    return str(json.loads(ran.out)["violation"]["trace"])


def test_the_report_says_how_to_look(mcheck: Call) -> None:
    ran = mcheck("toys.py:TwoJugs", "--engine", "reference")
    look = next(line for line in ran.out.splitlines() if line.startswith("  look"))
    words = look.split()[1:]
    assert words[:2] == ["mcheck", "render"] and words[-2:] == ["-f", "html"]
    done = mcheck(*words[1:])
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith(".html: 6 steps; open it in a browser\n")
    assert Path(done.out.split()[1].rstrip(":")).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_text_is_printed(mcheck: Call, trace: str) -> None:
    ran = mcheck("render", trace)
    assert ran.out == mcheck("render", trace, "-f", "txt", "-o", "-").out
    assert ran.out.startswith("VIOLATED Consistent\n")
    assert f"mcheck replay {trace}" in ran.out and "3 managers · spec " in ran.out
    assert mcheck("render", trace, "-f", "mermaid").out.splitlines()[3] == "sequenceDiagram"


def test_pictures_go_beside_the_trace_or_where_they_are_told(mcheck: Call, trace: str, tmp_path: Path) -> None:
    ran = mcheck("render", trace, "-f", "svg")
    beside = Path(trace.replace(".itf.json", ".svg"))
    assert (ran.status, ran.out) == (0, f"wrote {beside.as_posix()}: 5 steps\n")
    ET.fromstring(beside.read_text(encoding="utf-8"))
    assert mcheck("render", trace, "-o", "here.svg").status == 0
    assert Path("here.svg").read_bytes() == beside.read_bytes()
    assert mcheck("render", trace, "-f", "svg", "-o", "-").out.rstrip("\n") == beside.read_text(
        encoding="utf-8"
    ).rstrip("\n")
    assert mcheck("render", trace, "-f", "html", "-o", "odd.name").status == 0
    assert mcheck("render", trace, "-o", "x.mmd").status == 0
    assert mcheck("render", trace, "-o", "X.HTML").status == 0


def test_a_picture_may_be_drawn_again(mcheck: Call, trace: str) -> None:
    assert [mcheck("render", trace, "-f", "svg").status for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_of_the_table(mcheck: Call, trace: str, format: str) -> None:
    if format == "png":
        pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    ran = mcheck("render", trace, "-f", format, "-o", "out.file")
    if format == "png" and "needs a font" in ran.err:
        pytest.skip(ran.err)
    assert (ran.status, ran.err) == (0, "")
    assert Path("out.file").stat().st_size > 500


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["-f", "gif"], 2, "--format must be one of txt, svg, png, html, mermaid (got 'gif')"),
        (["-o", "picture.gif"], 2, "picture.gif: say which format: -f txt, -f svg, -f png, -f html, -f mermaid"),
        (["-o", "none/such.svg"], 2, "none/such.svg: a result is written to a file in a folder that exists"),
        (["-f", "svg", "-o", "."], 2, ".: a result is written to a file in a folder that exists"),
        (["-f", "png", "-o", "-"], 2, "a PNG is not text: -o picture.png"),
    ],
)
def test_what_cannot_be_written(mcheck: Call, trace: str, arguments: list[str], status: int, says: str) -> None:
    ran = mcheck("render", trace, *arguments)
    assert (ran.status, ran.out) == (status, "")
    assert says in ran.err and ran.err.count("\n") == 1


def test_the_trace_itself_is_not_overwritten(mcheck: Call, trace: str) -> None:
    before = Path(trace).read_bytes()
    ran = mcheck("render", trace, "-f", "svg", "-o", trace)
    assert ran.status == 2 and "that is the trace itself" in ran.err
    assert Path(trace).read_bytes() == before


def test_a_full_disk(mcheck: Call, trace: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    ran = mcheck("render", trace, "-f", "svg", "-o", "/dev/full")
    assert ran.status == 4 and ran.err.count("\n") == 1 and "/dev/full" in ran.err


@pytest.mark.parametrize("file", ["missing.itf.json", "toys.py", "."])
def test_what_is_no_trace(mcheck: Call, file: str) -> None:
    ran = mcheck("render", file, "-f", "svg")
    assert ran.status == 2 and ran.err.startswith("mcheck: ") and ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("def take(", "def seize(", "step 5, take(i=0): GrantsTwice has no action 'take'"),
        ("turn=me.turn + 1)", "turn=me.turn)", "step 1, ask(i=0): leads to another state than recorded"),
        ('"Mutual Exclusion"', '"Alone"', "the spec no longer has a property 'Mutual Exclusion'"),
    ],
)
def test_no_picture_of_a_trace_that_the_spec_cannot_follow(
    mcheck: Call, tmp_path: Path, old: str, new: str, says: str
) -> None:
    ran = mcheck("toys.py:Lock", "--tweak", "grants-twice", "--engine", "reference", "--json")
    file = json.loads(ran.out)["violation"]["trace"]
    spec = tmp_path / "toys.py"
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))
    forget_files()
    ran = mcheck("render", file, "-f", "svg")
    assert (ran.status, ran.out) == (1, "")
    assert says in ran.err and ran.err.count("\n") == 1
    assert not list(tmp_path.rglob("*.svg"))


def test_a_trace_that_violates_nothing_any_more_is_drawn_as_that(mcheck: Call, tmp_path: Path) -> None:
    file = json.loads(mcheck("toys.py:TwoJugs", "--engine", "reference", "--json").out)["violation"]["trace"]
    spec = tmp_path / "toys.py"
    spec.write_text(spec.read_text().replace("s.big != 4", "s.big <= 5"))
    forget_files()
    ran = mcheck("render", file)
    assert ran.status == 0
    assert ran.out.startswith("NO LONGER VIOLATED Not four gallons")
    assert (
        ran.err == "mcheck: Not four gallons is no longer violated at the end of this trace, and the picture says so\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["toys.py:Lock", "--tweak", "never-grants", "--deadlock"],
        ["two-phase-commit", "--tweak", "commit-early", "--property", "implements TCommit"],
        ["toys.py:Lock", "--tweak", "grants-twice", "--nodes", "3"],
    ],
)
def test_every_kind_of_violation(mcheck: Call, arguments: list[str]) -> None:
    file = json.loads(mcheck(*arguments, "--json").out)["violation"]["trace"]
    for format in ("svg", "html", "mermaid", "txt"):
        assert mcheck("render", file, "-f", format, "-o", "out.file").status == 0, format
