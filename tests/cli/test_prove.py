"""mcheck prove.  If these fail, what is proved is reported wrongly, or a typing error ends badly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Call

pytest.importorskip("z3", reason="z3-solver is not installed: pip install 'mcheck-protocols[proofs]'")


def test_without_a_name_it_lists_what_can_be_proved(mcheck: Call) -> None:
    ran = mcheck("prove")
    assert ran.status == 0
    names = [line.split()[0] for line in ran.out.splitlines() if not line.startswith((" ", "To"))]
    assert names == ["paxos", "flexible-paxos", "two-phase-commit", "raft-election", "raft-log", "raft-safety", "pbft"]
    listed = json.loads(mcheck("prove", "--json").out)
    assert [e["name"] for e in listed] == names
    assert all(e["source"] and e["statement"] for e in listed)


def test_a_proof_shows_conjuncts_assumptions_and_what_is_not_needed(mcheck: Call) -> None:
    ran = mcheck("prove", "two-phase-commit", "--any-n")
    assert (ran.status, ran.err) == (0, "")
    assert "any number of RMs" in ran.out
    assert "PROVED for any number of RMs.  25 queries" in ran.out
    assert "  consistent                   follows  the goal" in ran.out
    assert "tm_rcv_prepared: the tm is undecided" in ran.out
    assumed = mcheck("prove", "raft_election", "--any-n").out
    assert "assumed    quorums_meet: Any two quorums have a server in common." in assumed


def test_json_has_the_keys_of_the_contract(mcheck: Call) -> None:
    ran = mcheck("prove", "raft-election", "--any-n", "--json")
    document = json.loads(ran.out)
    assert ran.status == 0
    assert document["result"] == "proved"
    assert document["seconds"] > 0
    assert [(c["name"], c["essential"]) for c in document["conjuncts"]] == [
        ("election_safety", True),
        ("one_vote", True),
        ("leaders_were_elected", True),
    ]
    assert all(c["seconds"] >= 0 for c in document["conjuncts"])
    assert document["cti"] is None


def test_leaving_out_a_conjunct_shows_what_it_is_for(mcheck: Call) -> None:
    ran = mcheck("prove", "paxos", "--any-n", "--without", "proposals-are-safe")
    assert (ran.status, ran.err) == (1, "")
    assert "without the conjunct proposals_are_safe" in ran.out
    assert "breaks agreement" in ran.out
    assert "acceptors a0 · quorums q0 · ballots b0 < b1 · values v0, v1" in ran.out
    document = json.loads(mcheck("prove", "paxos", "--any-n", "--without", "proposals_are_safe", "--json").out)
    assert document["result"] == "cti"
    cti = document["cti"]
    assert (cti["action"], cti["conjunct"]) == ("phase_2b", "agreement")
    assert len(cti["after"]["vote"]) == len(cti["before"]["vote"]) + 1
    assert document["without"]["conjuncts"] == ["proposals_are_safe"]
    assert {c["essential"] for c in document["conjuncts"] if c["kind"] == "invariant"} == {None}


@pytest.mark.parametrize("guard", ["grant_vote:2", "grant-vote: n has not voted in t"])
def test_leaving_out_a_guard_shows_what_it_is_for(mcheck: Call, guard: str) -> None:
    ran = mcheck("prove", "raft-election", "--any-n", "--without-guard", guard)
    assert ran.status == 1
    assert "without the guard of grant_vote: n has not voted in t" in ran.out
    assert "breaks one_vote" in ran.out
    assert "              + (s" in ran.out


def test_the_link_to_the_specification_is_checked(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = mcheck("prove", "two-phase-commit", "--any-n", "--link")
    assert ran.status == 0
    assert "linked     in all 288 states and 1,145 steps of TwoPhaseCommit with managers 3" in ran.out
    Path("lock.py").write_text(OWN, encoding="utf-8")
    refused = mcheck("prove", "lock.py", "--any-n", "--link")
    assert (refused.status, refused.out) == (2, "")
    assert "lock is linked to no specification; linked are paxos" in refused.err

    from mcheck.models.proofs import links
    from mcheck.models.two_phase_commit import CommitsEarly

    monkeypatch.setattr(links.TwoPhaseCommitLink, "spec", CommitsEarly)
    ran = mcheck("prove", "two-phase-commit", "--any-n", "--link")
    assert ran.status == 1
    assert "NOT LINKED" in ran.out
    assert "tm_commit()" in ran.out.splitlines()[-1]
    document = json.loads(mcheck("prove", "two-phase-commit", "--any-n", "--link", "--json").out)
    assert document["result"] == "proved"
    assert document["link"]["difference"] == "the last step is no step tm_commit of TwoPhaseCommit"


def test_a_counterexample_says_whether_its_state_is_reachable(mcheck: Call) -> None:
    weak = mcheck("prove", "paxos", "--any-n", "--without", "one_proposal").out
    assert "is not reachable: with these elements there are 7\n" in weak
    assert "What is run has no such state either: all 7 states of Paxos (acceptors 1, values 2, max_ballot" in weak
    document = json.loads(mcheck("prove", "paxos", "--any-n", "--without", "one_proposal", "--json").out)
    assert (document["reachability"]["answer"], document["reachability"]["steps"]) == ("unreachable", [])
    assert (document["run"]["spec"], document["run"]["states"], document["run"]["labels"]) == ("Paxos", 7, None)


def test_what_is_reachable_is_a_bug_and_is_drawn(mcheck: Call) -> None:
    words = ("prove", "raft-election", "--any-n", "--without-guard", "grant_vote:2")
    broken = mcheck(*words).out
    assert "The state before is reachable: this breaks one_vote, and not the proof alone." in broken
    assert "    2  grant_vote(n=s0, t=t0, c=s0)" in broken
    assert "one_vote is false after 3 steps:" in broken
    assert "← breaks it" in broken
    document = json.loads(mcheck(*words, "--json").out)
    assert document["reachability"]["answer"] == "reachable"
    assert [s["action"] for s in document["reachability"]["steps"]] == ["grant_vote", "grant_vote"]
    assert document["run"]["labels"][:2] == ["timeout(i=0)", "timeout(i=1)"]


def test_invariants_are_inferred_and_can_be_pasted(mcheck: Call) -> None:
    ran = mcheck("prove", "two-phase-commit", "--infer", "--time-limit", "300")
    assert (ran.status, ran.err) == (0, "")
    assert "grammar    clauses of at most 4 literals, over 13 atoms of 2 RM" in ran.out
    assert "states     288 of TwoPhaseCommit (managers 3)" in ran.out
    assert "    @invariant\n    def inferred_1(self, a: RM) -> Formula:\n" in ran.out
    assert "PROVED for any number of RMs, with these" in ran.out
    document = json.loads(mcheck("prove", "two-phase-commit", "--infer", "--json", "--time-limit", "300").out)
    assert (document["result"], document["grammar"]["literals"]) == ("proved", 4)
    assert document["seconds"] > 0
    assert all(c["source"] in ran.out.replace("\n    ", "\n") for c in document["conjuncts"])


def test_what_is_not_inferred_is_unknown(mcheck: Call) -> None:
    late = mcheck("prove", "two-phase-commit", "--infer", "--time-limit", "0.000001")
    assert late.status == 3
    assert "UNKNOWN: the time was over" in late.out
    large = mcheck("prove", "raft-log", "--infer")
    assert large.status == 3
    assert "clauses, too many to go through" in large.out
    assert "PROVED" not in late.out + large.out


def test_the_story_of_a_proof_is_told_by_its_counterexamples(mcheck: Call) -> None:
    ran = mcheck("prove", "raft-election", "--explain")
    assert (ran.status, ran.err) == (0, "")
    told = " ".join(ran.out.split())
    for words in (
        "To be shown election_safety: At most one leader is elected in a term. By induction this follows",
        "1. election_safety alone is not inductive: become_leader(n=s0, t=t0, q=q0) breaks election_safety",
        "No run gets to the state before: with these elements 15 states are reachable, and election_safety is true in all of them.",
        "So it has to be said (it is false there for n=s1, m=s1, t=t0) leaders_were_elected: All of the electorate",
        "A mistake that makes it false: QuorumOfOne (mcheck raft --tweak quorum-of-one). One vote makes a leader. "
        "It is false after 1 step: 1 timeout(n0)",
        "2. With leaders_were_elected, not yet inductive: become_leader(n=s0, t=t0, q=q0) breaks election_safety",
        "one_vote: A server votes for at most one candidate in a term.",
        "PROVED for any number of servers, quorums and terms",
        "election_safety and the 2 invariants above are true initially, and kept by every step.",
        "Taken for granted: quorums_meet: Any two quorums have a server in common.",
        "that RaftHistory takes the same steps is checked for a few nodes, by --any-n --link.",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("proof", "tweaks"),
    [
        (
            "two-phase-commit",
            {
                "committed_when_told": ("commit-alone", 2),
                "all_were_heard": ("commit-early", 3),
                "heard_what_was_said": ("take-silence-for-consent", 1),
                "said_once_prepared": ("forget-prepared", 2),
                "prepared_do_not_abort_alone": ("abort-after-prepared", 2),
                "one_decision": ("forget-decision", 9),
            },
        ),
        (
            "flexible-paxos",
            {
                "votes_are_proposed": ("accept-late", 7),
                "one_proposal": ("reuse-ballot", 5),
                "proposals_are_safe": ("ask-one-too-few", 3),
                "promises_are_kept": ("forget-promise", 2),
            },
        ),
    ],
)
def test_each_invariant_has_a_mistake_that_makes_it_false(
    mcheck: Call, proof: str, tweaks: dict[str, tuple[str, int]]
) -> None:
    told = json.loads(mcheck("prove", proof, "--explain", "--json").out)
    assert told["result"] == "proved"
    shown = {c["invariant"]: (c["tweak"]["command"].split()[-1], len(c["tweak"]["labels"])) for c in told["chapters"]}
    assert shown == tweaks
    assert all(c["tweak"]["sentence"] and c["tweak"]["shortest"] for c in told["chapters"])
    assert told["not_asked_for"] == []


def test_a_story_without_invariants_is_short_and_one_that_fails_shows_where(mcheck: Call) -> None:
    Path("lock.py").write_text(OWN, encoding="utf-8")
    proved = mcheck("prove", "lock.py", "--explain")
    assert proved.status == 0
    assert "PROVED for any number of nodes: no step of any size breaks it." in proved.out
    assert "  mutual_exclusion is true initially, and kept by every step." in proved.out
    assert "it is linked to nothing that is run." in proved.out
    Path("bad.py").write_text(OWN.replace("m: m == n", "m: self.held(m) | (m == n)"), encoding="utf-8")
    broken = mcheck("prove", "bad.py", "--explain")
    assert broken.status == 1
    assert "NOT INDUCTIVE: take(n=n0) breaks mutual_exclusion" in broken.out
    assert "The state before is reachable: this breaks mutual_exclusion, and not the proof alone." in broken.out
    assert "No other invariant of the file is false in that state: here the story ends." in broken.out


def test_a_counterexample_to_induction_is_drawn(mcheck: Call) -> None:
    words = ("prove", "two-phase-commit", "--any-n", "--without", "prepared_do_not_abort_alone")
    ran = mcheck(*words, "--draw", "cti.svg")
    assert (ran.status, ran.out.splitlines()[-1]) == (1, "wrote cti.svg")
    drawn = Path("cti.svg").read_text(encoding="utf-8")
    assert all(f">{words}</text>" in drawn for words in ("NOT INDUCTIVE consistent", "+ committed", "− aborted", "tm"))
    assert f">mcheck {' '.join(words)}</text>" in drawn
    assert json.loads(mcheck(*words, "--draw", "cti.svg", "--json").out)["result"] == "cti"
    pytest.importorskip("resvg_py")
    assert mcheck(*words, "--draw", "CTI.PNG").status == 1
    assert Path("CTI.PNG").read_bytes().startswith(b"\x89PNG")


def test_where_nothing_is_broken_nothing_is_drawn_and_that_is_said(mcheck: Call) -> None:
    ran = mcheck("prove", "two-phase-commit", "--any-n", "--draw", "cti.svg")
    assert ran.status == 0
    assert "nothing drawn: there is no counterexample to induction" in ran.out
    assert not Path("cti.svg").exists()


def test_each_essential_part_is_shown_with_a_smallest_state(mcheck: Call) -> None:
    ran = mcheck("prove", "raft-election", "--any-n", "--parts")
    assert ran.status == 0
    assert "    one_vote · become_leader breaks election_safety · 2 servers, 1 quorum, 1 term" in ran.out
    assert "    grant_vote: n has not voted in t · grant_vote breaks one_vote · 2 servers, 1 quorum, 1 term" in ran.out
    document = json.loads(mcheck("prove", "raft-election", "--any-n", "--parts", "--json").out)
    for part in document["parts"]:
        assert (part["sizes"] is not None) == part["essential"]
        assert max((part["sizes"] or {"": 1}).values()) <= 3


def test_leaving_out_an_axiom_shows_what_it_is_for(mcheck: Call) -> None:
    ran = mcheck("prove", "raft-election", "--any-n", "--without-axiom", "quorums_meet")
    assert ran.status == 1
    assert "breaks election_safety" in ran.out


def test_what_is_not_decided_is_unknown_and_never_proved(mcheck: Call) -> None:
    ran = mcheck("prove", "two-phase-commit", "--any-n", "--time-limit", "0.000001")
    assert ran.status == 3
    assert "UNKNOWN: 28 of 28 queries are undecided" in ran.out
    assert "PROVED" not in ran.out
    document = json.loads(mcheck("prove", "two-phase-commit", "--any-n", "--time-limit", "0.000001", "--json").out)
    assert document["result"] == "unknown"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["paxos"], "prove paxos: say --any-n"),
        (["paxoss", "--any-n"], "no proof 'paxoss' (did you mean 'paxos'?)"),
        (["fast-paxos", "--any-n"], "fast-paxos has no proof for any number of nodes"),
        (["paxos", "--any-n", "--without", "agrement"], "no conjunct 'agrement' (did you mean 'agreement'?)"),
        (["paxos", "--any-n", "--without", "agreement"], "agreement is what is to be shown"),
        (["paxos", "--any-n", "--without-axiom", "quorum"], "no axiom 'quorum'"),
        (["paxos", "--any-n", "--without-guard", "phase_2b"], "write ACTION:GUARD, as in phase_2b:1"),
        (["paxos", "--any-n", "--without-guard", "phase_2b:9"], "phase_2b has guards 1 to 2"),
        (["paxos", "--any-n", "--without-guard", "phase_3:1"], "no action 'phase_3'"),
        (["paxos", "--any-n", "--without-guard", "phase_2b:it rains"], "phase_2b has no guard 'it rains'"),
        (["none.py:X", "--any-n"], "none.py: no such file"),
        (["paxos", "--infer", "--without", "one_proposal"], "--infer stands alone"),
        (["paxos", "--explain", "--link"], "--explain stands alone"),
        (["paxos", "--explain", "--infer"], "stands alone"),
        (["paxos", "--explain", "--draw", "x.svg"], "--explain stands alone"),
        (["paxos", "--any-n", "--draw", "x.pdf"], "--draw x.pdf: a picture is a file that ends in .svg or .png"),
        (["paxos", "--any-n", "--draw", "none/x.svg"], "none/x.svg: a result is written to a file in a folder"),
        (["paxos", "--any-n", "--time-limit", "-1"], "--time-limit must be a positive number of seconds"),
    ],
)
def test_what_is_mistyped_is_one_line(mcheck: Call, words: list[str], message: str) -> None:
    ran = mcheck("prove", *words)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


OWN = """
from mcheck.spec.relational import Formula, Proof, Sort, Update, action, initially, nothing, relation, safety

class Node(Sort): ...

class Lock(Proof):
    held = relation(Node)

    @initially
    def free(self) -> Formula:
        return nothing(self.held)

    @action
    def take(self, n: Node) -> Update:
        return self.held.becomes(lambda m: m == n)

    @safety
    def mutual_exclusion(self, n: Node, m: Node) -> Formula:
        return ~(self.held(n) & self.held(m) & (n != m))
"""


def test_a_proof_of_ones_own_is_a_file(mcheck: Call, tmp_path: Path) -> None:
    Path("lock.py").write_text(OWN, encoding="utf-8")
    ran = mcheck("prove", "lock.py", "--any-n")
    assert (ran.status, ran.err) == (0, "")
    assert "PROVED for any number of nodes" in ran.out
    assert mcheck("prove", "lock.py:Lokc", "--any-n").status == 2


def test_the_answer_does_not_depend_on_the_hash_seed() -> None:
    printed = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", "from mcheck.cli import main; main()", "prove", "paxos", "--any-n", "--json"]
            + ["--without", "one_proposal"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        document = json.loads(done.stdout)
        document["seconds"] = None
        for conjunct in document["conjuncts"]:
            conjunct["seconds"] = None
        printed.add(json.dumps(document))
    assert len(printed) == 1
