"""Flexible Paxos: its counts, and where it is Paxos."""

import pytest
from tests.models.bfs import search
from tests.models.native_search import counts, native_search, witnessed

from mcheck.models.flexible_paxos import FlexiblePaxos
from mcheck.spec import UsageError


def test_where_quorums_are_majorities_it_is_paxos() -> None:
    found = native_search(FlexiblePaxos(acceptors=3))
    assert counts(found) == (3921, 23563, 16)  # TLC, of Paxos
    assert found.levels == (1, 2, 7, 12, 29, 72, 139, 234, 341, 464, 646, 780, 670, 372, 126, 24, 2)


def test_one_acceptor_chooses_and_all_are_asked() -> None:
    found = search(FlexiblePaxos(acceptors=3, accept_quorum=1))
    assert found.counts == (513, 2587, 16)  # no other source
    assert found.violated == {}
    assert len(found.reached["a value is chosen"]) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("acceptors", "accept_quorum", "expected", "chosen"),
    [
        (3, 3, (12513, 83059, 16), 6),  # one acceptor is asked, and all choose
        (4, 2, (20609, 142947, 20), 7),
    ],
)
def test_counts(acceptors: int, accept_quorum: int, expected: tuple[int, int, int], chosen: int) -> None:
    found = native_search(FlexiblePaxos(acceptors=acceptors, accept_quorum=accept_quorum))
    assert counts(found) == expected
    assert witnessed(found)["a value is chosen"] == chosen


def test_more_than_all_cannot_choose() -> None:
    with pytest.raises(UsageError, match=r"FlexiblePaxos.accept_quorum must be at most 4.*got 6"):
        assert FlexiblePaxos(accept_quorum=6).instance
