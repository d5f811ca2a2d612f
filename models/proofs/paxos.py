"""Paxos chooses at most one value, with any number of acceptors, ballots and values.

Source: Lamport, Paxos Made Simple (2001), section 2.2; O. Padon, G. Losa, M. Sagiv and S. Shoham, Paxos Made EPR,
OOPSLA 2017, for the relations.

Throughout this file: n acceptors; r, r1, r2 ballots; v, v1, v2 values; q, q1, q2 quorums.  A relation holds of what has
ever happened, as messages that were sent stay: this is `models/paxos.py` with its sets of messages read as relations.
Differs: a promise carries no vote.  Whoever has promised for r casts no vote below r any more, so what it reported then
can be read off its votes at any later time.
"""

from collections.abc import Callable

from mcheck.spec.relational import (
    Formula,
    Proof,
    Sort,
    Update,
    action,
    all,
    any,
    axiom,
    fixed,
    implies,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
    template,
)


class Acceptor(Sort):
    """Who votes."""


class Ballot(Sort, ordered=True):
    """A numbered attempt to have a value chosen."""


class Value(Sort):
    """What may be chosen."""


class Quorum(Sort):
    """A set of acceptors, of whatever size; all that is known of them is that any two meet."""


class Paxos(Proof):
    """Single-decree Paxos."""

    member = fixed(Acceptor, Quorum)

    begun = relation(Ballot)  # Prepare was sent
    promised = relation(Acceptor, Ballot)  # Promise was sent
    left = relation(Acceptor, Ballot)  # the acceptor has taken part in a higher ballot
    proposed = relation(Ballot, Value)  # Accept was sent
    vote = relation(Acceptor, Ballot, Value)  # Accepted was sent

    @axiom
    def quorums_meet(self, q1: Quorum, q2: Quorum) -> Formula:
        """Any two quorums have an acceptor in common."""
        return any(self.member(n, q1) & self.member(n, q2) for n in Acceptor)

    @initially
    def nothing_was_sent(self) -> Formula:
        """No message was sent, and nobody has taken part in anything."""
        return nothing(self.begun, self.promised, self.left, self.proposed, self.vote)

    # ------------------------------------------------------------------ actions

    @action
    def phase_1a(self, r: Ballot) -> Update:
        """A leader begins ballot r.  Source: Phase 1 (a)."""
        return self.begun.add(r)

    @action
    def phase_1b(self, n: Acceptor, r: Ballot) -> tuple[Update, ...]:
        """Acceptor n promises not to vote below r.  Source: Phase 1 (b)."""
        require(self.begun(r), "ballot r has begun")
        require(~self.left(n, r), "n has taken part in no higher ballot")
        return self.promised.add(n, r), self.leaves_below(n, r)

    def leaves_below(self, n: Acceptor, r: Ballot) -> Update:
        """Acceptor n takes part in r, and with that leaves all lower ballots."""
        return self.left.becomes(lambda m, p: self.left(m, p) | ((m == n) & (p < r)))

    @action
    def phase_2a(self, r: Ballot, q: Quorum, top: Ballot, v: Value) -> Update:
        """The leader of r proposes v, the value of the highest vote in q below r; any value if q has not voted.

        Source: Phase 2 (a); `top` is the ballot of that vote.
        """
        return self.proposal(r, lambda n: self.member(n, q), top, v)

    def proposal(self, r: Ballot, asked: Callable[[Acceptor], Formula], top: Ballot, v: Value) -> Update:
        """The proposal of v in r, which the promises of those asked allow."""

        def earlier(n: Acceptor, p: Ballot, w: Value) -> Formula:
            return asked(n) & (p < r) & self.vote(n, p, w)

        no_votes = all(~earlier(n, p, w) for n in Acceptor for p in Ballot for w in Value)
        highest = all(implies(earlier(n, p, w), p <= top) for n in Acceptor for p in Ballot for w in Value)
        follows = any(earlier(n, top, v) for n in Acceptor) & highest
        require(all(~self.proposed(r, w) for w in Value), "nothing is proposed in r yet")
        require(all(implies(asked(n), self.promised(n, r)) for n in Acceptor), "every member of q has promised for r")
        require(no_votes | follows, "v is the value of the highest vote in q, or q has not voted")
        return self.proposed.add(r, v)

    @action
    def phase_2b(self, n: Acceptor, r: Ballot, v: Value) -> tuple[Update, ...]:
        """Acceptor n votes for v in r.  Source: Phase 2 (b)."""
        require(self.proposed(r, v), "v is proposed in r")
        require(~self.left(n, r), "n has taken part in no higher ballot")
        return self.vote.add(n, r, v), self.leaves_below(n, r)

    # ------------------------------------------------------------------ what is to be shown

    def chosen_by(self, q: Quorum, r: Ballot, v: Value) -> Formula:
        """All of q have voted for v in r."""
        return all(implies(self.member(n, q), self.vote(n, r, v)) for n in Acceptor)

    @safety
    def agreement(self, q1: Quorum, r1: Ballot, v1: Value, q2: Quorum, r2: Ballot, v2: Value) -> Formula:
        """At most one value is chosen, in whatever ballots."""
        return implies(self.chosen_by(q1, r1, v1) & self.chosen_by(q2, r2, v2), v1 == v2)

    # ------------------------------------------------------------------ what helps to show it

    @template
    def stays_out(self, q: Quorum, r: Ballot, v: Value) -> Formula:
        """A member of q has left r without a vote for v: all of q never vote for it."""
        return any(self.member(n, q) & self.left(n, r) & ~self.vote(n, r, v) for n in Acceptor)

    @invariant
    def one_proposal(self, r: Ballot, v1: Value, v2: Value) -> Formula:
        """At most one value is proposed in a ballot."""
        return implies(self.proposed(r, v1) & self.proposed(r, v2), v1 == v2)

    @invariant
    def votes_are_proposed(self, n: Acceptor, r: Ballot, v: Value) -> Formula:
        """Only what is proposed in a ballot is voted for in it."""
        return implies(self.vote(n, r, v), self.proposed(r, v))

    @invariant
    def promises_are_kept(self, n: Acceptor, r1: Ballot, r2: Ballot) -> Formula:
        """Who has promised for a ballot has left all lower ones."""
        return implies(self.promised(n, r2) & (r1 < r2), self.left(n, r1))

    @invariant
    def proposals_are_safe(self, r1: Ballot, v1: Value, r2: Ballot, v2: Value, q: Quorum) -> Formula:
        """If v2 is proposed in r2, no other value is chosen below, now or ever: of each quorum, someone has left without a
        vote for it.
        """
        return implies((r1 < r2) & self.proposed(r2, v2) & (v1 != v2), self.stays_out(q, r1, v1))
