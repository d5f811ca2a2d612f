"""mcheck shrink, and what mcheck simulate shows of a violation: smaller, the same violation, and honest about the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

CROWD = ["simulate", "toys.py:Lock", "--tweak", "grants-twice", "--nodes", "3", "--max-requests", "3"]
"""Finds a violation of 8 steps, of which 6 suffice."""


def found(mcheck: Call, *more: str) -> str:
    """The trace of a violation as it was found."""
    return str(json.loads(mcheck(*CROWD, "--no-shrink", "--json", *more).out)["violation"]["trace"])


def test_the_passes_the_proof_and_the_trace(mcheck: Call) -> None:
    file = found(mcheck)
    ran = mcheck("shrink", file, "--out", "small")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"shrunk {file} from 8 steps to 6  (")
    assert lines[1] == "  deletion  8 → 6"
    assert any(line.startswith("  none within the same bounds is shorter: ") for line in lines)
    assert "VIOLATED Mutual Exclusion" in ran.out and "6 steps, the shortest" in ran.out
    (saved,) = Path("small").iterdir()
    assert f"  saved   {saved}" in lines
    replayed = mcheck("replay", str(saved))
    assert replayed.status == 0 and "6 steps, as recorded" in replayed.out


def test_the_answer_as_json(mcheck: Call) -> None:
    file = found(mcheck)
    document: dict[str, Any] = json.loads(mcheck("shrink", file, "--json").out)
    assert (document["before"], document["after"], document["shrunk"]) == (8, 6, file)
    assert document["passes"][0] == {"name": "deletion", "before": 8, "after": 6, "measure": "steps"}
    assert (document["shortest"], document["at_least"], document["stopped"]) == (True, 6, None)
    assert len(document["labels"]) == 6 and document["property"] == "Mutual Exclusion"
    assert json.loads(mcheck("replay", document["trace"], "--json").out)["violates"] is True


def test_what_is_small_already_is_not_saved_again(mcheck: Call) -> None:
    small = json.loads(mcheck("shrink", found(mcheck), "--json").out)["trace"]
    ran = mcheck("shrink", small, "--out", "elsewhere")
    assert ran.out.startswith(f"{small}: 6 steps, which no pass makes smaller  (")
    assert f"  saved   {small}\n" in ran.out and not Path("elsewhere").exists()


def test_a_search_that_is_too_small_proves_nothing_and_says_so(mcheck: Call) -> None:
    file = found(mcheck)
    ran = mcheck("shrink", file, "--max-states", "5")
    assert "  another one may be shorter, but has 3 steps at least: 10 states searched (--max-states)\n" in ran.out
    assert "6 steps, shrunk from 8" in ran.out and "the shortest" not in ran.out
    document = json.loads(mcheck("shrink", file, "--max-states", "5", "--json").out)
    assert document["shortest"] is False and document["at_least"] == 3


def test_the_search_finds_what_no_pass_does(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcheck.counterexamples.shrink.PASSES", ())
    document = json.loads(mcheck("shrink", found(mcheck), "--json").out)
    assert document["passes"] == [{"name": "search", "before": 8, "after": 6, "measure": "steps"}]
    assert document["shortest"] is True


def test_no_time_is_an_honest_partial_result(mcheck: Call) -> None:
    file = found(mcheck)
    ran = mcheck("shrink", file, "--time-limit", "1e-9")
    assert ran.status == 0
    assert "  stopped: time limit of 1e-09 s; more time may make it smaller\n" in ran.out
    assert "  whether another one is shorter is not known: no search was made for it\n" in ran.out


def test_an_interrupt_shows_what_was_found_so_far(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcheck.counterexamples.shrink import PASSES

    def interrupted(trials: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mcheck.counterexamples.shrink.PASSES", (*PASSES[:2], interrupted))
    ran = mcheck("shrink", found(mcheck))
    assert ran.status == 130
    assert "  stopped: interrupted" in ran.out and "6 steps, shrunk from 8" in ran.out


def test_a_deadlock_and_a_refinement_are_shrunk_too(mcheck: Call) -> None:
    for arguments in (
        ["toys.py:Lock", "--tweak", "never-grants", "--deadlock"],
        ["two-phase-commit", "--tweak", "commit-early", "--property", "implements TCommit"],
    ):
        trace = json.loads(mcheck(*arguments, "--json").out)["violation"]["trace"]
        document = json.loads(mcheck("shrink", trace, "--json").out)
        assert document["after"] == document["before"] and document["shortest"] is True


def test_simulate_shows_the_violation_shrunk(mcheck: Call) -> None:
    document = json.loads(mcheck(*CROWD, "--json").out)
    assert (document["violation"]["steps"], len(document["violation"]["labels"])) == (6, 6)
    assert (document["shrunk"]["before"], document["shrunk"]["after"], document["shrunk"]["stopped"]) == (8, 6, None)
    assert next(p for p in document["properties"] if p["result"] == "violated")["steps"] == 6
    assert mcheck("replay", document["violation"]["trace"]).status == 0


def test_simulate_without_shrinking(mcheck: Call, tmp_path: Path) -> None:
    document = json.loads(mcheck(*CROWD, "--no-shrink", "--json").out)
    assert (document["violation"]["steps"], document["shrunk"]) == (8, None)
    (tmp_path / "pyproject.toml").write_text("[tool.mcheck]\nshrink = false\n")
    assert json.loads(mcheck(*CROWD, "--json").out)["violation"]["steps"] == 8
