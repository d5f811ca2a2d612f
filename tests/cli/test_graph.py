"""The command graph: what it writes, where, and what it says instead of taking minutes."""

from __future__ import annotations

import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.cli.conftest import Call
from tests.cli.test_replay import saved

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot is not installed")
LOCK = ("toys.py:Lock", "--tweak", "grants-twice")


def test_dot_is_printed_unless_a_file_is_named(mcheck: Call) -> None:
    printed = mcheck("graph", *LOCK)
    assert (printed.status, printed.err) == (0, "")
    assert printed.out.startswith(
        'digraph mcheck {\n  graph [label="lock + grants-twice · 2 nodes · polite · turns ≤ 1'
    )
    assert "violates Mutual Exclusion" in printed.out
    ran = mcheck("graph", *LOCK, "-o", "lock.gv")
    assert (ran.out, ran.err) == ("wrote lock.gv: 16 vertices, 24 arrows\n", "")
    assert Path("lock.gv").read_text() == printed.out


@needs_dot
def test_the_name_of_the_file_says_the_format(mcheck: Call) -> None:
    assert mcheck("graph", *LOCK, "-o", "lock.svg").status == 0
    assert "take(n1)" in "".join(ET.parse("lock.svg").getroot().itertext())
    assert mcheck("graph", *LOCK, "-o", "lock.PNG").status == 0
    assert Path("lock.PNG").read_bytes().startswith(b"\x89PNG")
    assert mcheck("graph", *LOCK, "-f", "svg").out == Path("lock.svg").read_text()
    assert mcheck("graph", *LOCK, "-o", "lock.htm").status == 0
    page = Path("lock.htm").read_text()
    assert page.startswith("<!doctype html>") and Path("lock.svg").read_text().endswith(
        page[page.index("<svg") : page.index("</svg>") + 6] + "\n"
    )
    assert mcheck("graph", *LOCK, "-f", "dot", "-o", "odd.txt").status == 0
    assert Path("odd.txt").read_text().startswith("digraph")


def test_graphml(mcheck: Call) -> None:
    pytest.importorskip("networkx", reason="networkx is not installed")
    assert mcheck("graph", *LOCK, "-o", "lock.graphml").out == "wrote lock.graphml: 16 vertices, 24 arrows\n"
    assert len(ET.parse("lock.graphml").getroot().findall(".//{*}node")) == 16


def test_constants_depth_and_projection(mcheck: Call) -> None:
    assert "3 nodes" in mcheck("graph", "toys.py:Lock", "--nodes", "3", "--depth", "1").out.splitlines()[1]
    assert mcheck("graph", "toys.py:Lock", "--depth", "1", "-o", "a.dot").out == "wrote a.dot: 3 vertices, 2 arrows\n"
    ran = mcheck("graph", *LOCK, "--project", "seats.mode", "-o", "a.dot")
    assert ran.out == "wrote a.dot: 9 vertices, 12 arrows\n"
    assert "16 states; those that agree on seats.mode are one vertex" in Path("a.dot").read_text()


def test_only_the_property_asked_for_is_marked(mcheck: Call) -> None:
    assert "violates" in mcheck("graph", "toys.py:TwoJugs", "--property", "not_four").out
    assert "violates" not in mcheck("graph", *LOCK, "--property", "Turns grow").out


def test_a_trace_is_its_steps_or_what_lies_around_it(mcheck: Call) -> None:
    trace = str(saved(mcheck, *LOCK))
    steps = mcheck("graph", trace)
    assert (steps.status, steps.err) == (0, "")
    assert '"step3" -> "step5"' in steps.out and "an arrow leads from a step to one that follows from it" in steps.out
    assert mcheck("render", trace, "-f", "dot").out == steps.out
    assert mcheck("graph", trace, "--around", "0", "-o", "a.dot").out == "wrote a.dot: 7 vertices, 6 arrows\n"
    around = mcheck("graph", trace, "--around", "1").out
    assert "at most 1 step from the trace" in around and "dashed outline: more steps lead out of it" in around
    assert "9 states" not in around
    projected = mcheck("graph", trace, "--project", "granted", "-o", "b.dot")
    assert projected.out == "wrote b.dot: 4 vertices, 8 arrows\n"
    both = mcheck("graph", trace, "--project", "granted", "--around", "0", "-o", "c.dot")
    assert both.out == "wrote c.dot: 4 vertices, 4 arrows\n"


def test_what_cannot_be_drawn_in_time_is_refused_with_what_can(mcheck: Call) -> None:
    few = mcheck("graph", "toys.py:Lock", "--max-states", "5", "-o", "a.svg")
    assert few.status == 2 and not Path("a.svg").exists()
    assert "Lock has more than 5 states here" in few.err and "--around 1" in few.err and few.err.count("\n") == 1
    many = mcheck("graph", "toys.py:Lock", "--nodes", "6", "--max-requests", "6", "-o", "a.svg")
    assert many.status == 2 and not Path("a.svg").exists()
    assert "vertices are too many to draw (at most 300)" in many.err and "--project" in many.err
    assert mcheck("graph", "toys.py:Lock", "--nodes", "6", "--max-requests", "6", "-o", "a.dot").status == 0


def test_without_graphviz_there_is_the_dot_file_and_a_hint(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    ran = mcheck("graph", *LOCK, "-o", "lock.svg")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "mcheck: no Graphviz here: wrote lock.dot instead; install Graphviz, or pip install pygraphviz, for -f svg\n"
    )
    assert Path("lock.dot").read_text() == mcheck("graph", *LOCK).out and not Path("lock.svg").exists()


def test_a_rule_that_fails_is_one_line(mcheck: Call) -> None:
    spec = Path("toys.py")
    spec.write_text(spec.read_text().replace("return s.replace(small=0)", "return s.replace(small=s.small * 2)"))
    ran = mcheck("graph", "toys.py:TwoJugs")
    assert ran.status == 4 and ran.err.count("\n") == 1
    assert "empty_small(): Jugs.small: 6 is outside 0..3" in ran.err


def test_settings_of_what_may_be_repeated(mcheck: Call) -> None:
    Path("pyproject.toml").write_text('[tool.mcheck.lock]\nproject = "seats.mode"\ntweak = "grants-twice"\n')
    assert mcheck("graph", "toys.py:Lock", "-o", "a.dot").out == "wrote a.dot: 9 vertices, 12 arrows\n"
    assert mcheck("compare", "toys.py:Lock", "--engine", "reference").out.count("grants-twice") == 1
