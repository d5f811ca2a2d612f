"""RaftTLA against raft.tla, state for state; its properties can fail, and its rules take the steps they should."""

import random
from itertools import islice

import pytest
from tests.models.raft_search import search_to

from mcheck.models.raft_tla import Node, RaftTLA, Role, State
from mcheck.spec import ReplayMismatch, Set, action, replay
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states

# Bounds that cut nothing in the levels looked at.
WIDE = {"max_term": 9, "max_log": 2, "in_flight": 9, "copies": 9}

# ---------------------------------------------------------------------- counts


@pytest.mark.parametrize(
    ("nodes", "levels"),
    [(2, [1, 3, 9, 34, 128, 478, 1767, 6505]), (3, [1, 4, 18, 91, 438, 2070])],  # TLC, the module unmodified
)
def test_levels_without_bounds(nodes: int, levels: list[int]) -> None:
    found = search_to(RaftTLA(nodes=nodes, **WIDE), depth=len(levels) - 1)
    assert found.levels == levels
    assert not found.cut
    assert found.violated == {}


def test_two_servers_complete() -> None:
    found = search_to(RaftTLA(nodes=2))
    assert found.counts == (1760, 13797, 27)  # TLC: terms <= 2, logs <= 1, one message in the bag
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "a leader is elected": 9,
        "an entry is committed": 15,
    }


def test_three_servers() -> None:
    found = search_to(RaftTLA(), depth=11)
    assert found.levels == [1, 4, 15, 43, 84, 144, 322, 699, 1122, 1647, 3507, 6300]  # TLC, the same constraint
    assert found.violated == {}


def test_every_step_records_the_logs_before_it() -> None:
    found = search_to(RaftTLA(), depth=1)
    assert all(s.all_logs == Set.of(()) for s in found.parents if s != RaftTLA().instance.initial[0])


# ---------------------------------------------------------------------- scenario

ELECTION = [
    "timeout(i=0)",
    "request_vote(i=0, j=0)",
    "receive(m=RequestVoteRequest(src=0, dst=0, term=2, last_log_term=0, last_log_index=0))",
    "receive(m=RequestVoteResponse(src=0, dst=0, term=2, vote_granted=True, log=()))",
    "request_vote(i=0, j=1)",
    "receive(m=RequestVoteRequest(src=0, dst=1, term=2, last_log_term=0, last_log_index=0))",  # the newer term
    "receive(m=RequestVoteRequest(src=0, dst=1, term=2, last_log_term=0, last_log_index=0))",  # the vote
    "receive(m=RequestVoteResponse(src=1, dst=0, term=2, vote_granted=True, log=()))",
    "become_leader(i=0)",
]


def test_an_election_takes_nine_steps() -> None:
    instance = RaftTLA().instance
    last = replay(instance, instance.initial[0], ELECTION).last
    assert last.servers[Node(0)].state == Role.LEADER
    assert [(e.term, e.leader, e.votes) for e in last.elections] == [(2, Node(0), Set.of(Node(0), Node(1)))]
    assert last.voter_log[Node(0)] != Set()


def test_a_candidate_without_a_quorum_does_not_lead() -> None:
    instance = RaftTLA().instance
    with pytest.raises(ReplayMismatch, match="a quorum has voted for i"):
        replay(instance, instance.initial[0], [*ELECTION[:4], ELECTION[-1]])


# ---------------------------------------------------------------------- properties that can fail


class QuorumOfOne(RaftTLA):
    """Two leaders of one term, with a log each."""

    def is_quorum(self, size: int) -> bool:
        return size >= 1


class LeaderStartsOver(RaftTLA):
    """A leader that looks at its replicas empties its log."""

    @action
    def advance_commit_index(self, s: State, i: Node) -> State:
        after = super().advance_commit_index(s, i)
        return self.set_server(after, i, after.servers[i].replace(log=()))


@pytest.mark.parametrize(
    ("tweak", "violated", "steps"),
    [
        (QuorumOfOne, "Election Safety", 10),
        (QuorumOfOne, "Log Matching", 12),
        (QuorumOfOne, "State Machine Safety", 14),
        (LeaderStartsOver, "Leader Append-Only", 11),
    ],
)
def test_a_wrong_rule_is_noticed(tweak: type[RaftTLA], violated: str, steps: int) -> None:
    found = search_to(tweak(nodes=2, values=2), check=(violated,))
    assert len(found.violated[violated]) == steps


# ---------------------------------------------------------------------- the traced form


@pytest.mark.parametrize("bounds", [{}, {"nodes": 2, "max_term": 3, "max_log": 2, "in_flight": 3, "copies": 2}])
def test_the_traced_form_agrees(bounds: dict[str, int]) -> None:
    instance = RaftTLA(**bounds).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 150))) == []
