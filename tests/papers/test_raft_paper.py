"""Sentences of the Raft paper (Ongaro & Ousterhout, USENIX ATC 2014), each put to the rule of `Raft` that stands for it."""

from collections.abc import Iterator

import pytest

from mcheck.models.raft import (
    AppendEntries,
    AppendEntriesReply,
    Entry,
    Log,
    Node,
    Raft,
    RequestVote,
    RequestVoteReply,
    Role,
    Server,
    Value,
)
from mcheck.spec import Map, Set

RAFT = Raft(max_term=9, max_log=9)
A, B, C = Node(0), Node(1), Node(2)


@pytest.fixture(autouse=True)
def in_the_instance() -> Iterator[None]:
    with RAFT.instance.active():
        yield


def log(*terms: int) -> Log:
    return tuple(Entry(term=term, value=Value(0)) for term in terms)


def server(
    term: int = 1, entries: Log = (), role: Role = Role.FOLLOWER, vote: Node | None = None, commit: int = 0
) -> Server:
    return Server(
        role=role,
        current_term=term,
        voted_for=vote,
        log=entries,
        commit_index=commit,
        next_index=Map.fill(Node, len(entries) + 1),
        match_index=Map.fill(Node, 0),
    )


def vote_request(term: int = 1, entries: Log = (), src: Node = B) -> RequestVote:
    last = entries[-1].term if entries else 0
    return RequestVote(src=src, dst=A, term=term, last_log_index=len(entries), last_log_term=last)


def append(prev: int, prev_term: int, *terms: int, term: int = 3, commit: int = 0) -> AppendEntries:
    return AppendEntries(
        src=B, dst=A, term=term, prev_log_index=prev, prev_log_term=prev_term, entries=log(*terms), leader_commit=commit
    )


# ---------------------------------------------------------------------- section 5.1


def test_a_server_whose_term_is_smaller_takes_the_larger_one() -> None:
    after = RAFT.at_term(server(term=2, role=Role.LEADER, vote=A), 5)
    assert (after.current_term, after.role, after.voted_for) == (5, Role.FOLLOWER, None)


def test_a_candidate_or_leader_that_meets_its_own_term_stays() -> None:
    leader = server(term=5, role=Role.LEADER, vote=A)
    assert RAFT.at_term(leader, 5) == leader


def test_a_request_with_a_stale_term_is_refused() -> None:
    assert not RAFT.on_request_vote(server(term=2), vote_request(term=1))[1].vote_granted
    assert not RAFT.on_append_entries(server(term=4), append(0, 0, term=3))[1].success


# ---------------------------------------------------------------------- section 5.2


def test_a_server_votes_for_at_most_one_candidate_in_a_term() -> None:
    me, first = RAFT.on_request_vote(server(), vote_request(src=B))
    assert (first.vote_granted, me.voted_for) == (True, B)
    assert not RAFT.on_request_vote(me, vote_request(src=C))[1].vote_granted
    assert RAFT.on_request_vote(me, vote_request(src=B))[1].vote_granted  # the same candidate asks again


def test_a_candidate_wins_with_the_votes_of_a_majority_for_its_term() -> None:
    me = server(role=Role.CANDIDATE, vote=A).replace(votes_granted=Set.of(A))
    old = RequestVoteReply(src=B, dst=A, term=0, vote_granted=True)
    assert RAFT.on_request_vote_reply(me, old) == me
    assert RAFT.on_request_vote_reply(me, old.replace(term=1)).role == Role.LEADER


def test_a_candidate_that_hears_a_leader_of_its_term_becomes_a_follower() -> None:
    after, reply = RAFT.on_append_entries(server(term=3, role=Role.CANDIDATE, vote=A), append(0, 0))
    assert (after.role, after.voted_for, reply.success) == (Role.FOLLOWER, A, True)


# ---------------------------------------------------------------------- section 5.3


def test_a_new_leader_starts_just_after_its_last_entry() -> None:
    me = server(entries=log(1, 1), role=Role.CANDIDATE).replace(votes_granted=Set.of(A, B))
    assert RAFT.counted(me).next_index == Map.fill(Node, 3)


def test_a_follower_without_the_preceding_entry_refuses_the_new_ones() -> None:
    for entries in (log(), log(1), log(1, 1)):
        after, reply = RAFT.on_append_entries(server(term=3, entries=entries), append(2, 2, 3))
        assert (after.log, reply.success) == (entries, False)


def test_after_a_refusal_the_leader_tries_one_entry_earlier() -> None:
    leader = server(term=3, entries=log(1, 2), role=Role.LEADER)
    refusal = AppendEntriesReply(src=B, dst=A, term=3, success=False, match_index=0)
    assert [RAFT.on_append_entries_reply(leader, refusal).next_index[j] for j in (A, B, C)] == [3, 2, 3]


def test_a_conflicting_entry_goes_with_all_that_follow_it() -> None:
    after, _ = RAFT.on_append_entries(server(term=3, entries=log(1, 2, 2)), append(1, 1, 3))
    assert after.log == log(1, 3)


def test_entries_that_are_there_already_remain_with_what_follows() -> None:
    after, reply = RAFT.on_append_entries(server(term=3, entries=log(1, 3, 3)), append(1, 1, 3))
    assert (after.log, reply.match_index) == (log(1, 3, 3), 2)


def test_a_follower_commits_no_further_than_the_last_new_entry() -> None:
    after, _ = RAFT.on_append_entries(server(term=3, entries=log(1, 1, 1)), append(0, 0, 1, commit=3))
    assert after.commit_index == 1
    late, _ = RAFT.on_append_entries(server(term=3, entries=log(1, 1, 1), commit=3), append(0, 0, 1, commit=1))
    assert late.commit_index == 3


# ---------------------------------------------------------------------- section 5.4


@pytest.mark.parametrize(
    ("candidate", "voter", "granted"),
    [
        (log(1), log(1), True),
        (log(1), log(1, 1), False),  # of equal last terms, the longer log is more up to date
        (log(2), log(1, 1, 1), True),  # of different last terms, the later one
        (log(1, 1, 1), log(2), False),
        (log(), log(), True),
        (log(), log(1), False),
    ],
)
def test_a_voter_refuses_a_candidate_with_an_older_log(candidate: Log, voter: Log, granted: bool) -> None:
    reply = RAFT.on_request_vote(server(term=3, entries=voter), vote_request(3, candidate))[1]
    assert reply.vote_granted == granted


def test_only_entries_of_the_own_term_are_committed_by_counting() -> None:
    leader = server(term=3, entries=log(2), role=Role.LEADER).replace(match_index=Map.fill(Node, 1))
    assert RAFT.advanced(A, leader).commit_index == 0
    with_own = leader.replace(log=log(2, 3), match_index=Map.fill(Node, 2))
    assert RAFT.advanced(A, with_own).commit_index == 2  # and the earlier one with it
