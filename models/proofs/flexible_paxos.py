"""Flexible Paxos: only the quorums of different phases have to meet.

Source: H. Howard, D. Malkhi and A. Spiegelman, Flexible Paxos: Quorum Intersection Revisited, OPODIS 2016, section 3.

Throughout this file: as in `paxos`, whose proof this is.  `Quorum` are the quorums of phase 2, which choose a value.
"""

from mcheck.models.proofs.paxos import Acceptor, Ballot, Paxos, Quorum, Value
from mcheck.spec.relational import Formula, Sort, Update, action, any, axiom, fixed


class PromiseQuorum(Sort):
    """Whose promises let a leader propose.  Two of these need not meet."""


class FlexiblePaxos(Paxos):
    """Paxos in which phase 1 asks other quorums than phase 2: their sort is what two rules differ in."""

    asked = fixed(Acceptor, PromiseQuorum)

    @axiom
    def quorums_meet(self, q1: PromiseQuorum, q2: Quorum) -> Formula:  # type: ignore[override]
        """A quorum of phase 1 and a quorum of phase 2 have an acceptor in common."""
        return any(self.asked(n, q1) & self.member(n, q2) for n in Acceptor)

    @action
    def phase_2a(self, r: Ballot, q: PromiseQuorum, top: Ballot, v: Value) -> Update:  # type: ignore[override]
        """The leader of r proposes v, the value of the highest vote in q below r; any value if q has not voted."""
        return self.proposal(r, lambda n: self.asked(n, q), top, v)
