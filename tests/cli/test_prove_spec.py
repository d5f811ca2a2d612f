"""`mcheck prove SPEC --depth K` and `--inductive`: what they print, write, and answer to mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from mcheck.cli import status_of


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def output(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> str:
    """What the command prints on standard output; it ends with that status and says nothing else."""
    capsys.readouterr()
    assert status_of(["prove", *arguments]) == status
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def document(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    return json.loads(output(capsys, status, *arguments, "--json"))


def test_bounded_checking_that_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    out = output(capsys, 0, "two-phase-commit", "--depth", "4", "--managers", "2")
    assert "2 managers · depth ≤ 4 · z3" in out
    assert re.search(r"Consistent +always +holds up to depth 4", out)
    assert re.search(r"all abort +reachable +in 2 steps", out)
    assert "HOLDS UP TO depth 4: no behaviour of at most 4 steps violates a property (2 managers)." in out


def test_a_violation_is_shown_and_saved_like_every_other(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["two-phase-commit", "--tweak", "commit-early", "--depth", "8", "--managers", "2"]
    out = output(capsys, 1, *arguments)
    assert "VIOLATED Consistent" in out and "5 steps, the shortest" in out and "← violates" in out
    found = re.search(r"saved +(\S+)", out)
    assert found is not None
    assert status_of(["replay", found[1]]) == 0
    answer = document(capsys, 1, *arguments)
    assert (answer["result"], answer["depth"], answer["checked_depth"]) == ("violated", 8, 5)
    assert answer["violation"]["steps"] == 5 and answer["violation"]["trace"] == found[1]


def test_from_a_state_of_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """The spec, its tweak and its constants are those of the trace; what is saved begins where every behaviour does."""
    assert (
        status_of(["two-phase-commit", "--tweak", "commit-early", "--managers", "2", "--property", "Consistent"]) == 1
    )
    file = next(Path("mcheck-out").glob("*.json")).as_posix()
    out = output(capsys, 1, "two-phase-commit", "--depth", "3", "--from", f"{file}:2")
    assert "two-phase-commit + commit-early · 2 managers" in out and "from step 2 of a trace" in out
    assert "5 steps, the shortest from there" in out
    assert document(capsys, 0, "two-phase-commit", "--depth", "2", "--from", f"{file}:2")["from"]["step"] == 2


@pytest.mark.parametrize("managers", ["2", "5"])
def test_induction(capsys: pytest.CaptureFixture[str], managers: str) -> None:
    out = output(capsys, 0, "two-phase-commit", "--inductive", "--managers", managers)
    assert re.search(r"Consistent +always +kept", out) and re.search(r"Commit needs all +lemma +kept", out)
    assert f"PROVED: true in every reachable state of this configuration ({managers} managers)" in out


def test_a_counterexample_to_induction(capsys: pytest.CaptureFixture[str]) -> None:
    """The state before, whole; what the step changes; and no claim that the state can be reached."""
    out = output(capsys, 1, "two-phase-commit", "--inductive", "--managers", "2", "--without", "the prepared wait")
    assert re.search(r"NOT INDUCTIVE: \w+ breaks Consistent", out)
    assert "a state that satisfies all conjuncts" in out and "If they cannot be reached" in out
    answer = document(capsys, 1, "two-phase-commit", "--inductive", "--without", "prepared_wait")
    assert answer["result"] == "cti" and answer["without"] == ["prepared_wait"]
    assert [len(c["states"]) for c in answer["ctis"]] == [2] * len(answer["ctis"])
    broken = {c["name"]: c["result"] for c in answer["conjuncts"]}
    assert broken["Consistent"] == "broken" and broken["Commit needs all"] == "kept"


def test_the_document_of_a_proof(capsys: pytest.CaptureFixture[str]) -> None:
    answer = document(capsys, 0, "two-phase-commit", "--inductive", "--managers", "2")
    assert answer["result"] == "proved" and answer["seconds"] > 0 and answer["ctis"] == []
    assert {q["answer"] for q in answer["queries"]} == {"kept"} and len(answer["queries"]) == 7 * 9
    assert [c["name"] for c in answer["conjuncts"]][-2:] == ["implements TCommit", "no rule fails"]


def test_without_time_it_is_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    for way in (["--depth", "3"], ["--inductive"]):
        out = output(capsys, 3, "two-phase-commit", *way, "--time-limit", "0.000001")
        assert "INCONCLUSIVE: time limit" in out


def test_each_question_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    output(capsys, 0, "die-hard", "--depth", "1", "--smt2", "asked")
    assert sorted(p.name for p in Path("asked").iterdir()) == [
        "depth-0-a-rule-fails.smt2",
        "depth-0-not-four-gallons.smt2",
        "depth-1-not-four-gallons.smt2",
    ]
    text = Path("asked/depth-1-not-four-gallons.smt2").read_text()
    assert text.startswith("; DieHard: Not four gallons 1\n") and "(check-sat)" in text


MISTAKES = [
    (["two-phase-commit", "--inductive", "--depth", "3"], "--depth and --inductive are two ways: choose one"),
    (["two-phase-commit", "--depth", "3", "--k", "2"], "--k goes with --inductive"),
    (["two-phase-commit", "--depth", "3", "--without", "x"], "--without goes with --inductive"),
    (["two-phase-commit", "--inductive", "--from", "x.json"], "--from goes with --depth"),
    (["two-phase-commit", "--depth", "-1"], "--depth must be an integer of at least 0 (got '-1')"),
    (["two-phase-commit", "--depth", "1", "--from", "none.itf.json"], "none.itf.json"),
    (["two-phase-commit", "--inductive", "--without", "Commit needs al"], "did you mean 'Commit needs all'?"),
    (["two-phase-commit", "--inductive", "--k", "0"], "--k must be an integer of at least 1 (got '0')"),
    (["two-fase-commit", "--inductive"], "no protocol 'two-fase-commit' (did you mean 'two-phase-commit'?)"),
    (["two-phase-commit", "--depth", "2", "--manager", "2"], "no option --manager (did you mean --managers?)"),
    (["two-phase-commit"], "say --any-n: proofs are for any number of nodes; for a few, --inductive or --depth K"),
]


@pytest.mark.parametrize(
    ("arguments", "words"), MISTAKES, ids=lambda x: " ".join(x)[:40] if isinstance(x, list) else ""
)
def test_mistakes_end_in_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["prove", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err


def test_a_constant_does_not_go_with_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["die-hard"]) == 1
    file = next(Path("mcheck-out").glob("*.json")).as_posix()
    for arguments, words in (
        (["two-phase-commit", "--depth", "1", "--managers", "2", "--from", file], "leave out --managers"),
        (["two-phase-commit", "--depth", "1", "--from", file], "is a trace of die-hard"),
        (["die-hard", "--depth", "1", "--from", f"{file}:9"], "has the steps 0 to 6 (got 9)"),
    ):
        capsys.readouterr()
        assert status_of(["prove", *arguments]) == 2
        assert words in capsys.readouterr().err
