"""Every lab: what it finds, and that it would notice if it were otherwise."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from mcheck.labs import LABS, crashes, delays, persistence, quorums, resilience
from mcheck.labs.finding import Finding, Lab
from mcheck.labs.possibility import Possibility
from mcheck.labs.searching import Answer, Unanswered, searched, shortest_to
from mcheck.models.raft_macro import CommitsAlone, Node, RaftMacro
from mcheck.models.raft_macro_crashes import Crashing
from mcheck.models.two_phase_commit import TMState, TwoPhaseCommit
from mcheck.spec import Set, UsageError

pytest.importorskip("llvmlite")

SLOW = {"persistence", "stale-leader"}
"""More than about three seconds, most of it to compile large protocols."""


def lab_named(name: str) -> Lab:
    module, _, function = LABS[name][0].partition(":")
    found: Lab = getattr(importlib.import_module(module), function)
    return found


@cache
def findings(name: str) -> tuple[Finding, ...]:
    return tuple(lab_named(name)())


RESULTS = {
    "five-servers": ["in 181 of 181 states", "in 17 of 95 states", "as the formula says"],
    "four-servers": [
        "any two sets of 3 meet, and no fewer",
        "Election Safety violated in 6 steps",
        "holds in 2,677 states",
    ],
    "odd-sizes": ["they are", "as declared", "none tolerates more"],
    "crash-or-byzantine": [
        "they do",
        "as ben-or and pbft declare",
        "Agreement violated in 8 steps",
        "holds in 90 states",
        "Agreement violated in 12 steps",
        "holds in 182 states; decided never",
        "holds in 5,224 states; decided in 5 steps",
        "Agreement violated in 3 steps",
        "holds in 90 states",
        "holds in 49 states",
    ],
    "committed": [
        "Leader Completeness violated in 8 steps",
        "the commitment is refused, as not 'the entry is of the leader's own term'; the entry is on 2 servers of 3, and then on 0",
        "holds in 3,668 states",
        "in 7 steps, with the entry on 2 servers",
    ],
    "leader-crash": [
        "holds in 696 states; a committed entry outlives its leader after 6 steps",
        "in 120 of 120 states",
        "Leader Completeness violated in 5 steps",
        "Leader Completeness violated in 4 steps",
    ],
    "persistence": [
        "holds in 644,375 states",
        "Integrity violated in 8 steps",
        *["Election Safety violated in 7 steps"] * 6,
        "1 subset: term, vote, log",
    ],
    "stale-leader": [
        "Fresh Reads violated in 12 steps",
        "Fresh Reads violated in 13 steps",
        "holds in 16,165 states; holds in 3,339 states",
    ],
    "delays": ["as the literature says"],
}
"""What each lab finds, to the number."""


def test_every_lab_is_pinned() -> None:
    assert set(RESULTS) == set(LABS)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in LABS])
def test_results(name: str) -> None:
    assert [f.result for f in findings(name)] == RESULTS[name]
    assert all(f.as_expected for f in findings(name))


@pytest.mark.parametrize("name", [n for n in LABS if n not in SLOW])
def test_what_is_violated_is_shown(name: str) -> None:
    for finding in findings(name):
        assert ("violated" in finding.result) == (finding.shown is not None and finding.shown.rule is not None)


# ---------------------------------------------------------------------- quorums


def test_quorums_by_enumeration() -> None:
    assert [quorums.smallest_majority(n) for n in range(1, 8)] == [1, 2, 2, 3, 3, 4, 4]
    assert quorums.disjoint(quorums.of_size(4, 2)) == (frozenset({0, 1}), frozenset({2, 3}))
    grid = [frozenset(q) for q in ({0, 1, 2}, {0, 1, 3}, {2, 3, 0}, {2, 3, 1})]
    assert quorums.disjoint(grid) is None
    assert quorums.tolerance(4, grid) == 1
    assert quorums.tolerance(4, [frozenset({0, 1})]) == 0
    assert not quorums.survives(4, grid, 2)


@pytest.mark.parametrize(("n", "q"), [(4, 2), (4, 3), (5, 3), (7, 5)])
def test_members_in_common(n: int, q: int) -> None:
    assert resilience.least_in_common(n, q) == max(0, 2 * q - n)


def test_no_process_too_few() -> None:
    """One process less than the fewest has no such quorums."""
    assert [resilience.fewest(f, 1) for f in range(5)] == [2 * f + 1 for f in range(5)]
    assert [resilience.fewest(f, f + 1) for f in range(5)] == [3 * f + 1 for f in range(5)]
    assert resilience.fewest(5, 6) is None  # 16 is beyond those tried


# ---------------------------------------------------------------------- what can still happen


def naive(instance: Any, start: Any, goal: Any, excluded: frozenset[str]) -> bool:
    """Whether a step to the goal is possible: every state from `start` on, without symmetry or memory."""
    seen, left = {start}, [start]
    with instance.active():
        while left:
            state = left.pop()
            for action, _, after in instance.transitions(state):
                if action.name in excluded or not hasattr(after, "servers"):
                    continue
                if goal(state, after):
                    return True
                if after not in seen:
                    seen.add(after)
                    left.append(after)
    return False


def test_possibility_agrees_with_a_search_from_each_state() -> None:
    cluster = crashes.Enumerated(3)
    possible = Possibility(cluster.later, crashes.commits, crashes.WITHOUT_CRASH)
    answers = [possible.from_state(s) for s in cluster.states]
    assert answers == [naive(cluster.later, s, crashes.commits, crashes.WITHOUT_CRASH) for s in cluster.states]
    assert 0 < sum(answers) < len(answers)


def test_possibility_does_not_depend_on_the_order_of_questions() -> None:
    cluster = crashes.Enumerated(3)
    forwards, backwards = (Possibility(cluster.later, crashes.commits, crashes.WITHOUT_CRASH) for _ in range(2))
    told = {s: backwards.from_state(s) for s in reversed(cluster.states)}
    assert told == {s: forwards.from_state(s) for s in cluster.states}


class NeedsAllButOne(Crashing):
    """Elections need all servers but one, so that five tolerate no more than three do."""

    def quorums(self) -> list[Set[Node]]:
        return [Set(q) for q in combinations(Node, self.nodes - 1)]


def test_larger_quorums_are_found_to_tolerate_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashes, "Crashing", NeedsAllButOne)
    assert crashes._tolerance(crashes.Enumerated(4)) == 1
    assert crashes._tolerance(crashes.Enumerated(5)) == 1
    claims = list(crashes.five_servers())
    assert [f.as_expected for f in claims] == [False, True, False]


# ---------------------------------------------------------------------- delays


def test_delays_are_those_of_the_literature() -> None:
    (finding,) = findings("delays")
    rows = {(row[0], row[2]): row[3] for row in finding.table[1:]}
    assert rows["paxos", "new leader → learner"] == "4"
    assert rows["paxos", "proposal → learner"] == "2"
    assert rows["raft", "request → leader commits"] == "2"
    assert rows["zab", "new leader → leader delivers"] == "7"
    assert rows["zab", "request → leader delivers"] == "2"
    assert rows["zab", "request → follower delivers"] == "3"
    assert rows["pbft", "pre-prepare → execution"] == "3"
    assert rows["two-phase-commit", "prepared → committed"] == "2"
    assert rows["flood-set", "f + 1 rounds, f = 1"] == "2"


def test_a_wrong_expectation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    (wrong,) = (
        delays.Measure(m.protocol, m.cls, m.constants, m.decided, m.begins, m.words, 3) for m in delays.MEASURES[:1]
    )
    monkeypatch.setattr(delays, "MEASURES", (wrong,))
    (finding,) = delays.delays()
    assert not finding.as_expected
    assert finding.result == "NOT so for paxos"


def test_what_a_process_has_from_itself_takes_no_time() -> None:
    """Of two managers the commit hears both; between the first one's preparation and its own commitment lie two messages."""
    behavior = shortest_to(TwoPhaseCommit(managers=2).instance, delays._committed)
    assert behavior is not None
    assert delays.delays_between(behavior, "rm_prepare") == 2
    assert delays.delays_between(behavior, "tm_commit") == 1
    with pytest.raises(UsageError, match="no step tm_abort on the way"):
        delays.delays_between(behavior, "tm_abort")


# ---------------------------------------------------------------------- searches


def test_a_shortest_way_to_a_state() -> None:
    instance = TwoPhaseCommit(managers=2).instance
    behavior = shortest_to(instance, lambda s: s.tm_state == TMState.COMMITTED)
    assert behavior is not None
    assert len(behavior.steps) == 5
    assert shortest_to(instance, lambda s: False) is None
    at_once = shortest_to(instance, lambda s: True)
    assert at_once is not None and at_once.steps == ()


def test_no_answer_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unanswered, match="more than 3 states"):
        shortest_to(TwoPhaseCommit().instance, lambda s: False, most=3)
    monkeypatch.setattr("mcheck.labs.searching.SECONDS", 1e-9)
    with pytest.raises(Unanswered, match="without an answer"):
        searched("consensus")


@pytest.mark.slow
def test_a_tweak_that_does_no_harm_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(persistence.PERSISTED, ("term", "log"), "dropping")
    claims = list(persistence.persistence())
    assert not claims[2].as_expected and not claims[-1].as_expected
    assert claims[-1].result.startswith("2 subsets")


def test_a_violation_is_an_answer_and_a_witness_is_no_violation() -> None:
    broken = searched("raft-macro", "commit-alone", nodes=3, max_term=2, max_log=1)
    assert isinstance(broken, Answer) and not broken.holds and broken.violation is not None
    assert broken.violation.behavior.instance.spec.__class__ is CommitsAlone
    good = searched("raft-macro", None, nodes=3, max_term=2, max_log=1)
    elected = good.reached("a leader is elected")
    assert good.holds and good.violation is None and elected is not None and elected.rule is None
    assert type(elected.behavior.instance.spec) is RaftMacro


def test_labs_ask_nothing_of_randomness() -> None:
    def told(name: str) -> Iterator[tuple[Any, ...]]:
        for f in lab_named(name)():
            yield f.result, f.table, f.shown and f.shown.behavior.labels

    assert list(told("odd-sizes")) == list(told("odd-sizes"))
    assert list(told("delays")) == list(told("delays"))
