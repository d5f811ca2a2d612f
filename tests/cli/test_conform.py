"""mcheck conform.  If these fail, what is found in an implementation is reported wrongly, or a typing error ends badly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call

TOYS = Path(__file__).parents[1] / "conformance/toys.py"
SPECIFIED = f"{TOYS}:SpecifiedRaft"
EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_violation_is_shown_saved_and_done_again(mcheck: Call, tmp_path: Path) -> None:
    ran = mcheck("conform", SPECIFIED, "--option", "tweak=vote-twice", "--steps", "120", "--reorder")
    assert (ran.status, ran.err) == (1, "")
    assert "VIOLATED Vote Once  3 operations, minimised from" in ran.out
    assert "① n" in ran.out and "② and for n" in ran.out and "  >  3  deliver n" in ran.out
    (saved,) = tmp_path.glob("mcheck-out/toys-vote-once-*.run.json")
    (picture,) = tmp_path.glob("mcheck-out/*.svg")
    assert "VIOLATED Vote Once" in picture.read_text() and "--replay mcheck-out/" in ran.out
    again = mcheck("conform", SPECIFIED, "--replay", str(saved.relative_to(tmp_path)))
    assert again.status == 1 and "3 operations of 3: VIOLATED Vote Once" in again.out
    document = json.loads(mcheck("conform", SPECIFIED, "--replay", str(saved), "--json").out)
    assert document["finding"]["title"] == "Vote Once"
    document["options"] = {}
    saved.write_text(json.dumps(document))
    mended = mcheck("conform", SPECIFIED, "--replay", str(saved))
    assert mended.status == 0 and "nothing is violated" in mended.out


def test_nothing_found_is_no_proof(mcheck: Call) -> None:
    ran = mcheck("conform", SPECIFIED, "--schedules", "5", "--steps", "50")
    assert ran.status == 0 and "links keep the order" in ran.out
    assert "NOTHING VIOLATED on these schedules.  Random schedules prove nothing." in ran.out
    document = json.loads(mcheck("conform", SPECIFIED, "--schedules", "5", "--steps", "50", "--json").out)
    assert (document["verdict"], document["steps"], document["violation"]) == ("inconclusive", 250, None)
    assert document["operations"]["deliver"] > 10


def test_an_implementation_that_raises_is_inconclusive(mcheck: Call) -> None:
    ran = mcheck("conform", f"{TOYS}:Broken", "--schedules", "3")
    assert ran.status == 3 and "Traceback" not in ran.out + ran.err
    assert "INCONCLUSIVE: the implementation raised ZeroDivisionError at toys.py:" in ran.out
    assert "Nothing was violated in the 4 steps before." in ran.out
    ran = mcheck("conform", "--exec", "false")
    assert ran.status == 3 and "the adapter's process ended with status 1 during reset" in ran.out


def test_a_log_is_explained_or_the_line_is_named(mcheck: Call, tmp_path: Path) -> None:
    assert mcheck("conform", "two-phase-commit", "--cases", "cases.jsonl").status == 0
    ran = mcheck("conform", "two-phase-commit", "--log", "cases.jsonl")
    assert ran.status == 0 and "3 of 3 runs explained · 11 events" in ran.out
    Path("run.jsonl").write_text('{"label": "rm_prepare(rm=1)"}\n{"label": "tm_commit()"}\n')
    ran = mcheck("conform", "two-phase-commit", "--log", "run.jsonl", "--log", "cases.jsonl")
    assert ran.status == 1
    assert "NOT EXPLAINED run.jsonl:2: no step of the specification agrees with this event." in ran.out
    assert "nearest       tm_commit(): not enabled: all are known to be prepared" in ran.out
    document = json.loads(mcheck("conform", "two-phase-commit", "--log", "run.jsonl", "--json").out)
    (unexplained,) = document["unexplained"]
    assert (document["verdict"], unexplained["line"], unexplained["matched"]) == ("mismatch", 2, 1)
    assert unexplained["nearest"][0]["guard"] == "all are known to be prepared"
    assert mcheck("conform", "two-phase-commit", "--tweak", "commit-early", "--log", "run.jsonl").status == 1
    Path("run.jsonl").write_text('{"label": "timeout(i=0)"}\n' * 2)
    ran = mcheck("conform", "raft", "--max-log", "1", "--max-term", "1", "--log", "run.jsonl")
    assert ran.status == 3 and "steps were cut at max_term: raise it" in ran.out


def test_an_implementation_follows_a_specification(mcheck: Call) -> None:
    small = ("--max-log", "0", "--max-failures", "0", "--against", str(EXAMPLES / "article_raft_node.py"))
    ran = mcheck("conform", "textbook-raft", "--tweak", "as-written", *small)
    assert ran.status == 0 and "AGREES in every case" in ran.out
    ran = mcheck("conform", "textbook-raft", *small)
    assert ran.status == 1 and "DIVERGES in case" in ran.out and "the implementation has" in ran.out
    document = json.loads(mcheck("conform", "textbook-raft", *small, "--json").out)
    assert document["verdict"] == "diverges" and document["apart"][0]["differences"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("raft",), "say what is held against it"),
        ((), "Missing argument"),
        (("raf",), "no protocol 'raf' (did you mean 'raft'?)"),
        (("raft", "--log", "x", "--cases", "y"), "--log and --cases are two commands"),
        (("raft", "--log", "none.jsonl"), "none.jsonl: cannot be read"),
        (("raft", "--log", "toys.py"), "toys.py:1: not JSON"),
        (("raft", "--log", "empty.jsonl"), "empty.jsonl: there is no event in this log"),
        (("raft", "--log", "toys.py", "--silent", "drop"), "raft has no action 'drop'"),
        (("raft", "--against", "none.py"), "none.py: no such file"),
        (("raft", "--against", "toys.py"), "no adapter in this file"),
        (("none.py",), "none.py: no such file"),
        ((SPECIFIED, "--exec", "cat"), "give one of the two"),
        ((SPECIFIED, "--reordr"), "no option --reordr (did you mean --reorder?)"),
        ((SPECIFIED, "--option", "x"), "write NAME=VALUE"),
        ((SPECIFIED, "--property", "Vote Onec"), "no monitor 'Vote Onec' (did you mean 'Vote Once'?)"),
        ((SPECIFIED, "--replay", "toys.py"), "not a saved run"),
        ((SPECIFIED, "--nodes", "0"), "--nodes must be an integer from 1 to 64"),
        ((str(TOYS),), "several adapters in this file: say which"),
        ((f"{TOYS}:Specified",), "no class 'Specified'"),
        ((str(EXAMPLES / "article_raft_node.py"),), "Cluster has no enabled, step"),
    ],
)
def test_a_typing_error_is_one_line(mcheck: Call, words: tuple[str, ...], said: str) -> None:
    Path("empty.jsonl").write_text("\n")
    ran = mcheck("conform", *words)
    assert ran.status == 2 and ran.out == ""
    assert said.lower() in ran.err.lower() and ran.err.count("\n") == 1


def test_help_tells_of_both_forms(mcheck: Call) -> None:
    assert "--log FILE" in mcheck("conform", "raft", "--help").out
    assert "--reorder" in mcheck("conform", SPECIFIED, "--help").out
