"""Traces outlive the run that found them, and say so when the spec has moved on."""

from __future__ import annotations

import json
import re
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


RENAMED = [
    ("action", "take", "seize", "step 5, take(i=0): GrantsTwice has no action 'take'"),
    ("parameter", "m", "r", "step 3, grant(m=Request(src=0, turn=1)): grant takes r (got m)"),
    ("field of the state", "seats", "chairs", "initially: leads to another state than recorded, in chairs, seats; the spec no longer has 'seats'"),
    ("field of a record", "mode", "phase", "initially: leads to another state than recorded, in seats; the spec no longer has 'mode'"),
    ("field of a message", "src", "sender", "step 1, ask(i=0): leads to another state than recorded, in requests; the spec no longer has 'src'"),
    ("enum member", "WAITING", "WAITS", "step 1, ask(i=0): leads to another state than recorded, in seats; the spec no longer has 'WAITING'"),
    ("scalarset", "Node", "Client", "initially: leads to another state than recorded, in seats; the spec no longer has 'Node'"),
    ("kind of message", "Request", "Ask", "step 3, grant(m=Request(src=0, turn=1)): grant: parameter m: expected a Ask, got Request(src=0, turn=1)"),
    ("property", "Mutual Exclusion", "Exclusion", "step 6, the end: the spec no longer has a property 'Mutual Exclusion'"),
    ("constant", "polite", "kind", "GrantsTwice has no constant 'polite'; it has nodes, kind, max_turn, max_requests"),
    ("bound", "max_turn", "max_round", "GrantsTwice has no constant 'max_turn' (did you mean 'max_round'?)"),
    ("tweak", "GrantsTwice", "GrantsAlways", "lock has no tweak 'grants-twice' (did you mean 'grants-always'?)"),
    ("spec", "Lock", "Mutex", "toys.py:Lock: no class 'Lock'; there is TwoJugs, Mutex, GrantsTwice, NeverGrants"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), [r[1:] for r in RENAMED], ids=[r[0] for r in RENAMED])
def test_after_a_renaming_it_says_which_name_is_gone(
    mcheck: Call, tmp_path: Path, old: str, new: str, says: str
) -> None:
    file = str(saved(mcheck, "toys.py:Lock", "--tweak", "grants-twice", "--engine", "reference"))
    spec = tmp_path / "toys.py"
    spec.write_text(re.sub(rf"\b{old}\b", new, spec.read_text()))
    for command in (
        ["replay"],
        ["render", "-f", "svg"],
        ["graph"],
        ["graph", "--around", "1"],
        ["export", "-f", "itf"],
    ):
        forget_files()
        ran = mcheck(command[0], file, *command[1:])
        assert ran.status in (1, 2) and ran.out == ""
        assert ran.err.count("\n") == 1 and says in ran.err
    assert {path.suffix for path in (tmp_path / "mcheck-out").iterdir()} == {".json"}


@pytest.mark.parametrize(("old", "new"), [("Seat", "Chair"), ("Room", "Hall"), ("mutual_exclusion", "exclusion")])
def test_what_a_trace_does_not_name_may_be_renamed(mcheck: Call, tmp_path: Path, old: str, new: str) -> None:
    file = str(saved(mcheck, "toys.py:Lock", "--tweak", "grants-twice", "--engine", "reference"))
    spec = tmp_path / "toys.py"
    spec.write_text(re.sub(rf"\b{old}\b", new, spec.read_text()))
    forget_files()
    ran = mcheck("replay", file)
    assert (ran.status, ran.err) == (0, "") and "VIOLATED Mutual Exclusion" in ran.out


def test_names_that_change_places_are_noticed(mcheck: Call, tmp_path: Path) -> None:
    file = str(saved(mcheck, "toys.py:Lock", "--tweak", "grants-twice", "--engine", "reference"))
    spec = tmp_path / "toys.py"
    swapped = {"WAITING": "HOLDING", "HOLDING": "WAITING"}
    spec.write_text(re.sub("WAITING|HOLDING", lambda m: swapped[m[0]], spec.read_text()))
    forget_files()
    ran = mcheck("render", file)
    assert ran.status == 1
    assert ran.err == "mcheck: step 1, ask(i=0): leads to another state than recorded, in seats\n"


def test_a_run_that_fails_leaves_the_way_to_the_failure(mcheck: Call, tmp_path: Path) -> None:
    spec = tmp_path / "toys.py"
    spec.write_text(spec.read_text().replace("return s.replace(small=0)", "return s.replace(small=s.small * 2)"))
    ran = mcheck("toys.py:TwoJugs")
    assert ran.status == 4
    assert (
        ran.err == "mcheck: toys.py:47: empty_small(): Jugs.small: 6 is outside 0..3 (in a state reached in 2 steps)\n"
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
