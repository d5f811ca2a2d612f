"""Flexible Paxos: the acceptors that choose a value need not be a majority, if all that a leader asks first meet them.

Source: H. Howard, D. Malkhi and A. Spiegelman, Flexible Paxos: Quorum Intersection Revisited, OPODIS 2016.

Throughout this file: as in `paxos`, whose protocol this is, with another choice of quorums.  A value is chosen by any
`accept_quorum` acceptors.  A leader asks so many that they meet each such group; two groups of one kind need not meet.
"""

from collections.abc import Iterable
from itertools import combinations

from mcheck.models import voting
from mcheck.models.paxos import Paxos, State
from mcheck.models.voting import Acceptor, Voting
from mcheck.spec import Broken, Set, UsageError, bound, constant, implements


class FlexibleVoting(Voting):
    """Voting with quorums that choose, and quorums that prove, of different size."""

    acceptors: int = constant(4, "acceptors")
    accept_quorum: int = constant(2, "acceptors that choose a value", least=1)

    def quorums(self) -> Iterable[Set[Acceptor]]:
        """Whoever chooses a value."""
        return (Set(q) for q in combinations(Acceptor, self.accept_quorum))

    def proof_quorums(self) -> Iterable[Set[Acceptor]]:
        """All but too few to choose: they meet every quorum."""
        return (Set(q) for q in combinations(Acceptor, self.acceptors - self.accept_quorum + 1))


class FlexiblePaxos(Paxos):
    """Paxos in which phase 2 asks few acceptors, and phase 1 all that this takes."""

    acceptors: int = constant(4, "acceptors")
    accept_quorum: int = constant(2, "acceptors that choose a value", least=1)
    max_ballot: int = bound(1, "highest ballot explored")

    def quorums(self) -> Iterable[Set[Acceptor]]:
        """Whoever chooses a value: phase 2."""
        return (Set(q) for q in combinations(Acceptor, self.accept_quorum))

    def promise_quorums(self) -> Iterable[Set[Acceptor]]:
        """Whose promises let a leader propose: phase 1."""
        if self.accept_quorum > self.acceptors:
            raise UsageError(
                f"{type(self).__name__}.accept_quorum must be at most {self.acceptors}, as many as there are acceptors "
                f"(got {self.accept_quorum})"
            )
        return (Set(q) for q in combinations(Acceptor, self.promise_quorum_size()))

    def promise_quorum_size(self) -> int:
        """All but too few to choose: so many meet every quorum."""
        return self.acceptors - self.accept_quorum + 1

    @implements(FlexibleVoting)
    def as_voting(self, s: State) -> voting.State:
        """A vote is cast when its Accepted is sent."""
        return super().as_voting(s)


class AsksOneTooFew(FlexiblePaxos):
    """A leader asks one acceptor less than it must: a value may have been chosen without any of those it asked."""

    outcome = (
        Broken("Agreement", steps=8, source="section 3", acceptors=2, accept_quorum=1, max_ballot=1),
        Broken("Agreement", steps=12, source="section 3", acceptors=4, accept_quorum=2, max_ballot=1),
    )

    def promise_quorum_size(self) -> int:
        return self.acceptors - self.accept_quorum
