"""Fast Paxos: its counts, and how a collision is settled."""

import pytest
from tests.models.bfs import search
from tests.models.native_search import counts, native_search, witnessed

from mcheck.models.consensus import Value
from mcheck.models.fast_paxos import FastPaxos
from mcheck.models.paxos import Accept
from mcheck.spec import ReplayMismatch, replay

# ---------------------------------------------------------------------- counts: no other source


def test_three_acceptors() -> None:
    """All three are a fast quorum, two a classic one.  27 states are from before the one Prepare: each may vote, for either value."""
    found = search(FastPaxos(acceptors=3))
    assert found.counts == (1475, 6702, 11)
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "a value is chosen in the fast ballot": 3,
        "a value is chosen after a collision": 7,
    }


def test_four_acceptors() -> None:
    """Three are a fast quorum, and a classic one."""
    found = native_search(FastPaxos())
    assert counts(found) == (10017, 55370, 14)
    assert witnessed(found) == {"a value is chosen in the fast ballot": 3, "a value is chosen after a collision": 9}


@pytest.mark.parametrize(("acceptors", "fast"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 6)])
def test_fast_quorums(acceptors: int, fast: int) -> None:
    """The smallest that meet Lamport's requirement: two fast quorums and a majority share a member."""
    spec = FastPaxos(acceptors=acceptors)
    assert spec.fast_size() == fast
    assert 2 * fast + spec.majority() > 2 * acceptors >= 2 * (fast - 1) + spec.majority()


# ---------------------------------------------------------------------- scenarios

COLLISION = [
    "fast_vote(a=0, v=0)",
    "fast_vote(a=1, v=0)",
    "fast_vote(a=3, v=1)",
    "phase_1a(b=1)",
    *(f"phase_1b(a={a}, m=Prepare(bal=1))" for a in (1, 2, 3)),
]


def test_two_votes_of_four_may_become_a_fast_quorum() -> None:
    """Acceptors 0 and 1 voted for 0; had 2 too, it would be chosen.  A leader who hears 0, 1 and 3 must propose 0."""
    instance = FastPaxos().instance
    heard = [*COLLISION[:4], *(f"phase_1b(a={a}, m=Prepare(bal=1))" for a in (0, 1, 3))]
    last = replay(instance, instance.initial[0], [*heard, "phase_2a(b=1, q={0, 1, 3}, v=0)"]).last
    assert Accept(bal=1, val=Value(0)) in last.msgs
    with pytest.raises(ReplayMismatch, match="v may have been chosen, or nothing else may"):
        replay(instance, instance.initial[0], [*heard, "phase_2a(b=1, q={0, 1, 3}, v=1)"])


@pytest.mark.parametrize("value", [0, 1])
def test_a_collision_that_chose_nothing_leaves_the_choice(value: int) -> None:
    """A leader who hears 1, 2 and 3 knows that nothing is chosen: 2 has not voted, and 1 and 3 differ."""
    instance = FastPaxos().instance
    last = replay(instance, instance.initial[0], [*COLLISION, f"phase_2a(b=1, q={{1, 2, 3}}, v={value})"]).last
    assert Accept(bal=1, val=Value(value)) in last.msgs
