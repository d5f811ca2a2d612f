"""Raft with entries that are flushed later: its counts, and what a crash leaves."""

import pytest
from tests.models.native_search import counts, native_search, witnessed
from tests.models.raft_search import search_to

from mcheck.models.raft import Node
from mcheck.models.raft_fsync import DiskState, FlushesBeforeSending, RaftFsync
from mcheck.spec import ReplayMismatch, replay

ONE_TERM = {"max_term": 1, "max_log": 1, "max_messages": 2}
WITNESSES = {"a leader is elected": 3, "an entry is committed": 8}  # one step more than in Raft: the leader's own fsync


def test_small_bounds() -> None:
    found = search_to(RaftFsync(**ONE_TERM), depth=8)
    assert found.levels == [1, 3, 9, 15, 39, 93, 171, 237, 312]  # no other source
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == WITNESSES


@pytest.mark.slow
def test_one_term() -> None:
    found = native_search(RaftFsync(**ONE_TERM))
    assert counts(found) == (20410, 159727, 27)
    assert witnessed(found) == WITNESSES


ACKNOWLEDGED = [
    "timeout(i=0)",
    "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
    "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))",
    "client_request(i=0, v=0)",
    "append_entries(i=0, j=1)",
    "deliver(m=AppendEntries(src=0, dst=1, term=1, prev_log_index=0, prev_log_term=0, entries=(Entry(term=1, value=0),), leader_commit=0))",
    "deliver(m=AppendEntriesReply(src=1, dst=0, term=1, success=True, match_index=1))",
]


def run(spec: RaftFsync, labels: list[str]) -> DiskState:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, DiskState)
    return last


def test_a_leader_commits_when_its_own_disk_has_the_entry() -> None:
    assert run(RaftFsync(), ACKNOWLEDGED).servers[Node(0)].commit_index == 0
    assert run(RaftFsync(), [*ACKNOWLEDGED, "fsync(i=0)"]).servers[Node(0)].commit_index == 1


@pytest.mark.parametrize(("steps", "left"), [(["restart(i=0)"], 0), (["fsync(i=0)", "restart(i=0)"], 1)])
def test_a_crash_leaves_what_was_flushed(steps: list[str], left: int) -> None:
    last = run(RaftFsync(), [*ACKNOWLEDGED, *steps])
    assert len(last.servers[Node(0)].log) == left
    assert len(last.servers[Node(1)].log) == 1  # a follower flushes before it answers


def test_the_paper_flushes_first() -> None:
    with pytest.raises(ReplayMismatch, match="there is nothing to flush first"):
        run(FlushesBeforeSending(), ACKNOWLEDGED)
