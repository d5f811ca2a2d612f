"""Fast Paxos: a first ballot in which acceptors vote for what clients send them, and ordinary ballots that settle collisions.

Source: L. Lamport, Fast Paxos, Distributed Computing 19 (2006), MSR-TR-2005-112, sections 2 and 3.

Throughout this file: a acceptor; b, c ballots, which that paper calls rounds; v, w values; q a classic quorum, r a fast one;
m a message.  Ballot 0 is fast; the others are classic, and are those of `paxos`.
Differs: that all may vote in ballot 0 is known from the start, as phase 1 of the lowest ballot finds nothing and its
message `any` holds nothing; later ballots are never fast; and, as in `paxos`, any value may have been sent by a client, and
a value is chosen the moment a quorum has voted for it.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated

from mcheck.models import consensus
from mcheck.models.consensus import Consensus, Value
from mcheck.models.paxos import Accept, Accepted, Member, Prepare, Promise, State
from mcheck.models.voting import Acceptor, Ballot, Vote
from mcheck.spec import (
    Broken,
    In,
    Map,
    OneOf,
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
    step,
)

ClassicQuorum = Annotated[Set[Acceptor], OneOf("classic_quorums")]
FAST = 0


class FastPaxos(Spec[State]):
    """One fast ballot, and classic ballots after it."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    acceptors: int = constant(4, "acceptors")
    values: int = constant(2, "values that may be proposed")
    max_ballot: int = bound(1, "highest ballot explored; 0 is fast")

    def majority(self) -> int:
        return self.acceptors // 2 + 1

    def classic_size(self) -> int:
        """Any two classic quorums meet."""
        return self.majority()

    def fast_size(self) -> int:
        """Any two fast quorums and a classic one have a member in common.  Source: section 2.2, Fast Quorum Requirement."""
        return (2 * self.acceptors - self.majority()) // 2 + 1

    def classic_quorums(self) -> Iterable[Set[Acceptor]]:
        """Minimal ones; larger quorums allow nothing more."""
        return (Set(q) for q in combinations(Acceptor, self.classic_size()))

    def fast_quorums(self) -> Iterable[Set[Acceptor]]:
        """Minimal ones."""
        return (Set(r) for r in combinations(Acceptor, self.fast_size()))

    def init(self) -> State:
        return State(acceptors=Map.fill(Acceptor, Member(max_bal=FAST)))

    # ------------------------------------------------------------------ the fast ballot

    @action
    def fast_vote(self, s: State, a: Acceptor, v: Value) -> State:
        """Acceptor a votes for what a client has sent it, without a leader.  Source: section 3.2, Phase 2b of a fast round."""
        me = s.acceptors[a]
        require(me.max_bal == FAST, "a has taken part in no later ballot")
        require(me.vote is None, "a has not voted yet")
        return self.voted(s, a, Vote(bal=FAST, val=v))

    def voted(self, s: State, a: Acceptor, vote: Vote) -> State:
        """Acceptor a has cast a vote, and says so."""
        return s.replace(
            acceptors=s.acceptors.set(a, s.acceptors[a].replace(max_bal=vote.bal, vote=vote)),
            msgs=s.msgs.add(Accepted(acc=a, vote=vote)),
        )

    # ------------------------------------------------------------------ classic ballots

    @action
    def phase_1a(self, s: State, b: Ballot) -> State:
        """A leader begins a classic ballot."""
        require(b > FAST, "the ballot is classic")
        return s.replace(msgs=s.msgs.add(Prepare(bal=b)))

    @action
    def phase_1b(self, s: State, a: Acceptor, m: Annotated[Prepare, In("msgs")]) -> State:
        """Acceptor a promises not to vote below m.bal, and reports its vote."""
        me = s.acceptors[a]
        require(m.bal > me.max_bal, "the ballot is newer than any that a has taken part in")
        promise = Promise(acc=a, bal=m.bal, vote=me.vote)
        return s.replace(acceptors=s.acceptors.set(a, me.replace(max_bal=m.bal)), msgs=s.msgs.add(promise))

    @action
    def phase_2a(self, s: State, b: Ballot, q: ClassicQuorum, v: Value) -> State:
        """The leader of ballot b proposes v, which the promises of q allow.  Source: section 2.2, Fig. 1."""
        require(not any(isinstance(m, Accept) and m.bal == b for m in s.msgs), "nothing is proposed in b yet")
        promises = Set(m for m in s.msgs if isinstance(m, Promise) and m.bal == b and m.acc in q)
        require(all(any(m.acc == a for m in promises) for a in q), "every member of q has promised")
        require(self.may_propose(v, q, promises), "v may have been chosen, or nothing else may")
        return s.replace(msgs=s.msgs.add(Accept(bal=b, val=v)))

    def may_propose(self, v: Value, q: Set[Acceptor], promises: Set[Promise]) -> bool:
        """The last votes in q are all for v, if there are any; or they collide, and v, if any value, may be chosen by them."""
        if self.agree_on(v, promises):
            return True
        collided = not any(self.agree_on(w, promises) for w in Value)
        return collided and (
            self.may_be_chosen(v, q, promises) or not any(self.may_be_chosen(w, q, promises) for w in Value)
        )

    def agree_on(self, v: Value, promises: Set[Promise]) -> bool:
        """Every vote of the highest ballot reported is for v."""
        return all(m.vote is None or m.vote.val == v or self.is_outdated(m.vote, promises) for m in promises)

    def is_outdated(self, vote: Vote, promises: Set[Promise]) -> bool:
        """Some promise reports a vote in a higher ballot."""
        return any(m.vote is not None and m.vote.bal > vote.bal for m in promises)

    def may_be_chosen(self, v: Value, q: Set[Acceptor], promises: Set[Promise]) -> bool:
        """All members of q that are in some fast quorum have voted for v in the fast ballot.  Source: section 2.2, O4(v)."""
        ballot = Vote(bal=FAST, val=v)
        return any(
            all(a not in q or any(m.acc == a and m.vote == ballot for m in promises) for a in r)
            for r in self.fast_quorums()
        )

    @action
    def phase_2b(self, s: State, a: Acceptor, m: Annotated[Accept, In("msgs")]) -> State:
        """Acceptor a votes, unless it has promised not to."""
        require(m.bal >= s.acceptors[a].max_bal, "a has not promised to ignore this ballot")
        return self.voted(s, a, Vote(bal=m.bal, val=m.val))

    # ------------------------------------------------------------------ properties

    def chosen_at(self, s: State, b: int, v: Value) -> bool:
        """A quorum of the kind that b asks for has voted for v in b."""
        if b == FAST:
            return any(all(self.has_voted(s, a, b, v) for a in r) for r in self.fast_quorums())
        return any(all(self.has_voted(s, a, b, v) for a in q) for q in self.classic_quorums())

    def has_voted(self, s: State, a: Acceptor, b: int, v: Value) -> bool:
        """Acceptor a has voted for v in b."""
        return Accepted(acc=a, vote=Vote(bal=b, val=v)) in s.msgs

    @always("Agreement")
    def agreement(self, s: State, b: Ballot, c: Ballot, v: Value, w: Value) -> bool:
        """At most one value is chosen, in whatever ballots."""
        return v == w or not (self.chosen_at(s, b, v) and self.chosen_at(s, c, w))

    @step("Integrity")
    def integrity(self, before: State, after: State, b: Ballot, v: Value) -> bool:
        """What is chosen remains chosen."""
        return not self.chosen_at(before, b, v) or self.chosen_at(after, b, v)

    @implements(Consensus)
    def as_consensus(self, s: State) -> consensus.State:
        """What is chosen, in any ballot."""
        ballots = range(self.max_ballot + 1)
        return consensus.State(chosen=Set(v for v in Value if any(self.chosen_at(s, b, v) for b in ballots)))

    @reachable("a value is chosen in the fast ballot")
    def chosen_fast(self, s: State, v: Value) -> bool:
        return self.chosen_at(s, FAST, v)

    @reachable("a value is chosen after a collision")
    def chosen_after_collision(self, s: State, b: Ballot, v: Value, w: Value, a: Acceptor) -> bool:
        return b > FAST and v != w and self.chosen_at(s, b, v) and self.has_voted(s, a, FAST, w)


class FastQuorumTooSmall(FastPaxos):
    """A fast quorum is one smaller: two of them may meet outside the classic quorum that the next leader asks."""

    outcome = Broken(
        "Agreement", steps=9, source="section 2.2, Fast Quorum Requirement", acceptors=3, values=2, max_ballot=1
    )

    def fast_size(self) -> int:
        return super().fast_size() - 1


class ClassicQuorumTooSmall(FastPaxos):
    """A classic quorum is one smaller: two fast quorums may meet outside it."""

    outcome = Broken(
        "Agreement", steps=10, source="section 2.2, Fast Quorum Requirement", acceptors=4, values=2, max_ballot=1
    )

    def classic_size(self) -> int:
        return super().classic_size() - 1
