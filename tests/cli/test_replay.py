"""Traces outlive the run that found them, and say so when the spec has moved on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call


def saved(mcheck: Call, *arguments: str) -> Path:
    return Path(json.loads(mcheck(*arguments, "--json").out)["violation"]["trace"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["toys.py:TwoJugs"],
        ["toys.py:Lock", "--tweak", "grants-twice", "--nodes", "3"],
        ["toys.py:Lock", "--tweak", "never-grants", "--deadlock"],
        ["two-phase-commit", "--tweak", "commit-early", "--property", "implements TCommit"],
    ],
)
def test_it_still_violates(mcheck: Call, arguments: list[str]) -> None:
    ran = mcheck("replay", str(saved(mcheck, *arguments)))
    assert (ran.status, ran.err) == (0, "")
    assert "VIOLATED" in ran.out and "as recorded" in ran.out
    assert "changed" not in ran.out


def test_the_answer_as_json(mcheck: Call) -> None:
    file = saved(mcheck, "toys.py:TwoJugs")
    found = json.loads(mcheck("replay", str(file), "--json").out)
    assert found["violates"] is True and found["spec_changed"] is False
    assert found["property"] == "Not four gallons" and found["steps"] == 6


def test_it_no_longer_violates(mcheck: Call, tmp_path: Path) -> None:
    file = saved(mcheck, "toys.py:TwoJugs")
    spec = tmp_path / "toys.py"
    spec.write_text(spec.read_text().replace("s.big != 4", "s.big <= 5"))
    forget_files()
    ran = mcheck("replay", str(file))
    assert (ran.status, ran.err) == (1, "")
    assert "(the spec has changed since it was saved)" in ran.out
    assert "NO LONGER VIOLATED: Not four gallons holds at the end of this trace." in ran.out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('require(i in s.granted, "the lock', 'require(s.seats[i].turn > 1, "the lock', "step 5, take(i=0): not enabled: the lock is granted to i"),
        ("turn=me.turn + 1)", "turn=me.turn)", "step 1, ask(i=0): leads to another state than recorded, in seats, requests"),
        ("def take(", "def seize(", "step 5, take(i=0): GrantsTwice has no action 'take'"),
    ],
)  # fmt: skip
def test_it_diverges(mcheck: Call, tmp_path: Path, old: str, new: str, says: str) -> None:
    file = saved(mcheck, "toys.py:Lock", "--tweak", "grants-twice")
    spec = tmp_path / "toys.py"
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))
    forget_files()
    ran = mcheck("replay", str(file))
    assert ran.status == 1
    assert ran.err.startswith("mcheck: ") and ran.err.count("\n") == 1
    assert says in ran.err


def test_a_run_that_fails_leaves_the_way_to_the_failure(mcheck: Call, tmp_path: Path) -> None:
    spec = tmp_path / "toys.py"
    spec.write_text(spec.read_text().replace("return s.replace(small=0)", "return s.replace(small=s.small * 2)"))
    ran = mcheck("toys.py:TwoJugs")
    assert ran.status == 4
    assert (
        ran.err == "mcheck: toys.py:46: empty_small(): Jugs.small: 6 is outside 0..3 (in a state reached in 2 steps)\n"
    )
    assert ">2  big_to_small()  3      2  ← empty_small fails here" in ran.out
    (trace,) = (tmp_path / "mcheck-out").iterdir()
    assert trace.name.startswith("two-jugs-trace-")
    replayed = mcheck("replay", str(trace))
    assert replayed.status == 0 and "Every step is still enabled." in replayed.out


def forget_files() -> None:
    """Load files anew, as another process would."""
    from mcheck import protocols

    protocols._loaded.clear()
