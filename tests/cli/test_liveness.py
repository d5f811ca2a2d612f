"""mcheck liveness: its text, its document, its statuses, and the lassos that it leaves behind.

What breaks if these fail: a verdict is printed without what it was reached under, or a trace that goes on for ever is taken
for one that ends.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

from mcheck import protocols

SEMAPHORES = Path(__file__).parents[1] / "liveness/toys.py"


@pytest.fixture
def semaphores(mcheck: Call, tmp_path: Path) -> Path:
    """A copy of the toys of liveness, where the command is called."""
    copy = tmp_path / "semaphores.py"
    copy.write_bytes(SEMAPHORES.read_bytes())
    protocols._loaded.clear()
    return copy


OVERTAKEN = ["liveness", "semaphores.py:WeakSemaphore", "--property", "starvation freedom"]


def lasso(mcheck: Call) -> Path:
    return Path(json.loads(mcheck(*OVERTAKEN, "--json").out)["trace"])


def test_it_holds(mcheck: Call) -> None:
    ran = mcheck("liveness", "ewd840", "--nodes", "2")
    assert (ran.status, ran.err) == (0, "")
    assert "  Liveness  leads_to  holds in every fair behaviour\n" in ran.out
    assert "  fairness     WF(initiate_probe or pass_token)\n" in ran.out
    assert ran.out.endswith("HOLDS: in every fair behaviour of this configuration (2 nodes).\n")


@pytest.mark.usefixtures("semaphores")
def test_a_lasso_is_a_table_with_its_circle(mcheck: Call) -> None:
    ran = mcheck(*OVERTAKEN)
    assert (ran.status, ran.err) == (1, "")
    assert "VIOLATED Starvation Freedom — Who waits gets in.  stem 1, cycle 3\n  for p0\n" in ran.out
    assert [line[:17] for line in ran.out.splitlines() if line[2:3] in "┌│└" and line[2:3]] == [
        "  ┌1  ask(p0)    ",
        "  │2  ask(p1)    ",
        "  │3  enter(p1)  ",
        "  └4  leave(p1)  ",
    ]
    assert "← back to 1\n" in ran.out
    assert "  Steps 2 to 4 are repeated for ever, and that is fair.\n" in ran.out


def test_a_lasso_that_stutters(mcheck: Call) -> None:
    ran = mcheck("liveness", "two-phase-commit", "--managers", "2", "--tweak", "tm-crash")
    assert ran.status == 1
    assert "stem 3, then nothing happens" in ran.out and "← stutters for ever\n" in ran.out
    alone = mcheck("liveness", "ewd840", "--fairness", "none")
    assert "  >0  initially " in alone.out and "← stutters for ever\n" in alone.out
    assert "  fairness     none (as asked): any behaviour may stop at any moment\n" in alone.out


@pytest.mark.usefixtures("semaphores")
def test_the_document(mcheck: Call) -> None:
    found = json.loads(mcheck(*OVERTAKEN, "--json").out)
    assert (found["result"], found["states"], found["edges"]) == ("violated", 8, 14)
    assert (found["stem"], found["cycle"]) == (["ask(i=0)"], ["ask(i=1)", "enter(i=1)", "leave(i=1)"])
    assert Path(found["trace"]).exists() and found["seconds"] > 0
    assert found["fairness"] == {"asked": "declared", "assumed": ["WF(enter) for each i", "WF(leave) for each i"]}
    assert found["properties"][0]["kind"] == "leads_to"
    holding = json.loads(mcheck("liveness", "ewd840", "--json").out)
    assert (holding["result"], holding["stem"], holding["cycle"], holding["trace"]) == ("holds", None, None, None)


@pytest.mark.usefixtures("semaphores")
def test_what_a_bound_cuts_is_refused_with_the_remedy(mcheck: Call) -> None:
    ran = mcheck("liveness", "semaphores.py:Counting", "--goal", "9")
    assert (ran.status, ran.err) == (3, "")
    assert "Comes There  eventually         REFUSED: the bounds cut it\n" in ran.out
    assert "REFUSED: steps out of 1 of the states met lead beyond a bound (cut: most 1)." in ran.out
    assert "raise the bounds until nothing is cut" in ran.out
    assert "HOLDS" not in ran.out
    assert json.loads(mcheck("liveness", "semaphores.py:Counting", "--json").out)["result"] == "refused"


@pytest.mark.usefixtures("semaphores")
def test_a_limit_makes_it_inconclusive(mcheck: Call) -> None:
    ran = mcheck("liveness", "semaphores.py:Semaphore", "--max-states", "3")
    assert ran.status == 3
    assert "INCONCLUSIVE: limit of 3 states." in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["liveness", "paxos"], "Paxos states no temporal property: mark a method with @eventually,"),
        (["liveness", "ewd840", "--property", "Livenes"], "has no temporal property 'Livenes' (did you mean 'Liveness'?); it has Liveness"),
        (["liveness", "two-phase-commit", "--property", "Consistent"], "'Consistent' is no temporal property: mcheck run checks it"),
        (["two-phase-commit", "--property", "Termination"], "'Termination' is a temporal property of TwoPhaseCommit: mcheck liveness checks it"),
        (["liveness", "ewd840", "--fairness", "week"], "--fairness must be one of declared, weak, strong, none (got 'week')"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(mcheck: Call, arguments: list[str], says: str) -> None:
    ran = mcheck(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err and ran.err.count("\n") == 1


def test_a_search_says_what_it_does_not_check(mcheck: Call) -> None:
    for command in (["two-phase-commit"], ["simulate", "two-phase-commit", "--samples", "2"]):
        assert "  not checked here: Termination; mcheck liveness two-phase-commit does\n" in mcheck(*command).out
    assert json.loads(mcheck("two-phase-commit", "--json").out)["not_checked"] == ["Termination"]
    assert "not checked here" not in mcheck("die-hard", "--no-symmetry").out


# ---------------------------------------------------------------------- lassos as files


@pytest.mark.usefixtures("semaphores")
def test_a_lasso_is_replayed_and_drawn_as_one(mcheck: Call) -> None:
    file = str(lasso(mcheck))
    ran = mcheck("replay", file)
    assert (ran.status, ran.err) == (0, "")
    assert "VIOLATED Starvation Freedom — Who waits gets in.  stem 1, cycle 3, as recorded\n" in ran.out
    assert json.loads(mcheck("replay", file, "--json").out)["loop"] == 1
    assert "← back to 1" in mcheck("render", file).out
    assert "← back to 1" in mcheck("render", file, "-f", "mermaid").out
    assert json.loads(mcheck("export", file, "-f", "itf").out)["loop"] == 1
    refused = mcheck("export", file, "-f", "pytest")
    assert (refused.status, refused.out) == (2, "")
    assert "a lasso is no regression test yet: mcheck replay executes it" in refused.err


def test_a_lasso_that_is_no_longer_fair_is_no_counterexample(mcheck: Call, semaphores: Path) -> None:
    file = str(lasso(mcheck))
    text = semaphores.read_text()
    semaphores.write_text(text.replace('return [weak(self.enter, each="i")', 'return [strong(self.enter, each="i")'))
    protocols._loaded.clear()
    ran = mcheck("replay", file)
    assert (ran.status, ran.err) == (1, "")
    assert "(the spec has changed since it was saved)" in ran.out
    assert (
        "NO LONGER VIOLATED: Starvation Freedom: its cycle is not fair: SF(enter) for each i is again and again"
        in ran.out
    )


@pytest.mark.usefixtures("semaphores")
def test_a_damaged_lasso_is_refused(mcheck: Call) -> None:
    file = lasso(mcheck)
    document = json.loads(file.read_text())
    meta = document["#meta"]["mcheck"]
    for loop, status, says in ((9, 2, "a lasso needs the number of a state"), (0, 1, "its cycle does not close")):
        meta["loop"] = loop
        file.with_name("damaged.itf.json").write_text(json.dumps(document))
        ran = mcheck("replay", str(file.with_name("damaged.itf.json")))
        assert ran.status == status
        assert says in ran.out + ran.err
    meta["loop"], meta["labels"] = 1, meta["labels"][:-1]
    document["states"].pop()
    file.with_name("damaged.itf.json").write_text(json.dumps(document))
    ran = mcheck("replay", str(file.with_name("damaged.itf.json")))
    assert ran.status == 1
    assert "NO LONGER VIOLATED: Starvation Freedom: its cycle does not close: the last state is not state 1." in ran.out


# ---------------------------------------------------------------------- explained, drawn, shrunk


def saved(mcheck: Call, *arguments: str) -> str:
    return str(json.loads(mcheck("liveness", *arguments, "--json").out)["trace"])


def test_a_lasso_is_explained_by_what_it_misses_and_how_it_is_fair(mcheck: Call) -> None:
    ran = mcheck("explain", saved(mcheck, "raft-split-votes"))
    assert (ran.status, ran.err, ran.out) == (
        0,
        "",
        """\
raft-split-votes violates Election, stem 3, cycle 3: Somebody is elected.

It is true in no state.
Steps 4 to 6 are repeated for ever, terms aside, and that is fair: state 6 has the view of state 3.
  Gone round 3 more times without the view, each round was as fair, and came no further.

Each condition of fairness is met:
  WF(time_out) for each i: i=0 taken in step 4; i=1 taken in step 5; i=2 taken in step 6
  WF(request_vote) for each i, j: i=0, j=1 not possible in state 3; i=0, j=2 not possible in state
    3; i=1, j=2 not possible in state 3
  WF(hear_of_term) for each i, j: i=1, j=0 not possible in state 3; i=2, j=0 not possible in state
    3; i=2, j=1 not possible in state 3
  WF(become_leader) for each i: no step of it is possible there
  WF(settle): no step of it is possible there
""",
    )


def test_a_lasso_of_a_tweak_says_where_the_good_spec_parts(mcheck: Call) -> None:
    file = saved(mcheck, "two-phase-commit", "--tweak", "tm-crash", "--managers", "2")
    out = mcheck("explain", file).out
    assert "violates Termination, stem 3, then nothing happens: Every manager\n  decides.\n  for r0\n" in out
    assert "\nUntil step 3 two-phase-commit does the same." in out
    document = json.loads(mcheck("explain", file, "--json").out)
    assert (document["property"], document["stem"], document["cycle"], document["fairness"]) == (
        "Termination",
        3,
        0,
        [],
    )


@pytest.mark.usefixtures("semaphores")
@pytest.mark.parametrize(
    ("spec", "title", "says"),
    [
        ("WeakSemaphore", "starvation freedom", r"State \d asks for it, and it is true in no state from there on\."),
        ("WeakSemaphore --fairness none", "nobody stays", r"It is true in no state that is repeated\."),
        ("WeakSemaphore --fairness none", "all stay away", r"It is false again and again: in state \d\."),
    ],
)
def test_each_kind_of_property_is_missed_in_its_own_way(mcheck: Call, spec: str, title: str, says: str) -> None:
    command = [f"semaphores.py:{spec.split()[0]}", *spec.split()[1:], "--property", title]
    out = mcheck("explain", saved(mcheck, *command)).out
    assert re.search(says, out), out
    assert ("No fairness is assumed" in out) == ("none" in spec)


def test_a_lasso_whose_ballots_grow_goes_back_to_a_view(mcheck: Call) -> None:
    """Its last state is not the one that the cycle begins in: a picture may not say so."""
    file = saved(mcheck, "paxos-duel", "--acceptors", "1", "--property", "termination")
    assert "← back to the view of 3\n" in mcheck("render", file).out
    assert "back to the view of 3" in mcheck("render", file, "-f", "svg", "-o", "-").out


def test_the_end_of_a_lasso_is_no_violation(mcheck: Call) -> None:
    """So it is neither shrunk to a shorter one, nor are there steps that led to it."""
    file = saved(mcheck, "raft-split-votes")
    for command in ("shrink", "graph"):
        ran = mcheck(command, file)
        assert (ran.status, ran.out) == (2, "")
        assert f"{file}: is a lasso, and its end violates nothing" in ran.err
    assert mcheck("graph", file, "--around", "0").status == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fairness": "week"}, "the fairness 'week' is none of declared, weak, strong, admissible, none"),
        ({"property": "Elect"}, "the spec has no longer a temporal property 'Elect'"),
        ({"property": "Election Safety"}, "the spec has no longer a temporal property 'Election Safety'"),
        ({"property": None}, "the spec has no longer what this lasso was saved for"),
        ({"fairness": None}, "a damaged trace: a lasso needs the number of a state, and a fairness"),
        ({"fairness": "strong"}, "no longer violated by this lasso"),
    ],
)
def test_a_lasso_of_something_else_is_said_by_every_reader(mcheck: Call, change: dict[str, Any], says: str) -> None:
    file = Path(saved(mcheck, "raft-split-votes"))
    document = json.loads(file.read_text())
    document["#meta"]["mcheck"].update(change)
    file.write_text(json.dumps(document))
    for command in ("replay", "explain", "render"):
        ran = mcheck(command, str(file))
        if change == {"fairness": "strong"} and command == "replay":
            assert (ran.status, ran.err) == (1, "")
            assert "NO LONGER VIOLATED: Election: its cycle is not fair: SF(request_vote)" in ran.out
        else:
            assert says in ran.err and ran.err.count("\n") == 1
            assert ran.status == (2 if "damaged" in says else 0 if command == "render" and "by this" in says else 1)


# ---------------------------------------------------------------------- views


def test_ballots_without_bound(mcheck: Call) -> None:
    """What states are told apart by, what goes round, and that the spec was executed without the view."""
    ran = mcheck("liveness", "paxos-duel", "--acceptors", "1", "--property", "Termination")
    assert (ran.status, ran.err) == (1, "")
    header, *_ = ran.out.splitlines()
    assert header.startswith("mcheck ") and "ballots ≤" not in header
    assert "  view         states are told apart by the order of ballots; ballots have no bound\n" in ran.out
    assert "  cut          nothing\n" in ran.out
    assert "← back to 3, ballots aside\n" in ran.out
    assert (
        "  Steps 4 to 7 are repeated for ever, ballots aside, and that is fair: state 7 has the view of state 3.\n"
        "  Gone round 3 more times without the view, each round was as fair, and came no further.\n"
    ) in ran.out


def test_the_document_of_the_duel(mcheck: Call) -> None:
    ran = mcheck(
        "liveness", "paxos-duel", "--acceptors", "1", "--property", "termination", "--fairness", "weak", "--json"
    )
    found = json.loads(ran.out)
    assert (ran.status, found["result"], found["states"], found["edges"]) == (1, "violated", 119, 238)
    assert (len(found["stem"]), len(found["cycle"])) == (3, 4)
    assert found["bounds"] == {} and found["seconds"] > 0
    assert found["view"] == {"ranks": ["max_ballot"], "unbounded": ["max_ballot"], "forgets": False}
    replayed = mcheck("replay", found["trace"])
    assert (replayed.status, replayed.err) == (0, "")
    assert "state 7 has the view of state 3" in replayed.out
    meta = json.loads(Path(found["trace"]).read_text())["#meta"]["mcheck"]
    assert meta["bounds"]["max_ballot"] > 3  # no step of it is cut


def test_a_lasso_whose_ballots_grow_is_damaged_by_dropping_its_last_step(mcheck: Call) -> None:
    found = json.loads(mcheck("liveness", "paxos-duel", "--acceptors", "1", "--json").out)
    file = Path(found["trace"])
    document = json.loads(file.read_text())
    document["#meta"]["mcheck"]["labels"].pop()
    document["states"].pop()
    file.with_name("damaged.itf.json").write_text(json.dumps(document))
    ran = mcheck("replay", str(file.with_name("damaged.itf.json")))
    assert ran.status == 1
    assert "its cycle does not close: the last state is not state 3." in ran.out


def test_what_holds_holds_for_all_ballots(mcheck: Call) -> None:
    ran = mcheck("liveness", "paxos-duel", "--acceptors", "1", "--single-proposer")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith(
        "HOLDS: in every fair behaviour of this configuration (1 acceptor, single proposer, ballots without bound).  "
        "That states of one view behave alike was tested, not proved.\n"
    )


def test_a_wrong_view_is_one_line_with_two_states(mcheck: Call, tmp_path: Path) -> None:
    (tmp_path / "race.py").write_bytes((SEMAPHORES.parent / "view_toys.py").read_bytes())
    protocols._loaded.clear()
    ran = mcheck("liveness", "race.py:ComparesWithNumber")
    assert (ran.status, ran.out) == (4, "")
    assert ran.err.count("\n") == 1 and ran.err.count("Race(at=") == 2
    assert "the view takes states for alike that are not: overtake(i=" in ran.err
