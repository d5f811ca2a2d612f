"""Elections of Raft in which all timers fire at once, again and again.

What breaks if these fail: a split vote is said to end by itself, or not to end though one timer alone fires.  There is no other
source for the counts: a change is a change of the model.
"""

from __future__ import annotations

from tests.models.bfs import search

from mcheck.checker.liveness.engine import decide
from mcheck.models.raft_split_votes import RaftSplitVotes, VotesTwice


def test_safety_within_two_terms() -> None:
    found = search(RaftSplitVotes())
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {"a second leader is elected": 6}
    assert {title: len(labels) for title, labels in search(VotesTwice(max_term=1)).violated.items()} == {
        "Election Safety": 6
    }


def test_votes_are_split_for_ever() -> None:
    """Three candidates vote for themselves, and begin again: each is able to get a vote at times, and never for long."""
    verdict = decide(RaftSplitVotes().instance)
    assert (verdict.states, verdict.edges, verdict.cut) == (518, 2_229, {})
    assert verdict.violation is not None and verdict.violation.lasso is not None
    lasso = verdict.violation.lasso
    assert [s.label for s in lasso.stem] == [s.label for s in lasso.cycle]
    assert [s.label for s in lasso.cycle] == [f"time_out(i={i})" for i in range(3)]
    assert not lasso.closes


def test_one_timer_may_fire_alone_from_whatever_state() -> None:
    verdict = decide(RaftSplitVotes(single_timer=True).instance)
    assert (verdict.states, verdict.cut) == (4 * 518, {})
