"""Voting: acceptors choose a value by votes in numbered ballots; no messages yet.

Source: Lamport, TLA+ module Voting.  It implements Consensus, and Paxos implements it: what is left to Paxos is how an
acceptor learns that a vote is safe.

Throughout this file: a, c acceptors; b, d ballots; v, w values; q a quorum.  A value is *chosen* in a ballot when all
members of a quorum have voted for it there.  It is *safe* at b when no other value has been, or can yet be, chosen in a
ballot below b.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated

from mcheck.models import consensus
from mcheck.models.consensus import Consensus, Value
from mcheck.spec import (
    Broken,
    Index,
    Map,
    OneOf,
    Range,
    Record,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    bound,
    constant,
    implements,
    reachable,
    require,
)


class Acceptor(Index, size="acceptors"):
    """A member of the fixed set that votes."""


Ballot = Annotated[int, Range(0, "max_ballot")]
MaxBallot = Annotated[int, Range(-1, "max_ballot")]  # -1: no ballot yet
ProofQuorum = Annotated[Set[Acceptor], OneOf("proof_quorums")]


class Vote(Record):
    """A vote for `val` in ballot `bal`."""

    bal: Ballot
    val: Value


class State(Record):
    votes: Map[Acceptor, Set[Vote]]  # every vote that an acceptor has cast
    max_bal: Map[Acceptor, MaxBallot]  # it casts no vote below this ballot any more


class Voting(Spec[State]):
    """Acceptors vote for values that are safe, and only for one value in each ballot."""

    acceptors: int = constant(3, "acceptors")
    values: int = constant(2, "values that may be chosen")
    max_ballot: int = bound(2, "highest ballot explored")

    def quorums(self) -> Iterable[Set[Acceptor]]:
        """Minimal majorities: any two of them have a member in common, and larger quorums allow nothing more."""
        return (Set(q) for q in combinations(Acceptor, self.acceptors // 2 + 1))

    def proof_quorums(self) -> Iterable[Set[Acceptor]]:
        """Whose votes prove a value safe: each must meet every quorum."""
        return self.quorums()

    def ballots(self) -> range:
        """All ballots explored, lowest first."""
        return range(self.max_ballot + 1)

    # ------------------------------------------------------------------ definitions

    def voted_for(self, s: State, a: Acceptor, b: int, v: Value) -> bool:
        """Acceptor a has voted for v in b."""
        return Vote(bal=b, val=v) in s.votes[a]

    def chosen_at(self, s: State, b: int, v: Value) -> bool:
        """Some quorum has voted for v in b."""
        return any(all(self.voted_for(s, a, b, v) for a in q) for q in self.quorums())

    def did_not_vote_at(self, s: State, a: Acceptor, b: int) -> bool:
        """Acceptor a has not voted in b."""
        return not any(vote.bal == b for vote in s.votes[a])

    def cannot_vote_at(self, s: State, a: Acceptor, b: int) -> bool:
        """Acceptor a has not voted in b, and never will."""
        return s.max_bal[a] > b and self.did_not_vote_at(s, a, b)

    def none_other_choosable_at(self, s: State, b: int, v: Value) -> bool:
        """No value but v has been or can be chosen in b, as the rest of some quorum will not vote."""
        return any(
            all(self.voted_for(s, a, b, v) or self.cannot_vote_at(s, a, b) for a in q) for q in self.proof_quorums()
        )

    def safe_at(self, s: State, b: int, v: Value) -> bool:
        """No value but v has been or can be chosen below b."""
        return all(d >= b or self.none_other_choosable_at(s, d, v) for d in self.ballots())

    def shows_safe_at(self, s: State, q: Set[Acceptor], b: int, v: Value, last: Acceptor | None) -> bool:
        """The votes of q below b prove v safe at b: there are none (`last` is None), or `last` cast the last, for v."""
        if last is None:
            return self.no_vote_between(s, q, -1, b)
        return last in q and any(
            vote.bal < b and vote.val == v and self.no_vote_between(s, q, vote.bal, b) for vote in s.votes[last]
        )

    def no_vote_between(self, s: State, q: Set[Acceptor], d: int, b: int) -> bool:
        """No member of q has voted above d and below b."""
        return all(all(not d < vote.bal < b for vote in s.votes[a]) for a in q)

    # ------------------------------------------------------------------ the algorithm

    def init(self) -> State:
        return State(votes=Map.fill(Acceptor, Set()), max_bal=Map.fill(Acceptor, -1))

    @action
    def increase_max_bal(self, s: State, a: Acceptor, b: Ballot) -> State:
        """Acceptor a gives up voting below b.  Source: Voting, IncreaseMaxBal."""
        require(b > s.max_bal[a], "b is above the ballot that a has come to")
        return s.replace(max_bal=s.max_bal.set(a, b))

    @action
    def vote_for(self, s: State, a: Acceptor, b: Ballot, v: Value, q: ProofQuorum, last: Acceptor | None) -> State:
        """Acceptor a votes for v in b, as quorum q shows that v is safe.  Source: Voting, VoteFor and ShowsSafeAt.

        `last` is the member of q whose vote is the proof.  It is a parameter, and not a quantifier inside the guard, so
        that a label carries the whole proof; TLC too counts a transition for each such witness.
        """
        require(s.max_bal[a] <= b, "a has not given up b")
        require(self.did_not_vote_at(s, a, b), "a has not voted in b")
        require(self.no_other_value_in(s, b, v), "nobody has voted for another value in b")
        require(all(s.max_bal[c] >= b for c in q), "every member of q has given up the ballots below b")
        require(self.shows_safe_at(s, q, b, v, last), "the votes of q below b show that v is safe")
        return s.replace(votes=s.votes.set(a, s.votes[a].add(Vote(bal=b, val=v))), max_bal=s.max_bal.set(a, b))

    def no_other_value_in(self, s: State, b: int, v: Value) -> bool:
        """Every vote in b so far is for v."""
        return all(all(vote.bal != b or vote.val == v for vote in s.votes[a]) for a in Acceptor)

    # ------------------------------------------------------------------ properties

    @always("One Value Per Ballot")
    def one_value_per_ballot(self, s: State, a: Acceptor, c: Acceptor, b: Ballot, v: Value, w: Value) -> bool:
        """All votes in one ballot are for one value.  Source: Voting, OneValuePerBallot."""
        return v == w or not (self.voted_for(s, a, b, v) and self.voted_for(s, c, b, w))

    @always("Votes Safe")
    def votes_safe(self, s: State, a: Acceptor, b: Ballot, v: Value) -> bool:
        """Every vote is for a value that is safe at its ballot.  Source: Voting, VotesSafe."""
        return not self.voted_for(s, a, b, v) or self.safe_at(s, b, v)

    @implements(Consensus)
    def as_consensus(self, s: State) -> consensus.State:
        """What is chosen, in any ballot.  Source: Voting, `C == INSTANCE Consensus`."""
        return consensus.State(chosen=Set(v for v in Value if any(self.chosen_at(s, b, v) for b in self.ballots())))

    @reachable("a value is chosen")
    def value_chosen(self, s: State, b: Ballot, v: Value) -> bool:
        return self.chosen_at(s, b, v)


class VotesWithoutProof(Voting):
    """An acceptor votes without asking whether the value is safe."""

    outcome = (
        Broken("Votes Safe", steps=5, source="Voting, ShowsSafeAt", max_ballot=1),
        Broken("implements Consensus", steps=7, source="Voting, ShowsSafeAt", max_ballot=1),
    )

    def shows_safe_at(self, s: State, q: Set[Acceptor], b: int, v: Value, last: Acceptor | None) -> bool:
        return last is None


class SplitsBallot(Voting):
    """Acceptors vote for different values in one ballot."""

    outcome = (
        Broken("One Value Per Ballot", steps=4, source="Voting, OneValuePerBallot", max_ballot=0),
        Broken("Votes Safe", steps=7, source="Voting, OneValuePerBallot", max_ballot=1),
    )

    def no_other_value_in(self, s: State, b: int, v: Value) -> bool:
        return True
