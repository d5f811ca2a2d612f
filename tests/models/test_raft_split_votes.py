"""Elections of Raft in which all timers fire at once, again and again.

What breaks if these fail: a split vote is said to end by itself, or not to end though one timer alone fires.  There is no other
source for the counts: a change is a change of the model.
"""

from __future__ import annotations

import pytest
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
    assert (verdict.result, verdict.states, verdict.edges, verdict.cut) == ("violated", 518, 2_229, {})
    assert verdict.violation is not None and verdict.violation.lasso is not None
    lasso = verdict.violation.lasso
    assert [s.label for s in lasso.stem] == [s.label for s in lasso.cycle]
    assert [s.label for s in lasso.cycle] == [f"time_out(i={i})" for i in range(3)]
    assert not lasso.closes


@pytest.mark.parametrize(("fairness", "single_timer", "states"), [("strong", False, 518), ("weak", True, 2_072)])
def test_what_ends_it(fairness: str, single_timer: bool, states: int) -> None:
    """A request that is possible again and again gets through; or one timer fires alone, from whatever state."""
    verdict = decide(RaftSplitVotes(single_timer=single_timer).instance, fairness=fairness)
    assert (verdict.result, verdict.states, verdict.cut) == ("holds", states, {})
