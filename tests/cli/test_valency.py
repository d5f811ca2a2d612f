"""mcheck valency: its text, its document, its statuses, the run that it leaves behind, and the states that it draws.

What breaks if these fail: an answer is printed that was not computed, or a decision that a bound hides is taken for one that
is not there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from mcheck import protocols

TOYS = Path(__file__).parents[1] / "valency/toys.py"
NEEDS_DOT = pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot")
REFERENCE = ["--engine", "reference"]


@pytest.fixture
def rope(mcheck: Call, tmp_path: Path) -> str:
    """A copy of the toys, where the command is called."""
    (tmp_path / "rope.py").write_bytes(TOYS.read_bytes())
    protocols._loaded.clear()
    return "rope.py:Rope"


def test_the_text(mcheck: Call, rope: str) -> None:
    ran = mcheck("valency", rope, *REFERENCE)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("mcheck 0.1.0 · rope · reference\n  decision     won: The rope is at the end of who.")
    for line in (
        "  bivalent           3  more than one decision is reachable",
        "  LEFT-valent        1  no other decision is",
        "  null               0  no decision is",
        "  initial      one state, bivalent",
        "  silence      without left or right, a decision is reachable from every configuration",
        "BIVALENT FOR EVER  stem 0, cycle 2",
        "GIVEN UP: without any fault, a run need never decide.",
    ):
        assert line in ran.out.splitlines(), line
    assert "a decision of LEFT is 2 steps away and a decision of RIGHT is 2 steps away" in ran.out


def test_the_document(mcheck: Call, rope: str) -> None:
    found = json.loads(mcheck("valency", rope, "--json", *REFERENCE).out)
    assert {key: found[key] for key in ("states", "bivalent", "zero", "one", "null", "initial_bivalent")} == {
        "states": 5, "bivalent": 3, "zero": 1, "one": 1, "null": 0, "initial_bivalent": True,
    }  # fmt: skip
    assert (found["result"], found["stem"], sorted(found["cycle"])) == ("answered", [], ["left()", "right()"])
    assert found["univalent"] == {"Side.LEFT": 1, "Side.RIGHT": 1} or set(found["univalent"].values()) == {1}
    assert [(e["process"], e["states"], e["nearest"]) for e in found["blocked"]] == [
        ("left", 0, None),
        ("right", 0, None),
    ]
    assert Path(found["trace"]).exists()


def test_the_run_is_judged_again_when_it_is_replayed(mcheck: Call, rope: str) -> None:
    file = json.loads(mcheck("valency", rope, "--json", *REFERENCE).out)["trace"]
    ran = mcheck("replay", file)
    assert (ran.status, ran.err) == (0, "")
    assert "VIOLATED Some Value Is Decided — Somebody decides at last, whatever it is.  stem 0, cycle 2" in ran.out
    assert "← back to 0" in mcheck("render", file).out
    text = Path("rope.py").read_text()
    Path("rope.py").write_text(text.replace("return s.at == (0 if who == Side.LEFT else 4)", "return s.at == 2"))
    protocols._loaded.clear()
    again = mcheck("replay", file)
    assert again.status == 1
    assert "NO LONGER VIOLATED: Some Value Is Decided: Some Value Is Decided is true in state 0." in again.out


def test_what_blocks_is_said(mcheck: Call) -> None:
    ran = mcheck("valency", "two-phase-commit", "--managers", "2", "--tweak", "tm-crash", *REFERENCE)
    assert (ran.status, ran.err) == (0, "")
    assert "without tm, BLOCKED in 4 states, the first after rm_prepare(r0), rm_prepare(r1)" in ran.out
    assert "  null         the first after rm_prepare(r0), rm_prepare(r1), tm_crash()" in ran.out
    assert ran.out.endswith(
        "GIVEN UP: if tm falls silent, nobody may ever decide; after a fault, a run need never decide.\n"
    )


def test_a_protocol_that_decides_is_asked_how(mcheck: Call) -> None:
    ran = mcheck("valency", "three-phase-commit", *REFERENCE)
    assert ran.status == 0
    assert ran.out.endswith("DECIDES: in every admissible run, and whoever falls silent; is this model asynchronous?\n")
    declared = mcheck("valency", "three-phase-commit", "--fairness", "declared", *REFERENCE)
    assert declared.out.endswith("DECIDES: in every run that is fair in this way, and whoever falls silent.\n")


def test_disagreement_is_said_first(mcheck: Call) -> None:
    ran = mcheck("valency", "one-round", "--processes", "2", "--tweak", "decide-early", *REFERENCE)
    assert "  Agreement is violated: in 4 states two values are decided\n" in ran.out
    assert "  neighbours   p0=0 p1=0 is 0-valent, p0=1 p1=0 is bivalent: they differ in the input of p0" in ran.out
    assert ran.out.endswith("GIVEN UP: two processes may decide differently.\n")


def test_of_more_values_than_two(mcheck: Call) -> None:
    ran = mcheck("valency", "one-round", "--processes", "2", "--values", "3", *REFERENCE)
    assert "  multivalent       0  more than one decision is reachable\n" in ran.out
    assert "  2-valent          7  no other decision is\n" in ran.out
    found = json.loads(mcheck("valency", "one-round", "--processes", "2", "--values", "3", "--json", *REFERENCE).out)
    assert found["univalent"] == {"0": 35, "1": 21, "2": 7}
    assert (found["zero"], found["one"], found["initial_bivalent"]) == (35, 21, False)


def test_what_a_bound_cuts_is_refused_with_the_remedy(mcheck: Call, rope: str) -> None:
    ran = mcheck("valency", "rope.py:LongRope", *REFERENCE)
    assert (ran.status, ran.err) == (3, "")
    assert "REFUSED: steps are cut (most), and a decision may lie behind them.  Raise the bounds" in ran.out
    assert "-valent" not in ran.out and "null" not in ran.out
    found = json.loads(mcheck("valency", "rope.py:LongRope", "--json", *REFERENCE).out)
    assert (found["result"], found["zero"], found["one"], found["null"]) == ("refused", None, None, None)


def test_a_limit_makes_it_inconclusive(mcheck: Call, rope: str) -> None:
    ran = mcheck("valency", rope, "--max-states", "2", *REFERENCE)
    assert ran.status == 3
    assert "INCONCLUSIVE: limit of 2 states." in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["paxos"], "Paxos does not say what is decided: mark a method with @decision"),
        (["one-round", "--fairness", "week"], "--fairness must be one of admissible, declared, weak, strong, none (got 'week')"),
        (["one-round", "--draw", "states.jpg"], "--draw states.jpg: the name of the file says the format: let it end in .dot, .graphml, .svg, .png, .html"),
        (["one-round", "--draw", "no/such/folder.dot"], "no/such/folder.dot: a result is written to a file in a folder that exists"),
        (["one-round", "--faults", "3"], "OneRound: of 3 processes at least one must stay up (got 3 that may be silent)"),
        (["one-roun"], "no protocol 'one-roun' (did you mean 'one-round'?)"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(mcheck: Call, arguments: list[str], says: str) -> None:
    ran = mcheck("valency", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err and ran.err.count("\n") == 1


# ---------------------------------------------------------------------- drawn


def test_the_states_by_their_valency(mcheck: Call, rope: str) -> None:
    ran = mcheck("valency", rope, "--draw", "rope.dot", *REFERENCE)
    assert ran.out.endswith("wrote rope.dot: 5 vertices, 6 arrows\n")
    dot = Path("rope.dot").read_text()
    assert dot.count('label="bivalent\\l') == 3
    assert dot.count('label="LEFT-valent\\l') == dot.count('label="RIGHT-valent\\l') == 1
    assert 'label="white and oval: bivalent, several decisions are reachable"' in dot
    assert 'label="box: LEFT-valent"' in dot and 'label="hexagon: RIGHT-valent"' in dot
    assert dot.count("penwidth=2.5") >= 4  # two states of the run, and its two steps


def test_around_the_run(mcheck: Call, rope: str) -> None:
    assert (
        "wrote run.dot: 2 vertices, 2 arrows"
        in mcheck("valency", rope, "--draw", "run.dot", "--around", "0", *REFERENCE).out
    )
    dot = Path("run.dot").read_text()
    assert "the run alone" in dot and "more steps lead out of it than are drawn" in dot
    refused = mcheck("valency", "one-round", "--processes", "2", "--draw", "x.dot", "--around", "1", *REFERENCE)
    assert refused.status == 2 and "--around 1: there is no run to draw the states around" in refused.err


def test_what_is_drawn_and_printed_for_machines_is_one_document(mcheck: Call, rope: str) -> None:
    ran = mcheck("valency", rope, "--draw", "rope.dot", "--json", *REFERENCE)
    assert json.loads(ran.out)["result"] == "answered" and Path("rope.dot").exists()


@NEEDS_DOT
def test_a_page(mcheck: Call, rope: str) -> None:
    assert mcheck("valency", rope, "--draw", "rope.html", *REFERENCE).status == 0
    page = Path("rope.html").read_text()
    assert page.startswith("<!doctype html>") and page.count("<svg") == page.count("</svg>") == 1
    assert "bivalent" in page and "<?xml" not in page and "http://" not in page.replace("http://www.w3.org/", "")


@NEEDS_DOT
def test_too_many_states_to_draw(mcheck: Call) -> None:
    ran = mcheck("valency", "one-round", "--processes", "4", "--draw", "x.svg", *REFERENCE)
    assert ran.status == 2
    assert "--draw: 496 states are too many (at most 300): lower a constant, or write them as .dot" in ran.err
