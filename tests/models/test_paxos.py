"""Paxos: the counts of TLC, its properties, the refinement of Voting, and every known fault with its shortest trace."""

from typing import Annotated

import pytest
from tests.models.bfs import search

from mcheck.models.consensus import Value
from mcheck.models.paxos import (
    Accept,
    Accepted,
    AsksOneAcceptor,
    FollowsLowestVote,
    ForgetsPromise,
    IgnoresVotes,
    Member,
    Paxos,
    ReusesBallot,
    State,
)
from mcheck.models.voting import Acceptor, Vote
from mcheck.spec import In, ReplayMismatch, Set, action, replay

# ---------------------------------------------------------------------- counts


def test_two_ballots() -> None:
    found = search(Paxos(), check=())
    assert found.counts == (3921, 23563, 16)  # three acceptors, two values, ballots 0..1, TLC
    assert found.levels == [1, 2, 7, 12, 29, 72, 139, 234, 341, 464, 646, 780, 670, 372, 126, 24, 2]
    assert found.actions == {"phase_1a": 7842, "phase_1b": 2448, "phase_2a": 1560, "phase_2b": 11712}
    assert not found.cut


def test_all_properties_hold() -> None:
    found = search(Paxos())
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "a value is chosen": 6,
        "a value is chosen in two ballots": 12,
    }


def test_one_acceptor_and_one_value() -> None:
    assert search(Paxos(acceptors=1, values=1)).counts == (25, 82, 8)  # TLC's published run of MCPaxos


@pytest.mark.slow
def test_three_ballots() -> None:
    found = search(Paxos(max_ballot=2), check=("Agreement",))
    assert found.counts == (185369, 1361380, 24)  # TLC
    assert found.levels == [
        1, 3, 12, 28, 75, 192, 447, 960, 1845, 3312, 5682, 9075, 13297, 17784, 21726, 24692, 26106, 24324, 18512, 10842,
        4686, 1436, 294, 36, 2,
    ]  # fmt: skip
    assert found.violated == {}


# ---------------------------------------------------------------------- scenarios

BALLOT_0_CHOOSES = [
    "phase_1a(b=0)",
    "phase_1b(a=0, m=Prepare(bal=0))",
    "phase_1b(a=1, m=Prepare(bal=0))",
    "phase_2a(b=0, v=0, q={0, 1}, top=None)",
    "phase_2b(a=0, m=Accept(bal=0, val=0))",
    "phase_2b(a=1, m=Accept(bal=0, val=0))",
]
BALLOT_1_BEGINS = ["phase_1a(b=1)", "phase_1b(a=1, m=Prepare(bal=1))", "phase_1b(a=2, m=Prepare(bal=1))"]


def test_a_later_leader_proposes_what_is_chosen() -> None:
    """Paxos Made Simple, P2c: the second leader asks one acceptor that has voted, and is bound by that vote."""
    spec = Paxos()
    start = spec.instance.initial[0]
    labels = [*BALLOT_0_CHOOSES, *BALLOT_1_BEGINS]
    bound = replay(spec.instance, start, [*labels, "phase_2a(b=1, v=0, q={1, 2}, top=1)"])
    assert Accept(bal=1, val=Value(0)) in bound.last.msgs
    for refused in (
        "v=1, q={1, 2}, top=None",
        "v=1, q={1, 2}, top=1",
        "v=1, q={1, 2}, top=2",
        "v=0, q={1, 2}, top=None",
    ):
        with pytest.raises(ReplayMismatch, match="v is the value of the highest vote in q"):
            replay(spec.instance, start, [*labels, f"phase_2a(b=1, {refused})"])


def test_a_promise_keeps_an_acceptor_from_voting_in_older_ballots() -> None:
    instance = Paxos().instance
    late = [*BALLOT_0_CHOOSES[:4], "phase_1a(b=1)", "phase_1b(a=0, m=Prepare(bal=1))"]
    with pytest.raises(ReplayMismatch, match="promised to ignore"):
        replay(instance, instance.initial[0], [*late, BALLOT_0_CHOOSES[4]])


def test_the_quorum_must_have_promised() -> None:
    instance = Paxos().instance
    with pytest.raises(ReplayMismatch, match="every member of q has promised"):
        replay(instance, instance.initial[0], [*BALLOT_0_CHOOSES[:3], "phase_2a(b=0, v=0, q={1, 2}, top=None)"])


# ---------------------------------------------------------------------- known faults


@pytest.mark.parametrize(
    ("fault", "max_ballot", "steps"),
    [(ForgetsPromise, 1, 12), (IgnoresVotes, 1, 12), (AsksOneAcceptor, 1, 10), (ReusesBallot, 0, 9)],
)
def test_faults_break_agreement(fault: type[Paxos], max_ballot: int, steps: int) -> None:
    found = search(fault(max_ballot=max_ballot), check=("Agreement",), until="Agreement")
    assert len(found.violated["Agreement"]) == steps


@pytest.mark.slow
def test_following_the_lowest_vote_takes_three_ballots() -> None:
    found = search(FollowsLowestVote(max_ballot=2), check=("Agreement",), until="Agreement")
    assert len(found.violated["Agreement"]) == 17


def test_following_the_lowest_vote_is_harmless_in_two_ballots() -> None:
    assert search(FollowsLowestVote(), check=("Agreement",)).violated == {}


@pytest.mark.parametrize(
    ("fault", "max_ballot", "steps"),
    [(ForgetsPromise, 1, 5), (IgnoresVotes, 1, 10), (AsksOneAcceptor, 0, 4), (ReusesBallot, 0, 7)],
)
def test_faults_do_not_implement_voting(fault: type[Paxos], max_ballot: int, steps: int) -> None:
    """The wrong step is noticed long before two values are chosen."""
    found = search(fault(max_ballot=max_ballot), check=("implements Voting",), until="implements Voting")
    assert len(found.violated["implements Voting"]) == steps


class AcceptsAnything(Paxos):
    def may_accept(self, me: Member, m: Accept) -> bool:
        return True


def test_accepting_old_ballots_breaks_agreement() -> None:
    assert len(search(AcceptsAnything(), check=("Agreement",), until="Agreement").violated["Agreement"]) == 12


class VotesForAnother(Paxos):
    """An acceptor may also vote for any value, whatever the leader has proposed."""

    @action
    def vote_for(self, s: State, a: Acceptor, m: Annotated[Accept, In("msgs")], v: Value) -> State:
        return s.replace(msgs=s.msgs.add(Accepted(acc=a, vote=Vote(bal=m.bal, val=v))))


def test_voting_for_another_value_breaks_validity() -> None:
    assert len(search(VotesForAnother(max_ballot=0), until="Validity").violated["Validity"]) == 6


class TakesBack(Paxos):
    """An acceptor's new vote takes the place of its old one."""

    @action
    def phase_2b(self, s: State, a: Acceptor, m: Annotated[Accept, In("msgs")]) -> State:
        after = super().phase_2b(s, a, m)
        mine = Accepted(acc=a, vote=Vote(bal=m.bal, val=m.val))
        return after.replace(msgs=Set(n for n in after.msgs if not isinstance(n, Accepted) or n.acc != a or n == mine))


def test_taking_a_vote_back_breaks_integrity() -> None:
    found = search(TakesBack(), check=("Integrity", "Agreement"))
    assert set(found.violated) == {"Integrity"}
    assert len(found.violated["Integrity"]) == 11
