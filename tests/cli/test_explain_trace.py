"""mcheck explain TRACE: a narrative that names the steps as the table does, and the same as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call

LOCK = """\
lock + grants-twice violates Mutual Exclusion after 6 steps: At most one node holds the lock.

  ① n0: mode HOLDING    since step 5  (take(n0))
  ② n1: mode HOLDING    since step 6  (take(n1))

step 5, take(n0) ①
  was enabled: the lock is granted to i
  follows from steps 1 and 3

step 6, take(n1) ②
  was enabled: the lock is granted to i
  follows from steps 2 and 4

The violation follows from each of the 6 steps.

Until step 4 lock does the same.  Then it refuses grant Request(n1, turn=1): its guard “the lock is
  free” is false.
  may_grant (Nobody holds the lock): yes here, no in lock
  changed by grants-twice: may_grant
"""


def saved(mcheck: Call, *arguments: str) -> str:
    return str(json.loads(mcheck(*arguments, "--json").out)["violation"]["trace"])


def test_a_tweak_and_the_step_that_the_good_spec_refuses(mcheck: Call) -> None:
    file = saved(mcheck, "toys.py:Lock", "--tweak", "grants-twice", "--engine", "reference")
    ran = mcheck("explain", file)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == LOCK


def test_the_report_of_a_violation_says_how_to_ask_why(mcheck: Call) -> None:
    out = mcheck("toys.py:Lock", "--tweak", "grants-twice").out
    (line,) = [line for line in out.splitlines() if line.startswith("  why     ")]
    assert mcheck(*line.removeprefix("  why     mcheck ").split()).status == 0


def test_the_answer_as_json(mcheck: Call) -> None:
    file = saved(mcheck, "toys.py:Lock", "--tweak", "grants-twice", "--engine", "reference")
    document = json.loads(mcheck("explain", file, "--json").out)
    assert document["facts"][1] == {"text": "n1: mode HOLDING", "since": 6}
    assert document["causes"][1] == {
        "step": 6, "label": "take(i=1)", "facts": [2], "guards": ["the lock is granted to i"], "conditions": [],
        "follows_from": [2, 4],
    }  # fmt: skip
    assert document["follows_from"] == [1, 2, 3, 4, 5, 6]
    assert document["divergence"] == {
        "step": 4, "label": "grant(m=Request(src=1, turn=1))", "spec": "Lock", "how": "refused",
        "why": "the lock is free", "overridden": ["may_grant"],
        "rules": [{"rule": "may_grant", "sentence": "Nobody holds the lock.", "here": True, "there": False}],
        "refusal": None, "places": [],
    }  # fmt: skip


def test_a_start_that_the_good_spec_does_not_have(mcheck: Call) -> None:
    """One faulty replica more is another initial state: that each of the steps would be possible says nothing then."""
    file = Path(__file__).parents[2] / "counterexamples/gallery/pbft/too-many-faults/agreement.itf.json"
    out = mcheck("explain", str(file)).out
    assert out.endswith("\n\npbft does not begin in this state.\n")
    assert "takes every one" not in out


def test_a_good_spec_has_nothing_to_be_compared_with(mcheck: Call) -> None:
    out = mcheck("explain", saved(mcheck, "toys.py:TwoJugs")).out
    assert out.startswith("two-jugs violates Not four gallons after 6 steps: The big jug never holds four gallons.\n")
    assert "Until" not in out and "takes every one" not in out


def test_a_spec_of_ones_own_is_compared_with_the_one_it_derives_from(mcheck: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from mcheck.models.two_phase_commit import TwoPhaseCommit\nfrom mcheck.spec import len\n\n\n"
        "class Mine(TwoPhaseCommit):\n"
        "    def enough_prepared(self, prepared):\n        return len(prepared) >= 1\n"
    )
    ran = mcheck("explain", saved(mcheck, "mine.py:Mine", "--property", "Consistent"))
    assert ran.status == 0
    assert (
        "Until step 3 TwoPhaseCommit does the same.  Then it refuses tm_commit(): its guard “all are known to"
        in ran.out
    )
    assert "  changed by Mine: enough_prepared\n" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["toys.py:Lock", "--tweak", "never-grants", "--deadlock"], "violates Deadlock Freedom after 2 steps"),
        (["two-phase-commit", "--tweak", "commit-early", "--property", "as_tcommit"], "seen as TCommit: "),
        (["mirror.py:Mirror", "--tweak", "broken"], "violates implements TwoJugs in an initial state"),
    ],
    ids=["deadlock", "refinement", "initial state"],
)
def test_every_kind_of_property(mcheck: Call, arguments: list[str], says: str, tmp_path: Path) -> None:
    from tests.cli.test_text import MIRROR

    (tmp_path / "mirror.py").write_text(MIRROR)
    ran = mcheck("explain", saved(mcheck, *arguments))
    assert (ran.status, ran.err) == (0, "")
    assert says in " ".join(ran.out.split())


def test_no_line_is_wider_than_it_may_be(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(
        mcheck, "raft", "--tweak", "commit-alone", "--max-log", "1", "--engine", "reference", "--max-messages", "3"
    )
    for width in (60, 80, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = mcheck("explain", file).out.splitlines()
        assert max(map(len, lines)) <= width
