"""`mcheck prove SPEC --depth K` and `--inductive`: what they print, write, and answer to mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from tests.smt import toys

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
    """The state before, whole; what the step changes; and that no run gets there, of how many states."""
    out = output(capsys, 1, "two-phase-commit", "--inductive", "--managers", "2", "--without", "the prepared wait")
    assert re.search(r"NOT INDUCTIVE: \w+ breaks Consistent", out)
    assert "a state that satisfies all conjuncts" in out and "The state before is not reachable" in out
    assert "NOT PROVED, but true in all 34 reachable states (up to renaming) of this configuration" in out
    assert "VIOLATED" not in out and "saved" not in out
    answer = document(capsys, 1, "two-phase-commit", "--inductive", "--managers", "2", "--without", "prepared_wait")
    assert answer["result"] == "cti" and answer["without"] == ["prepared_wait"] and answer["violation"] is None
    assert [len(c["states"]) for c in answer["ctis"]] == [2] * len(answer["ctis"])
    assert [c["reachability"] for c in answer["ctis"]] == [{"answer": "unreachable", "labels": None}] * len(
        answer["ctis"]
    )
    assert (answer["search"]["distinct"], answer["search"]["complete"]) == (34, True)
    broken = {c["name"]: c["result"] for c in answer["conjuncts"]}
    assert broken["Consistent"] == "broken" and broken["Commit needs all"] == "kept"


def test_a_counterexample_that_is_reachable_is_a_violation(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends in the step that induction has found, is saved, and still violates when it is replayed."""
    arguments = ["two-phase-commit", "--tweak", "commit-early", "--inductive", "--managers", "2"]
    out = output(capsys, 1, *arguments)
    said = "The state before is reachable: this breaks Commit needs all, and not the proof alone."
    assert said in " ".join(out.split())
    assert re.search(r"VIOLATED Commit needs all +4 steps, the shortest has 3", out)
    assert re.search(r">4 +tm_commit\(\)", out) and "violated too" not in out
    found = re.search(r"saved +(\S+)", out)
    assert found is not None and status_of(["replay", found[1]]) == 0
    answer = document(capsys, 1, *arguments)
    assert answer["result"] == "violated" and answer["violation"]["trace"] == found[1]
    assert answer["violation"]["labels"] == answer["ctis"][0]["reachability"]["labels"]
    assert answer["ctis"][0]["reachability"]["answer"] == "reachable"
    assert answer["violation"]["labels"][-1] == answer["ctis"][0]["labels"][0]


def test_a_search_that_is_cut_short_says_how_far_it_looked(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["two-phase-commit", "--inductive", "--managers", "2", "--without", "the prepared wait"]
    out = output(capsys, 1, *arguments, "--max-states", "7")
    words = " ".join(out.split())
    assert "it is none of the first 7 states (up to renaming), which are all of at most 1 step and some" in words
    assert "limit of 7 states" in words
    assert "To look further, raise --max-states or --time-limit." in out
    answer = document(capsys, 1, *arguments, "--max-states", "7")
    assert answer["result"] == "cti" and answer["search"]["reason"] == "limit of 7 states"
    assert {c["reachability"]["answer"] for c in answer["ctis"]} == {"not found"}


def test_a_rule_that_fails_is_told_after_the_counterexample(capsys: pytest.CaptureFixture[str]) -> None:
    """The search for the state meets it; the result of the induction is not lost, the status is that of the error."""
    spec = f"{Path(toys.__file__)}:Reader"
    assert status_of(["prove", spec, "--inductive"]) == 4
    captured = capsys.readouterr()
    words = " ".join(captured.out.split())
    assert "NOT INDUCTIVE: read fails" in words and "the search for it met a rule that fails" in words
    assert captured.err.count("\n") == 1 and "IndexError" in captured.err and "reached in 2 steps" in captured.err
    assert len(list(Path("mcheck-out").glob("*.json"))) == 1


def test_an_interrupt_before_the_search_begins_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counterexample is shown, and the status is that of an interrupt."""
    from mcheck.checker.smt import reachability

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(reachability, "occurrences", interrupted)
    out = output(capsys, 130, "two-phase-commit", "--inductive", "--managers", "2", "--without", "the prepared wait")
    assert "NOT INDUCTIVE" in out and "not known: the search for it was ended: interrupted." in " ".join(out.split())


def test_a_deadlock_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """As with mcheck run, and only then; the guards that are closed are shown, and the trace can be replayed."""
    out = output(capsys, 1, "tcommit", "--depth", "5", "--managers", "2", "--deadlock")
    assert re.search(r"Deadlock Freedom +deadlock +VIOLATED in 2 steps", out) and "2 steps, the shortest" in out
    found = re.search(r"saved +(\S+)", out)
    assert found is not None and status_of(["replay", found[1]]) == 0
    assert "Deadlock" not in output(capsys, 0, "tcommit", "--depth", "5", "--managers", "2")
    answer = document(capsys, 0, "tcommit", "--depth", "1", "--managers", "2", "--deadlock")
    assert {"name": "Deadlock Freedom", "kind": "deadlock", "result": "holds", "steps": None} in answer["properties"]


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
    (["two-phase-commit", "--depth", "3", "--max-states", "9"], "--max-states goes with --inductive"),
    (
        ["two-phase-commit", "--inductive", "--max-states", "0"],
        "--max-states must be an integer of at least 1 (got '0')",
    ),
    (["two-phase-commit", "--inductive", "--deadlock"], "--deadlock goes with --depth"),
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


def test_settings_for_other_ways_and_commands_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    """They hold for all commands; what only one way knows is refused where it is typed, and not here."""
    Path("pyproject.toml").write_text("[tool.mcheck]\nmax_states = 9\ndeadlock = true\ndepth = 1\n")
    output(capsys, 0, "two-phase-commit", "--inductive", "--managers", "2")
    out = output(capsys, 0, "two-phase-commit", "--depth", "2", "--managers", "2")
    assert re.search(r"Deadlock Freedom +deadlock +holds up to depth 2", out)


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
