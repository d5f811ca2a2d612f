"""Consensus and Voting: published counts, invariants, the refinement between them, and faults that are noticed."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from tests.models.bfs import search

from mcheck.models import consensus
from mcheck.models.consensus import ChoosesAgain, Consensus, Value
from mcheck.models.voting import Acceptor, SplitsBallot, VotesWithoutProof, Voting
from mcheck.spec import Cut, Set, action, order_key, replay
from mcheck.spec.indexes import IndexType

# ---------------------------------------------------------------------- Consensus


def test_consensus_counts() -> None:
    found = search(Consensus())
    assert found.counts == (4, 4, 1)  # three values, TLC
    assert found.violated == {}
    assert found.reached == {"a value is chosen": ["choose(v=0)"]}


def test_choosing_again_breaks_agreement() -> None:
    assert search(ChoosesAgain()).violated == {"Agreement": ["choose(v=0)", "choose(v=1)"]}


class Reconsiders(Consensus):
    @action
    def choose(self, s: consensus.State, v: Value) -> consensus.State:
        return s.replace(chosen=Set.of(v))


def test_a_change_of_mind_breaks_integrity_and_not_agreement() -> None:
    assert search(Reconsiders()).violated == {"Integrity": ["choose(v=0)", "choose(v=1)"]}


# ---------------------------------------------------------------------- Voting


def test_voting_with_two_ballots() -> None:
    found = search(Voting(max_ballot=1))
    assert found.counts == (599, 3124, 10)
    assert found.violated == {}
    assert (
        len(found.reached["a value is chosen"]) == 4
    )  # as another quorum member must give the ballot up, or vote, first


def test_voting_up_to_symmetry() -> None:
    """TLC's published run of MCVoting (ballots 0..1, acceptors and values interchangeable) has 77 distinct states."""
    instance = Voting(max_ballot=1).instance
    acceptors, values = [Acceptor(k) for k in range(3)], [Value(k) for k in range(2)]
    renamings: list[dict[IndexType, tuple[Any, ...]]] = [
        {Acceptor: a, Value: v} for a in permutations(acceptors) for v in permutations(values)
    ]
    seen = set(instance.initial)
    waiting = list(seen)
    with instance.active():
        while waiting:
            for _, _, successor in instance.transitions(waiting.pop()):
                if not isinstance(successor, Cut) and successor not in seen:
                    seen.add(successor)
                    waiting.append(successor)
        orbits = {min((instance.state_domain.rename(s, r) for r in renamings), key=order_key) for s in seen}
    assert len(orbits) == 77


@pytest.mark.slow
def test_voting_counts() -> None:
    found = search(Voting())
    assert found.counts == (6752, 41017, 15)  # three acceptors, two values, ballots 0..2, TLC
    assert found.levels == [1, 9, 27, 183, 498, 864, 1140, 1248, 1080, 804, 486, 240, 114, 44, 12, 2]
    assert found.actions == {"increase_max_bal": 10938, "vote_for": 30078}
    assert found.violated == {}


def test_a_later_ballot_follows_the_last_vote() -> None:
    """Once acceptor 0 has voted, a quorum with it shows that value safe in the next ballot, and no other value."""
    instance = Voting(max_ballot=1).instance
    ballot_1 = [f"increase_max_bal(a={a}, b=1)" for a in range(3)]
    ballot_0 = [f"increase_max_bal(a={a}, b=0)" for a in (0, 1)]
    first = [*ballot_0, "vote_for(a=0, b=0, v=0, q={0, 1}, last=None)", *ballot_1]
    before = replay(instance, instance.initial[0], first).last
    rule = instance.action("vote_for")
    with instance.active():
        quorum, value, other = Set.of(Acceptor(0), Acceptor(1)), Value(0), Value(1)
        enabled = {
            (v, last)
            for v in (value, other)
            for last in (None, Acceptor(0), Acceptor(1))
            if instance.apply(rule, before, (Acceptor(1), 1, v, quorum, last)) is not None
        }
        elsewhere = instance.apply(rule, before, (Acceptor(1), 1, other, Set.of(Acceptor(1), Acceptor(2)), None))
    assert enabled == {(value, Acceptor(0))}
    assert (
        elsewhere is not None
    )  # the quorum without it has seen no vote, and nothing can be chosen in ballot 0 any more


def test_votes_without_proof() -> None:
    found = search(VotesWithoutProof(max_ballot=1))
    assert {title: len(labels) for title, labels in found.violated.items()} == {
        "Votes Safe": 5,
        "implements Consensus": 7,
    }


def test_two_values_in_one_ballot() -> None:
    found = search(SplitsBallot(max_ballot=1))
    assert {title: len(labels) for title, labels in found.violated.items()} == {
        "One Value Per Ballot": 4,
        "Votes Safe": 7,
        "implements Consensus": 9,
    }


class DisjointQuorums(Voting):
    def quorums(self) -> Iterable[Set[Acceptor]]:
        return [Set.of(a) for a in Acceptor]


def test_quorums_must_meet() -> None:
    assert "implements Consensus" in search(DisjointQuorums(acceptors=2, max_ballot=1)).violated
