"""Reads of the article's node: fresh if confirmed, and what is stale about a leader's own word."""

import random
from itertools import islice

import pytest
from tests.models.raft_search import search_to

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.models.textbook_raft import Node, NodeState
from mcheck.models.textbook_reads import BeforeOwnCommit, Local, ReadingState, TextbookReads, Unconfirmed
from mcheck.spec import ReplayMismatch, replay
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states

CALM = {"max_restarts": 0, "max_failures": 0}

ELECTED = [
    "start_election(i=0)",
    "request_vote(i=0, j=1, t=1)",
    "request_vote(i=0, j=2, t=1)",
    "become_leader(i=0, t=1)",
]
WRITTEN = ["client_request(i=0, v=0)", "replicate(i=0, j=1)"]
# 1 cannot reach 0, and wins term 2 by the vote of 2.
BEHIND_ITS_BACK = [
    "start_election(i=1)",
    "request_vote_unanswered(i=1, j=0, t=2, reached=False)",
    "request_vote(i=1, j=2, t=2)",
    "become_leader(i=1, t=2)",
    "client_request(i=1, v=0)",
    "replicate(i=1, j=2)",
]
READ = ["begin_read(i=0)", "answer_read(i=0)"]


def run(spec: TextbookReads, labels: list[str]) -> ReadingState:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, ReadingState)
    return last


@pytest.mark.slow
def test_confirmed_reads_are_fresh() -> None:
    found = search_to(TextbookReads(**CALM))
    assert found.violated == {}
    assert found.counts == (3339, 34379, 16)
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "a leader is elected": 4,
        "an entry is committed": 6,
        "a read sees a write": 8,
    }


@pytest.mark.slow
def test_confirmed_reads_are_fresh_behind_a_broken_link() -> None:
    pytest.importorskip("llvmlite")
    found = search(TextbookReads(max_log=2, max_restarts=0).instance, engine="native", symmetry=False)
    assert (found.violation, found.distinct) == (None, 152512)


def test_a_leader_that_nobody_confirms_answers_nothing() -> None:
    spec = TextbookReads(max_log=2)
    begun = [*ELECTED, *WRITTEN, "replicate(i=0, j=2)", *BEHIND_ITS_BACK, READ[0]]
    assert run(spec, begun).nodes[Node(0)].state == NodeState.LEADER
    with pytest.raises(ReplayMismatch, match="a quorum has confirmed i"):
        run(spec, [*begun, READ[1]])
    with pytest.raises(ReplayMismatch, match="j accepts the heartbeat"):
        run(spec, [*begun, "confirm_read(i=0, j=2)"])
    answered = run(spec, [*ELECTED, *WRITTEN, READ[0], "confirm_read(i=0, j=1)", READ[1]])
    assert not answered.stale and answered.reads[Node(0)] is None


def test_a_read_begun_in_an_earlier_reign_is_not_answered() -> None:
    again = [
        "start_election(i=0)",
        "request_vote(i=0, j=1, t=2)",
        "request_vote(i=0, j=2, t=2)",
        "become_leader(i=0, t=2)",
    ]
    with pytest.raises(ReplayMismatch, match="has led since"):
        run(TextbookReads(), [*ELECTED, *WRITTEN, READ[0], "confirm_read(i=0, j=1)", *again, READ[1]])


def test_a_stale_leader_answers_from_what_it_has() -> None:
    """T5."""
    last = run(Local(), [*ELECTED, *BEHIND_ITS_BACK, *READ])
    assert last.stale
    assert last.nodes[Node(0)].commit_index == 0
    everywhere = [*WRITTEN, "replicate(i=0, j=2)"]
    assert run(Unconfirmed(max_log=2), [*ELECTED, *everywhere, *BEHIND_ITS_BACK, *READ]).stale


def test_a_new_leader_does_not_know_what_is_committed() -> None:
    """Without any fault: the other way to a stale read."""
    elected = [
        "start_election(i=1)",
        "request_vote(i=1, j=0, t=2)",
        "request_vote(i=1, j=2, t=2)",
        "become_leader(i=1, t=2)",
    ]
    begun = [*ELECTED, *WRITTEN, *elected, "begin_read(i=1)", "confirm_read(i=1, j=0)"]
    assert run(BeforeOwnCommit(), [*begun, "answer_read(i=1)"]).stale
    with pytest.raises(ReplayMismatch, match="committed an entry of its own term"):
        run(TextbookReads(), begun)


def test_to_know_of_an_earlier_commit_is_not_enough() -> None:
    """Node 1 has two committed entries of term 1, and knows that the first is."""
    elected = [
        "start_election(i=1)",
        "request_vote(i=1, j=0, t=2)",
        "request_vote(i=1, j=2, t=2)",
        "become_leader(i=1, t=2)",
    ]
    led = [*ELECTED, *WRITTEN, *WRITTEN, *elected]
    spec = TextbookReads(max_log=2)
    last = run(spec, led)
    assert (last.nodes[Node(1)].commit_index, len(last.nodes[Node(1)].log), len(last.committed)) == (1, 2, 2)
    with pytest.raises(ReplayMismatch, match="committed an entry of its own term"):
        run(spec, [*led, "begin_read(i=1)"])


@pytest.mark.slow
@pytest.mark.parametrize(("tweak", "steps"), [(Local, 12), (BeforeOwnCommit, 13)])
def test_the_shortest_stale_read_without_a_fault(tweak: type[TextbookReads], steps: int) -> None:
    found = search_to(tweak(**CALM), check=("Fresh Reads",))
    assert {title: len(labels) for title, labels in found.violated.items()} == {"Fresh Reads": steps}


@pytest.mark.slow
def test_a_stale_leader_takes_15_steps() -> None:
    pytest.importorskip("llvmlite")
    limits = Limits(depth=15)
    found = search(Unconfirmed(max_log=2, max_restarts=0).instance, engine="native", symmetry=False, limits=limits)
    assert found.violation is not None and found.violation.behavior is not None
    assert (found.violation.rule.title, len(found.violation.behavior.labels)) == ("Fresh Reads", 15)


def test_the_traced_form_agrees() -> None:
    instance = TextbookReads(max_log=2).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 50))) == []
